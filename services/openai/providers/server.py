"""An OpenAI-compatible provider's HTTP API, and the key for it."""

import time
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit, urlunsplit

from pennyworth.errors import ForeignProblem, Problem
from pennyworth.http import dumps
from pennyworth.logs import logger
from pennyworth.secret import Secret
from pennyworth.settings import Endpoint
from services.openai.providers.provider import LONGEST_WAIT_S
from services.openai.refusal import texts

if TYPE_CHECKING:
    import requests

_CONNECT_S = 5
_LIST_S = 5.0  # a list of models must not wait for one that does not answer: the catalogue's are in it too
_MODELS_TTL_S = 300
# What the provider says about the request is the client's to read. What it says about our key is not.
_PASSED_ON = frozenset({400, 404, 409, 413, 415, 422, 429})


class Server:
    """A base URL and what is kept open to it; one a process."""

    def __init__(self, name: str, endpoint: Endpoint, key: Secret | None) -> None:
        import requests  # 100 ms that only an installation with such a provider pays

        self.name = name
        self._url, self._header, self._key = urlsplit(endpoint.url), endpoint.key_header.lower(), key
        self._session = requests.Session()
        self._session.trust_env = False  # no proxy, no .netrc: the key goes to this URL alone
        self.responds = endpoint.responses  # whether it has POST /responses itself
        self.tells_usage = endpoint.stream_usage  # whether a stream may be asked for its usage
        self.unreasoning = set[str]()  # its models that were found to have no reasoning to give
        self._models: tuple[float, list[dict[str, Any]]] = (float("-inf"), [])

    def post(
        self, path: str, body: dict[str, Any], *, stream: bool = False, wait_s: float = LONGEST_WAIT_S
    ) -> "requests.Response":
        """The answer, of status 200; a stream's is open. Raises Problem."""
        return self._send("POST", path, dumps(body).encode(), stream=stream, wait_s=wait_s)

    def models(self) -> list[dict[str, Any]]:
        """The provider's model objects, remembered for five minutes. Raises Problem."""
        read_at, models = self._models
        if time.monotonic() - read_at > _MODELS_TTL_S:
            listed = document(self._send("GET", "/models", None, stream=False, wait_s=_LIST_S))
            try:
                models = [_card(model) for model in listed["data"]]
            except (KeyError, TypeError):
                raise Problem("upstream_error") from None
            self._models = (time.monotonic(), models)
        return models

    def close(self) -> None:
        """Close the idle connections."""
        self._session.close()

    def problem(self, status: int, error: object, retry_after_s: int | None = None) -> Problem:
        """What a client reads of an answer of that status, or of an error object that came with a status like it."""
        logger.warning("provider error", provider=self.name, status=status)
        if status not in _PASSED_ON:
            return Problem("internal_error" if status in (401, 403) else "upstream_error")
        told = texts(error)
        if self._key and any(text and self._key.shows(text) for text in told.values()):
            return Problem("upstream_error")  # some say 400 of a key they do not know, and quote it
        return ForeignProblem(status, told, retry_after_s=retry_after_s)

    def _send(self, method: str, path: str, body: bytes | None, *, stream: bool, wait_s: float) -> "requests.Response":
        key = self._key.value() if self._key else ""
        response = self._exchange(method, path, body, key, stream=stream, wait_s=wait_s)
        if response.status_code == 401 and self._key:
            another = self._key.value(refused=key)
            if another != key:  # it was changed meanwhile
                response.close()
                response = self._exchange(method, path, body, another, stream=stream, wait_s=wait_s)
        if response.status_code != 200:
            with response:
                raise self.problem(response.status_code, _error(response), _retry_after_s(response))
        return response

    def _exchange(
        self, method: str, path: str, body: bytes | None, key: str, *, stream: bool, wait_s: float
    ) -> "requests.Response":
        import requests

        headers = {"content-type": "application/json"}
        if key:
            headers[self._header] = f"Bearer {key}" if self._header == "authorization" else key
        try:
            return self._session.request(
                method,
                urlunsplit(self._url._replace(path=self._url.path.rstrip("/") + path)),
                data=body,
                headers=headers,
                stream=stream,
                timeout=(_CONNECT_S, wait_s),
                allow_redirects=False,
            )
        except requests.ReadTimeout:
            raise Problem("timeout") from None
        except requests.RequestException as error:
            logger.error("provider error", provider=self.name, error=type(error).__name__)
            raise Problem("service_unavailable") from None


def document(response: "requests.Response") -> dict[str, Any]:
    """The JSON object of an answer. Raises Problem."""
    try:
        read = response.json()
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise Problem("upstream_error")
    return read


def _card(model: dict[str, Any]) -> dict[str, Any]:
    """Raises KeyError and TypeError for what is no model object."""
    if not isinstance(model["id"], str):
        raise TypeError("an id that is no text")
    made = {"created": model.get("created", 0), "owned_by": model.get("owned_by", "")}
    return {"id": model["id"], "object": "model", **made}


def _error(response: "requests.Response") -> object:
    try:
        return response.json()["error"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def _retry_after_s(response: "requests.Response") -> int | None:
    """Whole seconds; a date is no form such a provider sends."""
    given = response.headers.get("retry-after", "").strip()
    return int(given) if given.isascii() and given.isdigit() and len(given) < 9 else None
