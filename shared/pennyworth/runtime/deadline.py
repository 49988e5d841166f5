"""The invocation's time limit: an alarm shortly before Lambda would kill the process.

A stream that waits for a slow model would otherwise be cut off without a word, and the process lost with it.
"""

import signal
import time
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from pennyworth.runtime.faults import DeadlineExceeded

_MARGIN_S = 0.2  # to close the handler's generator, and to send what is left to say

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")


class Alarm:
    """Raises DeadlineExceeded inside the function's own code, and nowhere else: half a chunk written would spoil the
    answer. One a process, in the main thread."""

    def __init__(self) -> None:
        self.rang = False
        self._interrupts = False
        signal.signal(signal.SIGALRM, self._ring)

    def arm(self, deadline_ms: int) -> None:
        """Ring once, a margin before the deadline (unix milliseconds)."""
        self.rang = self._interrupts = False
        signal.setitimer(signal.ITIMER_REAL, max(deadline_ms / 1000 - time.time() - _MARGIN_S, 0.001))

    def disarm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)

    def within(
        self, function: Callable[Arguments, Result], /, *args: Arguments.args, **kwargs: Arguments.kwargs
    ) -> Result:
        """Call the function's code; the alarm may interrupt it."""
        self._interrupts = True
        try:
            return function(*args, **kwargs)
        finally:
            self._interrupts = False

    def _ring(self, *_: object) -> None:
        self.rang = True
        if self._interrupts:
            raise DeadlineExceeded
