"""API keys: `sk-pw-` and 76 characters that name the user and the slot, hold 256 random bits and end in a MAC.

    16 bytes  the Cognito user's id (`sub`, a UUID)
     1 byte   the slot: the number of the custom attribute that holds the key's record
    32 bytes  random
     8 bytes  MAC: HMAC-SHA256 of the above with the pepper, cut

The MAC lets a forged or mistyped key be refused without a call to Cognito, whose read quota would otherwise be a way
to take the gateway down. It is not what authenticates: the SHA-256 of the whole key in the record is.
"""

import hashlib
import hmac
import json
import secrets
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import asdict, dataclass, replace
from math import inf
from typing import NamedTuple
from uuid import UUID

PREFIX = "sk-pw-"
SLOTS = 20
_LENGTH = len(PREFIX) + 76
_BODY = 16 + 1 + 32
_DOMAIN = b"pennyworth api key v1\0"  # the pepper signs other things elsewhere: never the same bytes for two purposes


class KeyAddress(NamedTuple):
    """Where a key's record lives."""

    user_id: str
    slot: int  # 1 to SLOTS


def attribute(slot: int) -> str:
    """The Cognito attribute of a slot: `custom:key_01` …"""
    return f"custom:key_{slot:02d}"


def pepper(parameter: str) -> bytes:
    """The pepper in the text of its SSM parameter. Raises ValueError for one too short to keep forgers out."""
    if len(parameter) < 32:
        raise ValueError("the pepper must be 32 characters or more")
    return parameter.encode()


def mint(user_id: str, slot: int, pepper: bytes) -> str:
    """A new secret. It cannot be recovered from its record."""
    body = UUID(user_id).bytes + bytes([slot]) + secrets.token_bytes(32)
    return PREFIX + urlsafe_b64encode(body + _mac(body, pepper)).decode()


def locate(secret: str, pepper: bytes) -> KeyAddress | None:
    """The address in a key whose MAC holds; None for anything else. No I/O."""
    if len(secret) != _LENGTH or not secret.startswith(PREFIX) or not secret.isascii():
        return None
    try:
        raw = urlsafe_b64decode(secret[len(PREFIX) :])
    except ValueError:
        return None
    body, mac = raw[:_BODY], raw[_BODY:]
    if not hmac.compare_digest(mac, _mac(body, pepper)):
        return None
    return KeyAddress(str(UUID(bytes=body[:16])), body[16])


def _mac(body: bytes, pepper: bytes) -> bytes:
    return hmac.digest(pepper, _DOMAIN + body, "sha256")[:8]


class Former(NamedTuple):
    """A secret that was rotated away and works for a while beside its successor."""

    sha256: str  # of the whole key, hexadecimal
    last4: str
    expires_at: int  # unix seconds


class Enrolment(NamedTuple):
    """The API key of API Gateway's by which this key's requests are counted. Neither is a secret: API Gateway takes the
    value from the authorizer alone, never from a client."""

    plan: str  # id of the usage plan that it is in; empty for none
    id: str
    value: str


def shared_identifier(environment: str, group: str = "") -> str:
    """The value of the API key that Terraform makes for a group, and one for whose group has no usage plan: theirs who
    have none of their own. 20 to 128 letters and digits, as API Gateway wants it."""
    whose = f"group {group}" if group else "others"
    return hashlib.sha256(f"pennyworth-{environment} {whose}".encode()).hexdigest()


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What Cognito keeps of a key: everything but its secrets."""

    id: str  # key_ and 16 characters
    name: str
    sha256: str  # of the whole key, hexadecimal
    scopes: tuple[str, ...]  # actions; cuts what the group may do
    models: tuple[str, ...]  # shell patterns; cuts what the group may use
    created_at: int  # unix seconds
    expires_at: int | None  # unix seconds; None for never
    last4: str
    rotated_at: int | None = None  # unix seconds, of the last rotation
    former: tuple[Former, ...] = ()  # secrets before this one, newest first, some of them perhaps over
    budget_microusd: int | None = None  # a month; None for any amount
    enrolment: Enrolment | None = None  # None where the key shares its group's
    tools: tuple[str, ...] = ("*",)  # shell patterns of MCP tools; cuts what the group may use

    def matches(self, secret: str) -> bool:
        """Whether it is the key's newest secret."""
        return hmac.compare_digest(self.sha256, fingerprint(secret))

    def ends_at(self, secret: str) -> float | None:
        """Until when one of this key's secrets is good, in unix seconds; `inf` for always, None for another's."""
        end = inf if self.expires_at is None else self.expires_at
        if self.matches(secret):
            return end
        hashed = fingerprint(secret)
        return next(
            (min(end, old.expires_at) for old in self.former if hmac.compare_digest(old.sha256, hashed)),
            None,
        )

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def working(self, now: float) -> tuple[Former, ...]:
        """The former secrets that still open something."""
        return () if self.expired(now) else tuple(old for old in self.former if now < old.expires_at)

    def rotated(self, secret: str, now: float, overlap_s: int) -> "KeyRecord":
        """The same key with a new secret. The one it had goes on for `overlap_s` and no longer; with 0 all former ones
        end with it."""
        replaced = Former(self.sha256, self.last4, int(now) + overlap_s)
        former = (replaced, *self.working(now)) if overlap_s else ()
        changed = {"sha256": fingerprint(secret), "last4": secret[-4:], "rotated_at": int(now), "former": former}
        return replace(self, **changed)  # type: ignore[arg-type]

    def dump(self) -> str:
        """One attribute value (2048 characters at most)."""
        fields = asdict(self)
        if self.enrolment is None:  # whoever has no rates writes what earlier versions read
            del fields["enrolment"]
        return json.dumps(fields, separators=(",", ":"))

    @classmethod
    def parse(cls, value: str) -> "KeyRecord | None":
        """None for an empty slot, and for what is no record: default deny."""
        try:
            fields = json.loads(value)
            tuples = {name: tuple(fields[name]) for name in ("scopes", "models")}
            former = tuple(Former(*old) for old in fields.get("former", ()))
            enrolment = fields.get("enrolment")
            own = {"enrolment": Enrolment(*enrolment) if enrolment else None}
            # A string would be read as its letters, of which one may be `*`.
            tools = fields.get("tools", ["*"])
            if not isinstance(tools, list):
                return None
            return cls(**{**fields, **tuples, "former": former, "tools": tuple(tools), **own})
        except (ValueError, TypeError, KeyError, AttributeError):
            return None


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
