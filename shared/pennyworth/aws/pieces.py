"""A body that is read as it comes, where AWS streams text and no event stream."""

from collections.abc import Generator, Iterator, Mapping
from math import inf
from time import monotonic

from pennyworth.aws.connection import Response


class Pieces(Iterator[bytes]):
    """The bytes of an open answer, as they arrive.

    A cut raises AwsError. Read to its end, its connection serves the next request; closed earlier, or dropped, the
    connection is closed.
    """

    def __init__(self, response: Response, timeout_s: float, deadline: float = inf) -> None:
        self.headers: Mapping[str, str] = response.headers
        self._response = response
        self._pieces = _pieces(response, timeout_s, deadline)

    def __next__(self) -> bytes:
        return next(self._pieces)

    def close(self) -> None:
        """Give up the rest. Harmless at the end."""
        self._pieces.close()
        self._response.close()  # a generator that never ran cleans nothing up

    __del__ = close


def _pieces(response: Response, timeout_s: float, deadline: float) -> Generator[bytes, None, None]:
    try:
        while piece := response.read(min(monotonic() + timeout_s, deadline)):
            yield piece
    finally:
        response.close()
