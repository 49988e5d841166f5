"""Any OpenAI-compatible upstream: client and provider speak the same language, so all passes unchanged."""

import json
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pennyworth.errors import ForeignProblem, Problem
from pennyworth.http import dumps
from pennyworth.logs import logger
from services.openai.converse import Envelope
from services.openai.sse import event

if TYPE_CHECKING:
    import requests

_CONNECT_S, _READ_S = 5, 300
_MODELS_TTL_S = 300
# What the upstream says about the request is the client's to read. What it says about our key is not.
_PASSED_ON = frozenset({400, 404, 409, 413, 415, 422, 429})


class Upstream:
    """An OpenAI-compatible base URL and the key for it."""

    def __init__(self, url: str, key: str) -> None:
        import requests  # 100 ms that only an installation with an upstream pays

        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the key goes to this URL alone
        if key:
            self._session.headers["authorization"] = f"Bearer {key}"
        self._models: tuple[float, list[dict[str, Any]]] = (0.0, [])

    def complete(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """The upstream's completion, unchanged. Raises Problem."""
        response = self._send("POST", "/chat/completions", body, stream=False)
        try:
            completion: dict[str, Any] = response.json()
        except ValueError:
            raise Problem("upstream_error") from None
        return completion

    def stream(self, body: dict[str, Any], _: Envelope) -> Iterator[bytes]:
        """The upstream's server-sent events, unchanged; its status is known when this returns."""
        return _events(self._send("POST", "/chat/completions", body, stream=True))

    def models(self) -> list[dict[str, Any]]:
        """The upstream's model objects, remembered for five minutes. Raises Problem."""
        read_at, models = self._models
        if time.monotonic() - read_at > _MODELS_TTL_S or not models:
            models = [
                {"id": m["id"], "object": "model", "created": m.get("created", 0), "owned_by": m.get("owned_by", "")}
                for m in self._send("GET", "/models", None, stream=False).json()["data"]
            ]
            self._models = (time.monotonic(), models)
        return models

    def _send(self, method: str, path: str, body: dict[str, Any] | None, *, stream: bool) -> "requests.Response":
        import requests

        try:
            response = self._session.request(
                method,
                self._url + path,
                data=None if body is None else dumps(body).encode(),
                headers={"content-type": "application/json"},
                stream=stream,
                timeout=(_CONNECT_S, _READ_S),
                allow_redirects=False,
            )
        except requests.Timeout:
            raise Problem("timeout") from None
        except requests.RequestException as error:
            logger.error("provider error", provider="upstream", error=type(error).__name__)
            raise Problem("service_unavailable") from None
        if response.status_code != 200:
            raise _problem(response)
        return response


def _events(response: "requests.Response") -> Iterator[bytes]:
    """Whole events, so that no client reads half of one before an error."""
    import requests

    with response:
        pending = b""
        try:
            for piece in response.iter_content(chunk_size=None):
                pending += piece
                *events, pending = pending.split(b"\n\n")
                if events:
                    yield b"\n\n".join(events) + b"\n\n"
        except requests.RequestException:
            yield event(Problem("upstream_error").body)


def _problem(response: "requests.Response") -> Problem:
    status = response.status_code
    logger.warning("provider error", provider="upstream", status=status)
    if status not in _PASSED_ON:
        return Problem("internal_error" if status in (401, 403) else "upstream_error")
    try:
        error = json.loads(response.content)["error"]
        message = str(error["message"])
    except (ValueError, KeyError, TypeError):
        error, message = {}, "The provider refused the request."
    retry_after = response.headers.get("retry-after", "")
    return ForeignProblem(
        status, {**error, "message": message}, retry_after_s=int(retry_after) if retry_after.isdigit() else None
    )
