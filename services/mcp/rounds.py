"""Requests that take more than one round: the state a client carries from one to the next, and what it may be asked.

Nothing is remembered here between two POSTs. What a source wants to know again goes out in `requestState` and comes
back with the answers, so whoever sends it may have written it: it counts only with our signature, which binds it to
the caller, to the request it was made for, and to a time.
Source: MCP 2026-07-28, multi round-trip requests.
"""

import base64
import binascii
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from services.mcp.protocol import (
    INTERNAL_ERROR,
    INVALID_PARAMS,
    MISSING_CLIENT_CAPABILITY,
    RpcError,
    require,
)

STATE_S = 600  # how long a person may take to answer
MAX_STATE_BYTES = 64 * 1024  # of a source's own state

INPUT_REQUIRED = "input_required"
FIELDS = ("inputResponses", "requestState")  # the members of `params` that answer an earlier result

_DOMAIN = b"pennyworth mcp request state v1\0"  # the pepper signs other things elsewhere: never the same bytes for two


@dataclass(frozen=True, slots=True)
class Rounds:
    """Signs and opens states for one caller."""

    caller: str  # whoever asks: a state of someone else's is refused
    now: float  # unix seconds
    pepper: Callable[[], bytes]  # read when there is something to sign or to open

    def sealed(self, state: str, request: str) -> str:
        """A source's state as the client gets it. `request` says what it was given for."""
        require(len(state) <= MAX_STATE_BYTES, INTERNAL_ERROR, "The tool's state is too large to be carried around.")
        payload = json.dumps([int(self.now) + STATE_S, state]).encode()
        return f"{_text(payload)}.{_text(self._signature(payload, request))}"

    def opened(self, sealed: object, request: str) -> str:
        """The state inside. Raises RpcError for one that was changed, is over time, or belongs to something else: one
        answer for all, since the difference helps only whoever forges."""
        payload, _, signature = sealed.partition(".") if isinstance(sealed, str) else ("", "", "")
        try:
            content, mac = _bytes(payload), _bytes(signature)
        except (binascii.Error, ValueError):
            raise _refused() from None
        from hmac import compare_digest

        if not compare_digest(mac, self._signature(content, request)):
            raise _refused()
        expires_at, state = json.loads(content)
        if self.now >= expires_at:
            raise _refused()
        return str(state)

    def _signature(self, payload: bytes, request: str) -> bytes:
        from hmac import digest  # OpenSSL behind it costs a first list of tools what only questions need

        key = digest(self.pepper(), _DOMAIN, "sha256")
        # Each part under a length of its own, so that no two sets of parts are the same bytes.
        parts = (self.caller.encode(), request.encode(), payload)
        return digest(key, b"".join(len(part).to_bytes(8, "big") + part for part in parts), "sha256")


def identity(method: str, source: str, params: Mapping[str, Any]) -> str:
    """What makes two requests the same one: the method, whom it goes to, and all parameters but the answers."""
    asked = {name: value for name, value in params.items() if name not in FIELDS}
    return json.dumps([method, source, asked], sort_keys=True)


def responses(params: Mapping[str, Any]) -> Mapping[str, Any]:
    """`inputResponses`, checked to be an object of objects; empty where it was not sent."""
    if "inputResponses" not in params:
        return {}
    found = params["inputResponses"]
    require(isinstance(found, Mapping), INVALID_PARAMS, "'params.inputResponses' must be an object.")
    for name, answer in found.items():
        if not isinstance(answer, Mapping):
            raise RpcError(INVALID_PARAMS, f"'params.inputResponses.{name[:100]}' must be an object.")
    return dict(found)


def check_askable(result: Mapping[str, Any], capabilities: Mapping[str, Any]) -> None:
    """Refuse to ask a client what it has not declared it can answer."""
    missing: dict[str, Any] = {}
    questions = result.get("inputRequests") or {}
    for question in questions.values():
        needed = _NEEDED.get(question.get("method"))
        if needed is None:
            raise RpcError(INTERNAL_ERROR, f"The tool asks for {str(question.get('method'))[:100]}, which MCP has not.")
        for capability, inner in needed(question.get("params") or {}).items():
            declared = capabilities.get(capability)
            if not isinstance(declared, Mapping) or not inner.keys() <= _members(capability, declared):
                missing.setdefault(capability, {}).update(inner)
    require(
        not missing,
        MISSING_CLIENT_CAPABILITY,
        f"To answer, this needs a client with: {', '.join(missing)}.",
        data={"requiredCapabilities": missing},
    )
    require(bool(questions) or "requestState" in result, INTERNAL_ERROR, "The tool asks for input, but not for which.")


def _members(capability: str, declared: Mapping[str, Any]) -> set[str]:
    """An empty `elicitation` means forms, as it did before there were URLs."""
    return {"form"} if capability == "elicitation" and not declared else set(declared)


_NEEDED: Mapping[object, Callable[[Mapping[str, Any]], dict[str, dict[str, Any]]]] = {
    "elicitation/create": lambda params: {"elicitation": {"url" if params.get("mode") == "url" else "form": {}}},
    "sampling/createMessage": lambda params: {"sampling": {"tools": {}} if "tools" in params else {}},
    "roots/list": lambda _params: {"roots": {}},
}


def _refused() -> RpcError:
    return RpcError(
        INVALID_PARAMS,
        "'params.requestState' was not given for this request, or is too old. Send the request again without it.",
    )


def _text(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).decode().rstrip("=")


def _bytes(text: str) -> bytes:
    raw = base64.b64decode(f"{text}{'=' * (-len(text) % 4)}", b"-_", validate=True)
    if _text(raw) != text:
        raise ValueError("a second spelling of the same bytes")
    return raw
