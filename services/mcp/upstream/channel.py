"""One message to a server and what comes back for it, over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pennyworth.http import dumps
from services.mcp.upstream import frames
from services.mcp.upstream.credentials import Proof
from services.mcp.upstream.faults import BadStatus, Unreachable
from services.mcp.upstream.web import Answer, Web

ACCEPT = {"content-type": "application/json", "accept": "application/json, text/event-stream"}
JSON = "application/json"
STREAM = "text/event-stream"
SESSION = "mcp-session-id"

Headers = Mapping[str, str]
Message = Mapping[str, Any]


def _nothing() -> None:
    """What there is to close of an answer that came whole."""


@dataclass(frozen=True, slots=True)
class Reply:
    """Messages up to the end of the answer; none for a notification. Close it."""

    headers: Headers  # by lower-case name
    messages: Iterator[dict[str, Any]]  # raises Unreachable
    close: Callable[[], None] = _nothing


class Channel(Protocol):
    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        """Raises Unreachable; BadStatus for a status that is an error, unless the body is a JSON-RPC error."""

    def end(self, headers: Headers, deadline: float) -> None:
        """Say that the session of these headers is over. Raises Unreachable."""

    def shows(self, text: str) -> bool:
        """Whether the text holds a secret of the gateway's."""

    def close(self) -> None:
        """Close what is idle."""


class HttpChannel:
    """Streamable HTTP."""

    def __init__(self, url: str, web: Web, proof: Proof, max_bytes: int) -> None:
        self._url, self._web, self._proof, self._max_bytes = url, web, proof, max_bytes

    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        again = message.get("method") != "tools/call"
        answer = self._send("POST", dumps(message).encode(), {**ACCEPT, **headers}, deadline, again=again)
        try:
            return Reply(answer.headers, _messages(answer, in_session=SESSION in headers), answer.close)
        except BaseException:
            answer.close()
            raise

    def end(self, headers: Headers, deadline: float) -> None:
        self._send("DELETE", b"", headers, deadline).close()

    def shows(self, text: str) -> bool:
        return self._proof.shows(text)

    def close(self) -> None:
        self._web.close()

    def _send(self, method: str, body: bytes, headers: Headers, deadline: float, *, again: bool = True) -> Answer:
        answer = self._sent(method, body, headers, deadline, again)
        if answer.status == 401 and self._proof.renewed():  # refused, it has done nothing
            answer.close()
            answer = self._sent(method, body, headers, deadline, again)
        return answer

    def _sent(self, method: str, body: bytes, headers: Headers, deadline: float, again: bool) -> Answer:
        proven = self._proof.headers(method, self._url, headers, body, deadline)
        return self._web.request(method, self._url, proven, body, deadline, self._max_bytes, again=again)


def _messages(answer: Answer, *, in_session: bool) -> Iterator[dict[str, Any]]:
    if answer.status == 404 and in_session:
        raise BadStatus(404)  # it knows the session no more, whatever else it says
    if answer.status in (202, 204):
        return iter(())
    if answer.status != 200:
        return iter((_error(answer),))
    if answer.content_type == STREAM:
        return frames.events(answer.pieces())
    if answer.content_type == JSON:
        return iter((frames.message(answer.whole()),))
    raise Unreachable("answered with neither JSON nor an event stream")


def _error(answer: Answer) -> dict[str, Any]:
    """The JSON-RPC error in the body. Raises BadStatus where there is none."""
    try:
        found = frames.message(answer.whole()) if answer.content_type == JSON else {}
    except Unreachable:
        found = {}
    if answer.status < 400 or answer.status in (401, 403) or not isinstance(found.get("error"), dict):
        raise BadStatus(answer.status)
    return found
