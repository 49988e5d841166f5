"""What CloudWatch Logs wants of a subscription filter, which moto asks half of: a pattern it knows, and a function
that it may invoke."""

import sys
from typing import Any

from moto.core.exceptions import JsonRESTError
from moto.logs.models import LogGroup, LogStream

from local.aws.filter_pattern import matching

_FILTERS = 2  # of a log group


def put(group: LogGroup, account_id: str, name: str, pattern: str, destination: str) -> None:
    """Make the filter, or change it. Raises JsonRESTError."""
    try:
        matching(pattern)
    except ValueError as error:
        raise JsonRESTError("InvalidParameterException", str(error)) from None
    if name not in group.subscription_filters and len(group.subscription_filters) >= _FILTERS:
        raise JsonRESTError("LimitExceededException", "Resource limit exceeded.")
    if not _may_invoke(group, account_id, destination):
        text = "Could not execute the lambda function. Make sure you have given CloudWatch Logs permission to execute "
        raise JsonRESTError("InvalidParameterException", f"{text}your function.")
    group.subscription_filters.pop(name, None)
    group.put_subscription_filter(name, pattern, destination, "")


def _may_invoke(group: LogGroup, account_id: str, destination: str) -> bool:
    """By the policy of the function's alias. `make run` runs functions which this Lambda never heard of: while it holds
    none at all, where one is, is not its to say."""
    models = sys.modules.get("moto.awslambda.models")
    backend = models.lambda_backends[account_id][group.region] if models else None
    if backend is None or not backend._lambdas.all():
        return destination.startswith(f"arn:aws:lambda:{group.region}:{account_id}:function:")
    try:
        statements = backend.get_function(destination).policy.statements
    except Exception:
        return False
    asked = {"aws:sourcearn": f"{group.arn}:*", "aws:sourceaccount": account_id}
    return any(_allows(each, destination, asked) for each in statements)


def _allows(statement: dict[str, Any], destination: str, asked: dict[str, str]) -> bool:
    """Whether the one service may invoke this alias for this log group, of which a statement must speak."""
    if statement.get("Principal") != {"Service": "logs.amazonaws.com"} or statement["Resource"] != destination:
        return False
    wanted = {key.lower(): value for tests in statement.get("Condition", {}).values() for key, value in tests.items()}
    return all(asked.get(key) == value for key, value in wanted.items()) and "aws:sourcearn" in wanted


def _keep(*_: object, **__: object) -> None:
    """moto would run the function in a container. Who runs the functions hands over what is new to them instead
    (local/subscriptions.py)."""


def install() -> None:
    LogStream._send_log_events = _keep
