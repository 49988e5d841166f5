"""Subscription filters: refused where CloudWatch refuses them, and handed to Lambda as it does."""

import base64
import gzip
import io
import json
import time
import zipfile
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any
from uuid import uuid4

import pytest
from botocore.exceptions import ClientError

from local.subscriptions import Subscriptions
from tests.aws_stand_in import connect, running

ACCOUNT = "123456789012"
USAGE = '{ $.message = "request" && $.kind = "*" }'
TRUST = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}],
}


@pytest.fixture(scope="module")
def aws() -> Any:
    """An AWS of its own, whose Lambda holds a function: elsewhere functions run beside the stand-in."""
    with running() as url:
        yield connect(url)


@pytest.fixture(scope="module")
def function(aws: Callable[..., Any]) -> str:
    """The ARN of a function's alias."""
    role = aws("iam").create_role(RoleName="f", AssumeRolePolicyDocument=json.dumps(TRUST))["Role"]["Arn"]
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("f.py", "")
    made = {"FunctionName": "f", "Runtime": "python3.13", "Role": role, "Handler": "f.f", "Publish": True}
    version = aws("lambda").create_function(**made, Code={"ZipFile": code.getvalue()})["Version"]
    return aws("lambda").create_alias(FunctionName="f", Name="live", FunctionVersion=version)["AliasArn"]


@pytest.fixture
def group(aws: Callable[..., Any]) -> str:
    name = f"/aws/lambda/{uuid4().hex}"
    aws("logs").create_log_group(logGroupName=name)
    return name


def subscribe(aws: Callable[..., Any], group: str, to: str, pattern: str = USAGE, name: str = "ledger") -> None:
    aws("logs").put_subscription_filter(logGroupName=group, filterName=name, filterPattern=pattern, destinationArn=to)


def permit(aws: Callable[..., Any], group: str, **changes: str) -> None:
    source = f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:{group}:*"
    wanted = {"Principal": "logs.amazonaws.com", "SourceArn": source, "SourceAccount": ACCOUNT, **changes}
    aws("lambda").add_permission(
        FunctionName="f", Qualifier="live", StatementId=uuid4().hex, Action="lambda:InvokeFunction", **wanted
    )


def test_a_function_that_cloudwatch_may_not_invoke_is_no_destination(aws: Any, function: str, group: str) -> None:
    def refused(to: str) -> None:
        with pytest.raises(ClientError, match="Could not execute the lambda function"):
            subscribe(aws, group, to)

    refused(function)
    permit(aws, group, Principal="s3.amazonaws.com")
    permit(aws, group, SourceArn=f"arn:aws:logs:us-east-1:{ACCOUNT}:log-group:/aws/lambda/another:*")
    permit(aws, group, SourceAccount="210987654321")
    refused(function)
    permit(aws, group)
    subscribe(aws, group, function)
    refused(function.replace(":f:", ":g:"))
    refused(function.removesuffix(":live"))  # the permission is the alias's
    [made] = aws("logs").describe_subscription_filters(logGroupName=group)["subscriptionFilters"]
    assert (made["filterName"], made["filterPattern"], made["destinationArn"]) == ("ledger", USAGE, function)


def test_what_cloudwatch_knows_nothing_of_is_refused(aws: Any, function: str, group: str) -> None:
    permit(aws, group)
    with pytest.raises(ClientError, match="InvalidParameterException"):
        subscribe(aws, group, function, pattern="{ $.a = }")
    with pytest.raises(ClientError, match="ResourceNotFoundException"):
        subscribe(aws, "/aws/lambda/nobody", function)
    for name in ("one", "two", "two"):
        subscribe(aws, group, function, name=name)
    with pytest.raises(ClientError, match="LimitExceededException"):
        subscribe(aws, group, function, name="three")


def test_what_matches_is_handed_over_in_one_message(aws: Any, function: str, group: str) -> None:
    permit(aws, group)
    subscribe(aws, group, function)
    invoked: list[dict[str, Any]] = []
    subscriptions = Subscriptions(aws("logs"), SimpleNamespace(invoke=lambda **each: invoked.append(each)), ACCOUNT)
    record = json.dumps({"message": "request", "kind": "completion"})
    lines = [record, json.dumps({"message": "request"}), "START", record]
    events = [{"id": f"{n:056d}", "timestamp": 1_800_000_000_000 + n, "message": line} for n, line in enumerate(lines)]

    subscriptions.deliver(group, "stream", events)
    subscriptions.deliver(group, "stream", events[1:3])  # nothing in it

    [call] = invoked
    assert (call["FunctionName"], call["InvocationType"]) == (function, "Event")
    message = json.loads(gzip.decompress(base64.b64decode(json.loads(call["Payload"])["awslogs"]["data"])))
    assert message == {
        "messageType": "DATA_MESSAGE",
        "owner": ACCOUNT,
        "logGroup": group,
        "logStream": "stream",
        "subscriptionFilters": ["ledger"],
        "logEvents": [events[0], events[3]],
    }


def test_lines_that_are_put_past_the_functions_are_stored_and_start_no_container(
    aws: Any, function: str, group: str
) -> None:
    permit(aws, group)
    subscribe(aws, group, function)
    aws("logs").create_log_stream(logGroupName=group, logStreamName="s")
    event = {"timestamp": int(time.time() * 1000), "message": "{}"}
    aws("logs").put_log_events(logGroupName=group, logStreamName="s", logEvents=[event])
