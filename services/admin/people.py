"""A person of the user pool, as the directory reads them and as the API shows them. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pennyworth.policy import Group, GroupPolicy, effective

_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


@dataclass(frozen=True, slots=True)
class Person:
    id: str  # Cognito username and `sub`
    email: str
    name: str  # empty when none was given
    added_at: int  # unix seconds
    enabled: bool
    slots: Mapping[str, str] = field(default_factory=dict, repr=False)  # key attribute → its record as stored


def is_user_id(text: str) -> bool:
    """Cognito also takes an e-mail address where it takes a username: only the id itself may pass, or the guard
    against deleting oneself could be talked around."""
    return _UUID.fullmatch(text) is not None


def policy(groups: list[Group]) -> GroupPolicy:
    """What the group that speaks for a user allows."""
    return effective(groups).policy


def user(person: Person, groups: list[Group]) -> dict[str, Any]:
    """OpenAI's `organization.user`, with what Cognito adds: `groups`, the one that counts first, and `disabled`.

    OpenAI knows two roles: `owner` for whom the group lets administer, `reader` for everyone else.
    """
    return {
        "object": "organization.user",
        "id": person.id,
        "email": person.email,
        "name": person.name or None,
        "role": "owner" if "admin" in policy(groups).actions else "reader",
        "added_at": person.added_at,
        "groups": [group.name for group in sorted(groups, key=lambda group: (group.precedence, group.name))],
        "disabled": not person.enabled,
    }


def page(data: list[dict[str, Any]], has_more: bool) -> dict[str, Any]:
    """OpenAI's list object."""
    return {
        "object": "list",
        "data": data,
        "first_id": data[0]["id"] if data else None,
        "last_id": data[-1]["id"] if data else None,
        "has_more": has_more,
    }


def deleted(kind: str, id: str, effective_within_s: int) -> dict[str, Any]:  # noqa: A002 -- the API's own word
    """OpenAI's answer to a deletion, and for how long a cached decision may still let the key through."""
    return {"object": f"{kind}.deleted", "id": id, "deleted": True, "effective_within_s": effective_within_s}
