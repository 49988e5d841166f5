"""When keys were last used, as far as the logs tell: no list waits long for it, and none fails.

A search of the log is billed by what it looks through, and whoever may list their own keys may do so all day. So there
is one search for everybody's keys, once in ASKED_EVERY_S of an installation, from where the last one ended. What it
found lies in the bucket, and whoever would search claims that by a conditional write first.
"""

import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from dataclasses import replace
from decimal import Decimal
from functools import cache

from pennyworth.errors import Problem
from pennyworth.insights import MOST_ROWS, Insights
from pennyworth.settings import settings
from services.admin.aws import client
from services.admin.insights import queries
from services.admin.objects import Objects
from services.admin.sightings import Sightings

OBJECT = "ledger/last-use.json"
_TIME_S = 3.0
_QUERY = (
    'filter message = "request" and ispresent(key_id) and key_id != ""\n'
    "| stats max(toMillis(@timestamp)) as used_ms by key_id\n"
    "| sort used_ms desc\n"
    f"| limit {MOST_ROWS}"
)


class LastUse:
    """Of this process."""

    def __init__(self, insights: Insights, objects: Objects, clock: Callable[[], float] = time.time) -> None:
        self._insights, self._objects, self._clock = insights, objects, clock
        self._known = Sightings()

    def of(self, key_ids: Iterable[str]) -> dict[str, int | None]:
        """Unix seconds by key; None for those not seen, and for all while the log could not be asked."""
        wanted, now = list(key_ids), self._clock()
        if wanted and self._known.due(now):
            self._known = replace(self._known, asked_at=int(now))  # also where S3 does not answer
            with suppress(Problem):  # logged where it matters; the list is worth more than this column
                self._known = self._read(now)
        return {key: self._known.keys.get(key) for key in wanted}

    def _read(self, now: float) -> Sightings:
        stored = self._objects.read(OBJECT)
        kept = Sightings.parse(stored.body) if stored else Sightings()
        if not kept.due(now):
            return kept
        claimed = replace(kept, asked_at=int(now))
        version = self._objects.write(OBJECT, claimed.dump(), stored.version if stored else "")
        return claimed if version is None else self._searched(claimed, version, now)

    def _searched(self, claimed: Sightings, version: str, now: float) -> Sightings:
        start = claimed.start(now)
        try:
            rows = self._insights.rows(_QUERY, start, int(now), within_s=_TIME_S)
        except Problem as problem:
            if problem.code != "query_timeout":
                return claimed
            found = claimed.shorter()
        else:
            used = {row["key_id"]: int(Decimal(row["used_ms"])) // 1000 for row in rows if "key_id" in row}
            found = claimed.with_(used, start, now)
        with suppress(Problem):
            self._objects.write(OBJECT, found.dump(), version)
        return found


@cache
def last_use() -> LastUse:
    # Sent once: what is slow shows nothing.
    objects = Objects(client("s3", attempts=1, read_timeout_s=_TIME_S), settings().bucket)
    return LastUse(queries(client("logs", attempts=1), settings().usage_logs), objects)
