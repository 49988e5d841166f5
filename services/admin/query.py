"""The query of GET /organization/users, checked. Pure."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from pennyworth.errors import Problem
from services.admin.bodies import email
from services.admin.people import is_user_id

LIMIT = 20
MOST = 60  # entries a page; openapi.yaml's parameter Limit
MOST_EMAILS = 60  # each is a call to Cognito

Parameters = Mapping[str, Sequence[str]]


@dataclass(frozen=True, slots=True)
class Query:
    limit: int
    after: str  # a user's id; empty for the first page
    emails: tuple[str, ...]


def parse(parameters: Parameters) -> Query:
    """Raises Problem naming the parameter."""
    only(parameters, ("limit", "after", "emails[]"))
    return Query(
        limit=_limit(parameters.get("limit", ())),
        after=_after(parameters.get("after", ())),
        emails=_emails(parameters.get("emails[]", ())),
    )


def only(parameters: Collection[str], known: Sequence[str] = ()) -> None:
    """Raises Problem for a parameter that would be silently without effect."""
    for name in parameters:
        if name not in known:
            reason = f"This URL takes {', '.join(known)}." if known else "This URL takes no parameters."
            raise Problem("unsupported_parameter", param=name, reason=reason)


def _limit(values: Sequence[str]) -> int:
    text = values[-1] if values else str(LIMIT)
    # isdecimal alone also holds for digits of other scripts
    if not (text.isascii() and text.isdecimal() and len(text) <= 3 and 1 <= int(text) <= MOST):
        raise Problem("invalid_value", param="limit", reason=f"it must be an integer from 1 to {MOST}")
    return int(text)


def _after(values: Sequence[str]) -> str:
    text = values[-1] if values else ""
    if values and not is_user_id(text):
        raise Problem(
            "invalid_value", param="after", reason="it must be the id of a user: `last_id` of the page before"
        )
    return text


def _emails(values: Sequence[str]) -> tuple[str, ...]:
    if len(values) > MOST_EMAILS:
        raise Problem("invalid_value", param="emails[]", reason=f"it may name at most {MOST_EMAILS} addresses")
    try:
        return tuple(dict.fromkeys(map(email, values)))
    except ValueError as error:
        raise Problem("invalid_value", param="emails[]", reason=str(error)) from None
