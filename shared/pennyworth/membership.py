"""The groups of a user, mirrored in an attribute of theirs: what the authorizer reads with the user, in one call.

Cognito itself holds the membership; the mirror is written by services/admin/memberships.py after every change of it.
docs/decisions/0011-one-read-a-decision.md says why, and what keeps it true. Pure.
"""

import json
from collections.abc import Iterable

ATTRIBUTE = "custom:groups"
_LENGTH = 2048  # characters, of one Cognito attribute


def dump(names: Iterable[str]) -> str:
    """The attribute's value; empty, which removes the attribute, for more than it can hold."""
    value = json.dumps(sorted(names), separators=(",", ":"))
    return value if len(value) <= _LENGTH else ""


def parse(value: str) -> tuple[str, ...] | None:
    """The names; None where there is no mirror, or none that can be read: then Cognito is asked for the groups."""
    try:
        names = json.loads(value)
    except ValueError:
        return None
    if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
        return None
    return tuple(names)
