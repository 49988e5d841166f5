"""When keys were last used, as far as the logs tell: no list waits long for it, and none fails."""

import time
from collections.abc import Callable, Iterable
from decimal import Decimal
from functools import cache
from typing import NamedTuple

from pennyworth.errors import Problem
from pennyworth.insights import Insights
from pennyworth.records import literal
from pennyworth.settings import settings
from services.admin.aws import client
from services.admin.insights import queries

LOOKED_BACK_S = 30 * 86_400  # a key that was not used for longer shows nothing
_TIME_S = 3.0
_KEPT_S = 60.0  # who lists again and again does not search the log each time


class Seen(NamedTuple):
    at: int | None  # unix seconds; None for a key that was not seen
    read_at: float


class LastUse:
    """Of this process."""

    def __init__(self, insights: Insights, clock: Callable[[], float] = time.time) -> None:
        self._insights, self._clock = insights, clock
        self._seen: dict[str, Seen] = {}

    def of(self, key_ids: Iterable[str]) -> dict[str, int | None]:
        """Unix seconds by key, by one query for all; None for those not seen, and for all of which the log could not be
        asked in time."""
        wanted, now = list(key_ids), self._clock()
        self._seen = {key: seen for key, seen in self._seen.items() if now - seen.read_at < _KEPT_S}
        missing = [key for key in wanted if key not in self._seen]
        if missing:
            self._read(missing, now)
        return {key: self._seen[key].at if key in self._seen else None for key in wanted}

    def _read(self, key_ids: list[str], now: float) -> None:
        try:
            rows = self._insights.rows(text(key_ids), int(now) - LOOKED_BACK_S, int(now), within_s=_TIME_S)
        except Problem:  # logged where it matters; the list is worth more than this column
            return
        found = {row["key_id"]: int(Decimal(row["used_ms"])) // 1000 for row in rows if "key_id" in row}
        self._seen |= {key: Seen(found.get(key), now) for key in key_ids}


def text(key_ids: Iterable[str]) -> str:
    listed = ", ".join(map(literal, key_ids))
    return (
        f'filter message = "request" and key_id in [{listed}]\n'
        "| stats max(toMillis(@timestamp)) as used_ms by key_id\n"
        "| limit 10000"
    )


@cache
def last_use() -> LastUse:
    # Sent once: what is slow shows nothing.
    return LastUse(queries(client("logs", attempts=1), settings().usage_logs))
