"""Text that only this gateway can have written: what the flow must remember travels with the browser and the client."""

import binascii
import hmac
import json
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Callable, Mapping
from typing import Any

_DOMAIN = b"pennyworth oauth v1\0"
_MAC = 16  # bytes


class Seal:
    """Seals are made for a purpose: what one step wrote, no other step reads. `clock` is injected for tests."""

    def __init__(self, secret: str, clock: Callable[[], float] = time.time) -> None:
        self._key, self._clock = hmac.digest(secret.encode(), _DOMAIN, "sha256"), clock

    def sealed(self, purpose: str, content: Mapping[str, Any], lasts_s: int | None = None) -> str:
        """The content, readable to everyone and changeable by nobody; for `lasts_s` seconds, or for good."""
        until = {} if lasts_s is None else {"until": int(self._clock()) + lasts_s}
        body = json.dumps({**content, **until}, separators=(",", ":"), ensure_ascii=False).encode()
        return f"{_text(body)}.{self.mac(purpose, body)}"

    def opened(self, purpose: str, text: str) -> dict[str, Any] | None:
        """None for what was not sealed here for this purpose, or is over."""
        encoded, _, mac = text.partition(".")
        try:
            body = urlsafe_b64decode(encoded + "=" * (-len(encoded) % 4))
        except (ValueError, binascii.Error):
            return None
        # Base64 is read leniently: of all ways to write a body, one alone is ours, so that who compares texts is right.
        if not hmac.compare_digest(mac.encode(), self.mac(purpose, body).encode()) or encoded != _text(body):
            return None
        content: dict[str, Any] = json.loads(body)
        return content if "until" not in content or self._clock() < content["until"] else None

    def mac(self, purpose: str, *parts: bytes) -> str:
        """Of parts that may hold anything: each stands behind its length."""
        text = b"".join(len(part).to_bytes(4, "big") + part for part in (purpose.encode(), *parts))
        return _text(hmac.digest(self._key, text, "sha256")[:_MAC])


def _text(data: bytes) -> str:
    return urlsafe_b64encode(data).decode().rstrip("=")
