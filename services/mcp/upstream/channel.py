"""One message to a server and what comes back for it, over HTTP."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Protocol

from pennyworth.http import dumps
from services.mcp.upstream import frames
from services.mcp.upstream.faults import BadStatus, Unreachable
from services.mcp.upstream.proven import Proven
from services.mcp.upstream.web import Answer

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

    def __init__(self, url: str, way: Proven) -> None:
        self._url, self._way = url, way

    def post(self, message: Message, headers: Headers, deadline: float) -> Reply:
        again = message.get("method") != "tools/call"
        body, sent = dumps(message).encode(), {**ACCEPT, **headers}
        answer = self._way.request("POST", self._url, sent, body, deadline, again=again)
        try:
            return Reply(answer.headers, _messages(answer, in_session=SESSION in headers), answer.close)
        except BaseException:
            answer.close()
            raise

    def end(self, headers: Headers, deadline: float) -> None:
        self._way.request("DELETE", self._url, headers, b"", deadline).close()

    def shows(self, text: str) -> bool:
        return self._way.shows(text)

    def close(self) -> None:
        self._way.close()


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
