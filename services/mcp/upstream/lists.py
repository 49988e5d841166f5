"""What a server lists, kept for as long as it says, and a little longer when it does not answer."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any

from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.pages import Listed

_MOST_S = 3600.0  # whatever the server says: a day is longer than an administrator waits for a change
_LEAST_S = 5.0  # a call looks its tool up as well: one request is answered by one state of the list
_STALE_S = 24 * 3600.0  # for so long the last list stands in for one that does not come
_AGAIN_S = 10.0  # after a failure, before the next try

Items = Sequence[Mapping[str, Any]]


@dataclass
class _Kept:
    items: Items
    until: float
    read_at: float


class Lists:
    """By kind, of one server, for all who ask: the credentials are the gateway's own, so is what they show."""

    def __init__(self, fetch: Callable[[str], Listed], clock: Callable[[], float] = time.monotonic) -> None:
        """`fetch` raises Unreachable."""
        self._fetch, self._clock, self._lock = fetch, clock, Lock()
        self._kept: dict[str, _Kept] = {}
        self._failed: dict[str, tuple[float, Unreachable]] = {}

    def __call__(self, kind: str) -> Items:
        """Raises Unreachable where there is none, and has been none for a while."""
        with self._lock:
            kept, now = self._kept.get(kind), self._clock()
            if kept is not None and now < kept.until:
                return kept.items
            failed_at, fault = self._failed.get(kind, (float("-inf"), None))
            if fault is not None and now - failed_at < _AGAIN_S:
                return self._stale(kept, now, fault)
            try:
                found = self._fetch(kind)
            except Unreachable as why:
                self._failed[kind] = (self._clock(), why)
                return self._stale(kept, now, why)
            now = self._clock()
            life_s = min(max(found.ttl_ms / 1000, _LEAST_S), _MOST_S)
            self._failed.pop(kind, None)
            self._kept[kind] = _Kept(found.items, now + life_s, now)
            return found.items

    def doubt(self) -> None:
        """Have every list asked for again soon: whether it comes says how the server is."""
        with self._lock:
            for kept in self._kept.values():
                kept.until = min(kept.until, kept.read_at + _LEAST_S)

    def left_ms(self, kind: str) -> int:
        """How long the list may still be kept; 0 for one that is not there, or is over."""
        kept = self._kept.get(kind)
        return max(0, int((kept.until - self._clock()) * 1000)) if kept else 0

    def is_settled(self, kind: str) -> bool:
        """Whether asking for it now would ask nobody: it is known, or it was not to be had a moment ago."""
        failed_at, _ = self._failed.get(kind, (float("-inf"), None))
        return self.left_ms(kind) > 0 or self._clock() - failed_at < _AGAIN_S

    def _stale(self, kept: _Kept | None, now: float, why: Unreachable) -> Items:
        if kept is None or now - kept.read_at > _STALE_S:
            raise why
        return kept.items
