"""The invocation's time limit: two alarms before Lambda would kill the process.

The first is for the function: `in_time` raises TimeIsUp while there is time for a clean end. The second, shortly before
the process is lost, is for what did not listen: a stream that hangs would otherwise be cut off without a word.

The times of one invocation are kept here, for a process works on one at a time. Under a runtime without an alarm no end
is in sight: `ends_at` is infinite and nothing rings.
"""

import signal
import time
from collections.abc import Callable, Iterator
from math import inf
from typing import ParamSpec, TypeVar

from pennyworth.runtime.faults import DeadlineExceeded

_MARGIN_S = 0.2  # to close the handler's generator, and to send what is left to say
# To end an answer cleanly. API Gateway's own 15 minutes begin before the function's, by the time of a cold start.
_EARLY_S, _EARLY_PART = 5.0, 0.25  # seconds before the limit; of a short limit no more than this part
_AFTER_S = 0.1  # so much later end waits that an alarm cannot interrupt: those of other threads

Arguments = ParamSpec("Arguments")
Result = TypeVar("Result")
Item = TypeVar("Item")


class TimeIsUp(BaseException):
    """The time to end the answer cleanly has come. No Exception, so that nobody takes it for a failure of a call."""


class _Invocation:
    """What is known of the time of the invocation at work."""

    ends_at = inf  # a reading of time.monotonic
    up = False
    listening = False  # whether some code of ours wants to be interrupted


def ends_at() -> float:
    """When a wait must end at the latest, as a reading of `time.monotonic`; infinity where nobody says."""
    return _Invocation.ends_at + _AFTER_S


class in_time:  # noqa: N801 -- `with in_time():` reads as what it does
    """Raises TimeIsUp in the block, once the time is up; at once if it was before. In the main thread alone."""

    __slots__ = ("_before",)

    def __enter__(self) -> None:
        self._before = _Invocation.listening
        _Invocation.listening = True
        if _Invocation.up:
            _Invocation.listening = self._before
            raise TimeIsUp

    def __exit__(self, *_: object) -> None:
        _Invocation.listening = self._before


def each_in_time(items: Iterator[Item]) -> Iterator[Item]:
    """The same items. Raises TimeIsUp while it waits for one, never while one is made use of."""
    while True:
        with in_time():
            try:
                item = next(items)
            except StopIteration:
                return
        yield item


class Alarm:
    """Raises inside the function's own code, and nowhere else: half a chunk written would spoil the answer. First
    TimeIsUp where that is listened for, then DeadlineExceeded wherever it is. One a process, in the main thread."""

    def __init__(self) -> None:
        self.rang = False  # for the last time
        self._interrupts = False
        self._last_at = inf
        signal.signal(signal.SIGALRM, self._ring)

    def arm(self, deadline_ms: int) -> None:
        """Ring before the deadline (unix milliseconds)."""
        self.rang = self._interrupts = False
        left_s = max(deadline_ms / 1000 - time.time(), 0)
        now = time.monotonic()
        self._last_at = now + left_s - _MARGIN_S
        _Invocation.up = _Invocation.listening = False
        _Invocation.ends_at = now + left_s - min(_EARLY_S, left_s * _EARLY_PART)
        _set(min(_Invocation.ends_at, self._last_at))

    def disarm(self) -> None:
        signal.setitimer(signal.ITIMER_REAL, 0)
        _Invocation.ends_at, _Invocation.up = inf, False

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
        if time.monotonic() >= self._last_at:
            self.rang = _Invocation.up = True
            if self._interrupts:
                raise DeadlineExceeded
            return
        _set(self._last_at)
        _Invocation.up = True
        if self._interrupts and _Invocation.listening:
            raise TimeIsUp


def _set(at: float) -> None:
    signal.setitimer(signal.ITIMER_REAL, max(at - time.monotonic(), 0.001))
