"""A person's keys: which slot holds which, what a new one may do, how one is shown. Pure."""

import json
from base64 import b32encode
from collections.abc import Mapping, Set
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pennyworth.budgets import Spend
from pennyworth.errors import Problem
from pennyworth.keys import PREFIX, SLOTS, Enrolment, Former, KeyRecord, attribute, fingerprint
from pennyworth.policy import GroupPolicy
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate, RotationRequest
from services.admin.money import dollars, microusd, usd
from services.admin.patterns import covers, meets

VALUE_LENGTH = 2048  # of one Cognito attribute
FORMER = 2  # secrets that may work beside the newest one: that in use, and one whose answer was lost
_ROOM = (Former("0" * 64, "0" * 4, 10**12),) * FORMER  # every record leaves it, so that every key can be rotated
# And enrolled: API Gateway's ids have 6 and 10 characters, a value 40.
# What may be too long in a record, and what helps.
_REMEDIES = {
    "name": "Give a shorter name: a character beyond ASCII counts as six, or twelve",
    "models": "Give fewer or wider patterns",
    "tools": "Give fewer or wider patterns",
}
_COUNTED = Enrolment("0" * 12, "0" * 12, "0" * 48)


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

    Raises Problem for a key that could never work as asked: scopes beyond the group's, models none of which the group
    allows, an expiry in the past.
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
    _meet(request.models, policy)
    _meet_tools(request.tools, policy)
    _future(request.ends_at(now), now)
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
        expires_at=request.ends_at(now),
        last4=secret[-4:],
        budget_microusd=microusd(request.budget_usd),
        tools=tuple(request.tools) or ("*",),
    )
    return storable(made, request.model_fields_set)


def narrowed(record: KeyRecord, request: ApiKeyUpdate, policy: GroupPolicy, now: float) -> KeyRecord:
    """The key renamed, or with less to do. A key never gets more than it had: its owner gave it away as it was.

    Raises Problem for more scopes, wider models, a later expiry, a higher budget, and for a request without a change.
    """
    asked = request.model_fields_set
    if not asked:
        reason = "Name what to change: name, scopes, models, tools, budget_usd, or expires_at or expires_in."
        raise Problem("invalid_request", reason=reason)
    beyond = sorted(set(request.scopes) - set(record.scopes))
    if beyond:
        raise _wider("scopes", f"it has no {', '.join(beyond)}, only {', '.join(record.scopes)}")
    for index, pattern in enumerate(request.models):
        if not any(covers(own, pattern) for own in record.models):
            raise _wider(f"models[{index}]", f"it is for {', '.join(record.models)}")
    for index, pattern in enumerate(request.tools):
        if not any(covers(own, pattern) for own in record.tools):
            raise _wider(f"tools[{index}]", f"it is for {', '.join(record.tools)}")
    _meet(request.models, policy)
    _meet_tools(request.tools, policy)
    end = record.expires_at
    if asked & {"expires_at", "expires_in"}:
        end = request.ends_at(now)
        if record.expires_at is not None and (end is None or end > record.expires_at):
            param = "expires_in" if "expires_in" in asked else "expires_at"
            raise _wider(param, f"it expires at {record.expires_at}, {_utc(record.expires_at)}")
        if end != record.expires_at:
            _future(end, now)
    budget = microusd(request.budget_usd) if "budget_usd" in asked else record.budget_microusd
    if record.budget_microusd is not None and (budget is None or budget > record.budget_microusd):
        raise _wider("budget_usd", f"it may spend {dollars(record.budget_microusd)} dollars a month")
    changed = replace(
        record,
        name=request.name or record.name,
        scopes=tuple(sorted(set(request.scopes))) or record.scopes,
        models=tuple(request.models) or record.models,
        tools=tuple(request.tools) or record.tools,
        expires_at=end,
        budget_microusd=budget,
    )
    return storable(changed, asked)


def rotated(record: KeyRecord, request: RotationRequest, secret: str, now: float) -> KeyRecord:
    """The key with a new secret. Raises Problem conflict for one that is over or has too many secrets already."""
    if record.expired(now):
        raise Problem("conflict", reason="This key has expired. Mint a new one.")
    working = record.working(now)
    if request.overlap_s and len(working) >= FORMER:
        first = min(old.expires_at for old in working)
        reason = f"{FORMER} former secrets of this key still work, the first until {first}. Wait until then, or send "
        raise Problem("conflict", reason=reason + "an overlap_s of 0, which ends them all.")
    return record.rotated(secret, now, request.overlap_s)


def storable(record: KeyRecord, asked: Set[str] = frozenset()) -> KeyRecord:
    """The record. Raises Problem for one that leaves no room for what is still to come, naming the longest of the
    fields `asked` for."""
    excess = len(replace(record, rotated_at=10**12, former=_ROOM, enrolment=_COUNTED).dump()) - VALUE_LENGTH
    if excess > 0:
        lengths = {
            name: len(json.dumps(getattr(record, name)))
            for name in _REMEDIES
            if name in asked or asked.isdisjoint(_REMEDIES)
        }
        longest = max(lengths, key=lambda name: lengths[name])
        reason = f"the key takes {excess} characters more than can be stored. {_REMEDIES[longest]}"
        raise Problem("invalid_value", param=longest, reason=reason)
    return record


def _meet(models: list[str], policy: GroupPolicy) -> None:
    for index, pattern in enumerate(models):
        # A class of characters, which only a group's pattern can have, is not looked into.
        if not any("[" in own or meets(own, pattern) for own in policy.models):
            reason = f"the user's group allows no such model. It allows: {', '.join(policy.models) or 'none'}"
            raise Problem("invalid_value", param=f"models[{index}]", reason=reason)


def _meet_tools(tools: list[str], policy: GroupPolicy) -> None:
    """As of models. Which tools the gateway itself has, and what a toolset holds, the MCP endpoint alone knows."""
    allowed = policy.tools.allow
    for index, pattern in enumerate(tools):
        known = allowed is None or pattern.startswith("@")
        if not known and not any("[" in own or meets(own, pattern) for own in allowed or ()):
            reason = f"the user's group allows no such tool. It allows: {', '.join(allowed or ()) or 'none'}"
            raise Problem("invalid_value", param=f"tools[{index}]", reason=reason)


def _future(end: int | None, now: float) -> None:
    if end is not None and end <= now:
        raise Problem("invalid_value", param="expires_at", reason="it is in the past")


def _utc(at: int) -> str:
    """For a person, beside the unix seconds of the API."""
    return datetime.fromtimestamp(at, UTC).strftime("%Y-%m-%d %H:%M UTC")


def _wider(param: str, has: str) -> Problem:
    return Problem("invalid_value", param=param, reason=f"a key never gets more than it had, and {has}. Mint another")


def shown(
    record: KeyRecord, owner: dict[str, Any], spend: Spend, now: float, last_used_at: int | None = None
) -> dict[str, Any]:
    """The key as the API shows it, in the style of OpenAI's `organization.project.api_key`: never secret or hash.

    `previous` are the secrets before this one that still work, `spend` is its owner's.
    """
    return {
        "object": "organization.user.api_key",
        "id": record.id,
        "name": record.name,
        "redacted_value": f"{PREFIX}...{record.last4}",
        "scopes": list(record.scopes),
        "models": list(record.models),
        "tools": list(record.tools),
        "budget_usd": usd(record.budget_microusd),
        "spent_usd": usd(spend.keys.get(record.id, 0)),
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "rotated_at": record.rotated_at,
        "last_used_at": last_used_at,
        "previous": [
            {"redacted_value": f"{PREFIX}...{old.last4}", "expires_at": _earlier(old.expires_at, record.expires_at)}
            for old in record.working(now)
        ],
        "owner": {"type": "user", "user": owner},
    }


def _earlier(one: int, other: int | None) -> int:
    return one if other is None else min(one, other)
