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
from dataclasses import asdict, dataclass
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


@dataclass(frozen=True, slots=True)
class KeyRecord:
    """What Cognito keeps of a key: everything but the secret."""

    id: str  # key_ and 16 characters
    name: str
    sha256: str  # of the whole key, hexadecimal
    scopes: tuple[str, ...]  # actions; cuts what the group may do
    models: tuple[str, ...]  # shell patterns; cuts what the group may use
    created_at: int  # unix seconds
    expires_at: int | None  # unix seconds; None for never
    last4: str

    def matches(self, secret: str) -> bool:
        return hmac.compare_digest(self.sha256, fingerprint(secret))

    def expired(self, now: float) -> bool:
        return self.expires_at is not None and now >= self.expires_at

    def dump(self) -> str:
        """One attribute value (2048 characters at most)."""
        return json.dumps(asdict(self), separators=(",", ":"))

    @classmethod
    def parse(cls, value: str) -> "KeyRecord | None":
        """None for an empty slot, and for what is no record: default deny."""
        try:
            fields = json.loads(value)
            return cls(**{**fields, "scopes": tuple(fields["scopes"]), "models": tuple(fields["models"])})
        except (ValueError, TypeError, KeyError):
            return None


def fingerprint(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
