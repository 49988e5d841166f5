"""An event stream as its reader sees it: event types and payloads, or an AwsError."""

from collections.abc import Generator, Iterator, Mapping
from time import monotonic

from pennyworth.aws.connection import Response
from pennyworth.aws.error import TransportError, exception
from pennyworth.aws.eventstream import CorruptStreamError, Decoder


class Events(Iterator[tuple[str, bytes]]):
    """An open event stream: (event type, payload) per message.

    An exception in the stream, a cut or a corrupt stream raises AwsError. Read to its end, its connection serves the
    next request; closed earlier, or dropped, the connection is closed.
    """

    def __init__(self, response: Response, timeout_s: float) -> None:
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._messages = _messages(response, timeout_s)

    def __next__(self) -> tuple[str, bytes]:
        return next(self._messages)

    def close(self) -> None:
        """Give up the rest. Harmless at the end."""
        self._messages.close()
        self._response.close()  # a generator that never ran cleans nothing up

    __del__ = close


def _messages(response: Response, timeout_s: float) -> Generator[tuple[str, bytes], None, None]:
    decoder = Decoder()
    try:
        while piece := response.read(monotonic() + timeout_s):
            for headers, payload in decoder.feed(piece):
                if headers.get(":message-type") != "event":
                    raise exception(headers, payload)
                yield headers.get(":event-type", ""), payload
        decoder.finish()
    except CorruptStreamError as error:
        raise TransportError("ConnectionError", f"event stream: {error}", sent=True, answered=True) from None
    finally:
        response.close()
