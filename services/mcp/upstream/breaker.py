"""When a server that fails is left alone for a while."""

import time
from collections.abc import Callable
from threading import Lock

_FAILURES = 3  # in a row
_OPEN_S = 30.0


class Breaker:
    """Closed, it lets everyone through; opened by failures in a row, nobody; after a while, one who tries.

    One a process and server: what other processes of the gateway have seen, it does not know.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic, failures: int = _FAILURES, open_s: float = _OPEN_S):
        self._clock, self._most, self._open_s = clock, failures, open_s
        self._lock = Lock()
        self._failures = 0
        self._opened_at = float("-inf")

    def admits(self) -> bool:
        """Whether to ask. Who is let through says how it went; until then, or a while later, nobody else tries."""
        with self._lock:
            if self._failures < self._most:
                return True
            if self._clock() - self._opened_at < self._open_s:
                return False
            self._opened_at = self._clock()
            return True

    def succeeded(self) -> None:
        with self._lock:
            self._failures = 0

    def failed(self) -> None:
        with self._lock:
            self._failures += 1
            self._opened_at = self._clock()

    @property
    def left_s(self) -> float:
        """Seconds until somebody may try."""
        return max(0.0, self._open_s - (self._clock() - self._opened_at))
