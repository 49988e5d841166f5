"""One-time codes as an authenticator app shows them: RFC 6238 with SHA-1, six digits, a new one every 30 s."""

import secrets
from base64 import b32decode, b32encode
from hmac import compare_digest, digest

STEP_S = 30
_DIGITS = 6
_SECRET_BYTES = 32  # Cognito's are 52 characters of base32


def new_secret() -> str:
    """Base32, without padding."""
    return b32encode(secrets.token_bytes(_SECRET_BYTES)).decode().rstrip("=")


def code(secret: str, step: int) -> str:
    """The code of a step: whole periods of 30 s since 1970."""
    key = b32decode(secret + "=" * (-len(secret) % 8))
    mac = digest(key, step.to_bytes(8, "big"), "sha1")
    at = mac[-1] & 15
    number = int.from_bytes(mac[at : at + 4], "big") & 0x7FFFFFFF
    return f"{number % 10**_DIGITS:0{_DIGITS}}"


def step_of(secret: str, given: str, now: float) -> int | None:
    """Which code this is: that of the running step, or of the one before, for who typed as it changed; else None."""
    running = int(now) // STEP_S
    return next((step for step in (running, running - 1) if compare_digest(code(secret, step), given)), None)
