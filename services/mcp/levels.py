"""The least severe log messages that clients of the handshake revisions asked for.

They say it once, for a session, and there is none here: so it is kept by the caller's key, in this process alone, until
the next handshake. Another instance of the function does not know of it, and sends what is usual.
"""

from collections import OrderedDict
from dataclasses import dataclass

USUAL = "info"  # what a server sends by itself: all that is not for debugging
_MOST = 10_000  # callers


@dataclass(slots=True)
class Level:
    """Of one caller; one of notices.LOG_LEVELS."""

    name: str = USUAL


class Levels:
    """Of this process, the callers that asked last."""

    def __init__(self, most: int = _MOST) -> None:
        self._most = most
        self._kept: OrderedDict[str, Level] = OrderedDict()

    def of(self, caller: str) -> Level:
        level = self._kept.pop(caller, None) or Level()
        self._kept[caller] = level
        if len(self._kept) > self._most:
            self._kept.popitem(last=False)
        return level
