"""A person's keys: which slot holds which, what a new one may do, how one is shown. Pure."""

from base64 import b32encode
from collections.abc import Mapping
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.keys import PREFIX, SLOTS, KeyRecord, attribute, fingerprint
from pennyworth.policy import GroupPolicy
from services.admin.bodies import ApiKeyRequest

VALUE_LENGTH = 2048  # of one Cognito attribute


class StoredKey(NamedTuple):
    slot: int
    record: KeyRecord


def stored(slots: Mapping[str, str]) -> list[StoredKey]:
    """All keys, oldest first."""
    found = [
        StoredKey(slot, record)
        for slot in range(1, SLOTS + 1)
        if (record := KeyRecord.parse(slots.get(attribute(slot), ""))) is not None
    ]
    return sorted(found, key=lambda key: (key.record.created_at, key.slot))


def find(slots: Mapping[str, str], key_id: str) -> StoredKey:
    """Raises Problem not_found."""
    for key in stored(slots):
        if key.record.id == key_id:
            return key
    raise Problem("not_found", thing="key", id=key_id)


def vacancy(slots: Mapping[str, str], now: float) -> int:
    """The slot for a new key: an empty one, or that of the key that expired first. Raises Problem conflict.

    A slot whose content is no record we can read is taken: a newer version may have written it.
    """
    for slot in range(1, SLOTS + 1):
        if not slots.get(attribute(slot)):
            return slot
    expired = [key for key in stored(slots) if key.record.expired(now)]
    if not expired:
        raise Problem("conflict", reason=f"This user has {SLOTS} keys, the most one can have. Delete one first.")
    return min(expired, key=lambda key: (key.record.expires_at or 0, key.slot)).slot


def permitted(request: ApiKeyRequest, policy: GroupPolicy, now: float) -> tuple[str, ...]:
    """The scopes of the key asked for: by default all the group allows but `admin`, which only a signed-in person has.

    Raises Problem for a key that could never work as asked: scopes beyond the group's, an expiry in the past.
    """
    allowed = sorted(policy.actions - {"admin"})
    if not allowed:
        raise Problem(
            "conflict", reason="This user is in no group that lets a key do anything. Put them into one first."
        )
    beyond = sorted(set(request.scopes) - set(allowed))
    if beyond:
        reason = f"the user's group does not allow {', '.join(beyond)}. It allows: {', '.join(allowed)}"
        raise Problem("invalid_value", param="scopes", reason=reason)
    if request.expires_at is not None and request.expires_at <= now:
        raise Problem("invalid_value", param="expires_at", reason="it is in the past")
    return tuple(sorted(set(request.scopes)) or allowed)


def record(request: ApiKeyRequest, scopes: tuple[str, ...], secret: str, entropy: bytes, now: float) -> KeyRecord:
    """The record of a new secret; `entropy` is 10 random bytes for its id. Raises Problem when an attribute cannot
    hold it."""
    made = KeyRecord(
        id="key_" + b32encode(entropy).decode().lower(),
        name=request.name,
        sha256=fingerprint(secret),
        scopes=scopes,
        models=tuple(request.models) or ("*",),
        created_at=int(now),
        expires_at=request.expires_at,
        last4=secret[-4:],
    )
    excess = len(made.dump()) - VALUE_LENGTH
    if excess > 0:
        reason = f"with the name, it takes {excess} characters more than can be stored. Give fewer or wider patterns"
        raise Problem("invalid_value", param="models", reason=reason)
    return made


def shown(record: KeyRecord, owner: dict[str, Any]) -> dict[str, Any]:
    """The key as the API shows it, in the style of OpenAI's `organization.project.api_key`: never secret or hash."""
    return {
        "object": "organization.user.api_key",
        "id": record.id,
        "name": record.name,
        "redacted_value": f"{PREFIX}...{record.last4}",
        "scopes": list(record.scopes),
        "models": list(record.models),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "owner": {"type": "user", "user": owner},
    }
