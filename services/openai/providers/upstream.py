"""Any OpenAI-compatible upstream: client and provider speak the same language, so all passes unchanged."""

import json
import re
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pennyworth.errors import ForeignProblem, Problem
from pennyworth.http import dumps
from pennyworth.logs import logger
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.over_chat import OverChat
from services.openai.sse import event

if TYPE_CHECKING:
    import requests

_CONNECT_S, _READ_S = 5, 280  # less than the 5 minutes of silence after which API Gateway ends a stream
_LIST_S = 5  # a list of models must not wait for one that does not answer: the catalogue's are in it too
_MODELS_TTL_S = 300
_BLANK = re.compile(rb"\r?\n\r?\n")  # ends an event; some servers write lines as HTTP does
_USAGE = re.compile(rb'"usage"\s*:\s*\{')  # within a text the quotes would be escaped; most chunks say null
# What the upstream says about the request is the client's to read. What it says about our key is not.
_PASSED_ON = frozenset({400, 404, 409, 413, 415, 422, 429})


class Upstream(OverChat):
    """An OpenAI-compatible base URL and the key for it."""

    name = "upstream"
    price = None  # what it costs is between its owner and the operator

    def __init__(self, url: str, key: str) -> None:
        import requests  # 100 ms that only an installation with an upstream pays

        self._url = url
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the key goes to this URL alone
        if key:
            self._session.headers["authorization"] = f"Bearer {key}"
        self._models: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])

    def complete(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """The upstream's completion, unchanged. Raises Problem."""
        return _object(self._send("POST", "/chat/completions", body, stream=False))

    def stream(self, body: dict[str, Any], _: Envelope, meter: Meter) -> Iterator[bytes]:
        """The upstream's server-sent events, unchanged; its status is known when this returns. It tells its usage if
        the client asked for that."""
        return _metered(_events(self._send("POST", "/chat/completions", body, stream=True)), meter)

    def complete_prompt(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """As `complete`, of the older API."""
        return _object(self._send("POST", "/completions", body, stream=False))

    def stream_prompt(self, body: dict[str, Any], _: Envelope, meter: Meter) -> Iterator[bytes]:
        """As `stream`, of the older API."""
        return _metered(_events(self._send("POST", "/completions", body, stream=True)), meter)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The upstream's list of embeddings, unchanged. Raises Problem."""
        return _object(self._send("POST", "/embeddings", body, stream=False))

    def models(self) -> list[dict[str, Any]]:
        """The upstream's model objects, remembered for five minutes. Raises Problem."""
        read_at, models = self._models
        if time.monotonic() - read_at > _MODELS_TTL_S:
            listed = _object(self._send("GET", "/models", None, stream=False))
            try:
                models = [_card(model) for model in listed["data"]]
            except (KeyError, TypeError):
                raise Problem("upstream_error") from None
            self._models = (time.monotonic(), models)
        return models

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    def _send(self, method: str, path: str, body: dict[str, Any] | None, *, stream: bool) -> "requests.Response":
        import requests

        try:
            response = self._session.request(
                method,
                self._url + path,
                data=None if body is None else dumps(body).encode(),
                headers={"content-type": "application/json"},
                stream=stream,
                timeout=(_CONNECT_S, _READ_S if body else _LIST_S),
                allow_redirects=False,
            )
        except requests.Timeout:
            raise Problem("timeout") from None
        except requests.RequestException as error:
            logger.error("provider error", provider="upstream", error=type(error).__name__)
            raise Problem("service_unavailable") from None
        if response.status_code != 200:
            with response:
                raise _problem(response)
        return response


def _metered(events: Iterator[bytes], meter: Meter) -> Iterator[bytes]:
    for piece in events:
        if _USAGE.search(piece):
            for line in piece.splitlines():
                if _USAGE.search(line):
                    meter.read(_usage(line))
        yield piece


def _usage(line: bytes) -> object:
    try:
        return json.loads(line.removeprefix(b"data:")).get("usage")
    except (ValueError, AttributeError, RecursionError):
        return None


def _events(response: "requests.Response") -> Iterator[bytes]:
    """Whole events, so that no client reads half of one before an error."""
    import requests

    with response:
        pending = b""
        try:
            for piece in response.iter_content(chunk_size=None):
                pending += piece
                end = max((found.end() for found in _BLANK.finditer(pending)), default=0)
                if end:
                    yield pending[:end]
                    pending = pending[end:]
        except requests.RequestException:
            yield event(Problem("upstream_error").body)
        else:
            if pending.strip():  # some leave out the blank line after their last event
                yield pending.rstrip() + b"\n\n"


def _object(response: "requests.Response") -> dict[str, Any]:
    try:
        document = response.json()
    except ValueError:
        document = None
    if not isinstance(document, dict):
        raise Problem("upstream_error")
    return document


def _card(model: dict[str, Any]) -> dict[str, Any]:
    """Raises KeyError and TypeError for what is no model object."""
    if not isinstance(model["id"], str):
        raise TypeError("an id that is no text")
    made = {"created": model.get("created", 0), "owned_by": model.get("owned_by", "")}
    return {"id": model["id"], "object": "model", **made}


def _problem(response: "requests.Response") -> Problem:
    status = response.status_code
    logger.warning("provider error", provider="upstream", status=status)
    if status not in _PASSED_ON:
        return Problem("internal_error" if status in (401, 403) else "upstream_error")
    retry_after = response.headers.get("retry-after", "")
    retry_after_s = int(retry_after) if retry_after.isascii() and retry_after.isdigit() else None
    return ForeignProblem(status, _error(response), retry_after_s=retry_after_s)


def _error(response: "requests.Response") -> dict[str, str | None]:
    """The four fields of OpenAI's error object, as far as the upstream filled them with text."""
    try:
        error = response.json()["error"]
        fields = {name: error.get(name) for name in ("message", "type", "param", "code")}
    except (ValueError, KeyError, TypeError, AttributeError):
        fields = {}
    texts = {name: value if isinstance(value, str) else None for name, value in fields.items()}
    return {**texts, "message": texts.get("message") or "The provider refused the request."}
