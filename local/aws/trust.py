"""Whether a role's trust policy lets a Cognito identity token in: the part of IAM that this system relies on."""

from collections.abc import Iterable
from fnmatch import fnmatchcase
from typing import Any

ACTION = "sts:AssumeRoleWithWebIdentity"
TAG_ACTION = "sts:TagSession"


def admits(policy: dict[str, Any], provider: str, claims: dict[str, Any], *, tagged: bool) -> bool:
    """Some statement allows it and none denies it; a session with tags needs sts:TagSession as well.

    What is not understood (an operator, a principal) does not allow.
    """
    wanted = [ACTION, TAG_ACTION] if tagged else [ACTION]
    return all(_allowed(policy, action, provider, claims) for action in wanted)


def _allowed(policy: dict[str, Any], action: str, provider: str, claims: dict[str, Any]) -> bool:
    effects = {
        statement["Effect"]
        for statement in _list(policy.get("Statement"))
        if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in _list(statement.get("Action")))
        and provider in _list((statement.get("Principal") or {}).get("Federated"))
        and _holds(statement.get("Condition") or {}, provider, claims)
    }
    return effects == {"Allow"}


def _holds(conditions: dict[str, dict[str, Any]], provider: str, claims: dict[str, Any]) -> bool:
    return all(
        _matches(operator, _list(claims.get(key.removeprefix(f"{provider}:"))), _list(patterns))
        for operator, tests in conditions.items()
        for key, patterns in tests.items()
    )


def _matches(operator: str, values: list[str], patterns: list[str]) -> bool:
    match operator:
        case "StringEquals" | "ForAnyValue:StringEquals":
            return any(value in patterns for value in values)
        case "StringLike" | "ForAnyValue:StringLike":
            return any(fnmatchcase(value, pattern) for value in values for pattern in patterns)
    return False


def _list(value: Any) -> list[Any]:
    if value is None:
        return []
    return (
        [value] if isinstance(value, str) or not isinstance(value, Iterable) or isinstance(value, dict) else list(value)
    )
