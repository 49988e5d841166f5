"""A person of the user pool, as the directory reads them and as the API shows them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyworth.budgets import Spend
from pennyworth.errors import Problem
from pennyworth.policy import Group, GroupPolicy, effective
from pennyworth.principal import Tools
from services.admin.money import usd

INVITED = "FORCE_CHANGE_PASSWORD"  # Cognito's word for who has not signed in with a password of their own yet
# A service account is a user whose address nobody has: `.invalid` is no domain (RFC 2606). Cognito's ListUsers can look
# for how an address begins, and the domain is refused to people.
ACCOUNTS = "service-account."
NOWHERE = "@pennyworth.invalid"

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Person:
    id: str  # Cognito username and `sub`
    email: str
    name: str  # empty when none was given
    added_at: int  # unix seconds
    enabled: bool
    status: str = "CONFIRMED"  # Cognito's UserStatus
    slots: Mapping[str, str] = field(default_factory=dict, repr=False)  # key attribute → its record as stored
    own_budget: str = ""  # as stored: micro-dollars a month; empty for the group's
    spend: Spend = field(default_factory=Spend)  # this month's, as the ledger mirrored it

    @property
    def is_service_account(self) -> bool:
        return self.email.startswith(ACCOUNTS) and self.email.endswith(NOWHERE)

    @property
    def shown_name(self) -> str:
        return self.name or self.email


def is_user_id(text: str) -> bool:
    """Cognito also takes an e-mail address where it takes a username: only the id itself may pass, or the guard
    against deleting oneself could be talked around."""
    return _UUID.fullmatch(text) is not None


def policy(groups: list[Group]) -> GroupPolicy:
    """What the group that speaks for a user allows."""
    return effective(groups).policy


def role(groups: list[Group]) -> str:
    """OpenAI knows two roles: `owner` for whom the group lets administer, `reader` for everyone else."""
    return "owner" if "admin" in policy(groups).actions else "reader"


def stays_administrator(groups: list[Group]) -> None:
    """Raises Problem for a change after which the caller, in these groups, could undo nothing any more."""
    if role(groups) != "owner":
        raise Problem(
            "conflict", reason="You cannot take your own right to administer away. Ask another administrator to."
        )


def user(person: Person, groups: list[Group]) -> dict[str, Any]:
    """OpenAI's `organization.user`, with what Cognito adds: `groups`, the one that counts first, `disabled`, the budget
    where the person has one of their own, and what they spent this month."""
    return {
        "object": "organization.user",
        "id": person.id,
        "email": person.email,
        "name": person.name or None,
        "role": role(groups),
        "added_at": person.added_at,
        "groups": [group.name for group in sorted(groups, key=lambda group: (group.precedence, group.name))],
        "disabled": not person.enabled,
        "is_service_account": person.is_service_account,
        "budget_usd": usd(policy(groups).budget_of(person.own_budget)) if person.own_budget else None,
        "spent_usd": usd(person.spend.user),
    }


def tools(policy: Tools) -> dict[str, list[str] | None]:
    """Which MCP tools a group may use; null for the gateway's own and no other server's."""
    return {"allow": None if policy.allow is None else list(policy.allow), "deny": list(policy.deny)}


def page(data: list[dict[str, Any]], has_more: bool) -> dict[str, Any]:
    """OpenAI's list object."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def next_page(data: list[dict[str, Any]], has_more: bool, cursor: str = "id") -> dict[str, Any]:
    """OpenAI's other list object: `next` is the `after` of the page that follows."""
    return {"object": "list", "data": data, "has_more": has_more, "next": data[-1][cursor] if has_more else None}


def deleted(kind: str, id: str, effective_within_s: int) -> dict[str, Any]:  # noqa: A002 -- the API's own word
    """OpenAI's answer to a deletion, and for how long a cached decision may still let the key through."""
    return {"object": f"{kind}.deleted", "id": id, "deleted": True, "effective_within_s": effective_within_s}
