"""A person as OpenAI's invite. Pure but for the clock, which says what has expired."""

import time
from typing import Any

from pennyworth.policy import Group
from services.admin.people import INVITED, Person, role

VALID_S = 7 * 86400  # of a temporary password: the user pool's TemporaryPasswordValidityDays, held to it by a test


def invite(person: Person, groups: list[Group], now: float | None = None) -> dict[str, Any]:
    """OpenAI's `organization.invite`, with the groups."""
    expires_at = person.added_at + VALID_S
    expired = (time.time() if now is None else now) >= expires_at
    status = "accepted" if person.status != INVITED else "expired" if expired else "pending"
    means = role(groups)
    return {
        "object": "organization.invite",
        "id": person.id,
        "email": person.email,
        "role": means,
        "status": status,
        "created_at": person.added_at,
        "expires_at": expires_at,
        "accepted_at": None,  # Cognito does not tell
        "projects": [{"id": "default", "role": "owner" if means == "owner" else "member"}],
        "groups": [group.name for group in groups],
    }
