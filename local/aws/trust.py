"""Whether a role's trust policy lets a Cognito identity token in: the part of IAM that this system relies on."""

from typing import Any

from local.aws.policy import statement

ACTION = "sts:AssumeRoleWithWebIdentity"
TAG_ACTION = "sts:TagSession"


def admits(policy: dict[str, Any], provider: str, claims: dict[str, Any], *, tagged: bool) -> bool:
    """Some statement allows it and none denies it; a session with tags needs sts:TagSession as well.

    A policy in which something is not understood (an operator, an element) lets nobody in.
    """
    given = {f"{provider}:{name}": _value(claims[name]) for name in ("aud", "amr", "sub") if name in claims}
    try:
        read = [
            statement(element)
            for element in _list(policy.get("Statement"))
            if provider in _list((element.get("Principal") or {}).get("Federated"))
        ]
    except ValueError:
        return False
    wanted = [ACTION, TAG_ACTION] if tagged else [ACTION]
    return all({each.allows for each in read if each.fits(action, "*", given)} == {True} for action in wanted)


def _value(claim: Any) -> str | tuple[str, ...]:
    return tuple(map(str, claim)) if isinstance(claim, list) else str(claim)


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
