"""An event stream as its reader sees it: event types and payloads, or an AwsError."""

from collections.abc import Generator, Iterator, Mapping
from math import inf
from time import monotonic

from pennyworth.aws.connection import Response
from pennyworth.aws.error import TransportError, exception
from pennyworth.aws.eventstream import CorruptStreamError, Decoder, Message


class Events(Iterator[tuple[str, bytes]]):
    """An open event stream: (event type, payload) per message.

    `pending` says whether the next message has arrived already: what is made of this one may then leave together with
    what is made of that one. An exception in the stream, a cut or a corrupt stream raises AwsError. Read to its end,
    its connection serves the next request; closed earlier, or dropped, the connection is closed.
    """

    def __init__(self, response: Response, timeout_s: float, deadline: float = inf) -> None:
        self.headers: Mapping[str, str] = response.headers
        self.pending = False
        self._response = response
        self._messages = _messages(response, timeout_s, deadline)

    def __next__(self) -> tuple[str, bytes]:
        kind, payload, self.pending = next(self._messages)
        return kind, payload

    def close(self) -> None:
        """Give up the rest. Harmless at the end."""
        self._messages.close()
        self._response.close()  # a generator that never ran cleans nothing up

    __del__ = close


def _messages(response: Response, timeout_s: float, deadline: float) -> Generator[tuple[str, bytes, bool], None, None]:
    decoder = Decoder()
    try:
        while piece := response.read(min(monotonic() + timeout_s, deadline)):
            batch, corrupt = _decoded(decoder, piece)
            left = len(batch)
            for headers, payload in batch:
                if headers.get(":message-type") != "event":
                    raise exception(headers, payload)
                left -= 1
                yield headers.get(":event-type", ""), payload, left > 0
            if corrupt is not None:
                raise corrupt
        decoder.finish()
    except CorruptStreamError as error:
        raise TransportError("ConnectionError", f"event stream: {error}", sent=True, answered=True) from None
    finally:
        response.close()


def _decoded(decoder: Decoder, piece: bytes) -> tuple[list[Message], CorruptStreamError | None]:
    """The messages a piece completes, and what is wrong after them."""
    batch: list[Message] = []
    try:
        batch.extend(decoder.feed(piece))
    except CorruptStreamError as error:
        return batch, error
    return batch, None
