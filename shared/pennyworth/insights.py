"""One query of CloudWatch Logs Insights, from its start to its rows. Who sends the calls to AWS is handed in.

Insights bills what it scans (0.005 dollars a GB), and runs a hundred queries at once for an account in a Region.
"""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any, Protocol

from pennyworth.errors import Problem

MOST_ROWS = 10_000  # of a query
LONGEST = 10_000  # characters of a query
_TIME_S = 20.0  # of the 29 that API Gateway waits
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_UNDER_WAY = frozenset({"Scheduled", "Running"})
_MALFORMED = "MalformedQueryException"
_PROBE_S = 60

Rows = list[dict[str, str]]


class Call(Protocol):
    def __call__(self, operation: str, parameters: Mapping[str, Any], *, answer: str = "") -> Mapping[str, Any] | None:
        """What CloudWatch Logs answers; None where it refuses with the code `answer`. Raises Problem."""


class Insights:
    """Every method may raise the Problems of `call`."""

    def __init__(
        self,
        call: Call,
        log_groups: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._call, self._log_groups = call, list(log_groups)
        self._clock, self._sleep, self._now = clock, sleep, now

    def rows(
        self,
        query: str,
        since_s: int,
        until_s: int,
        *,
        within_s: float = _TIME_S,
        scanned: Callable[[int], None] = lambda _: None,
    ) -> Rows:
        """What the query finds between two times in unix seconds, both included: each row's fields by name. `scanned`
        is told how many bytes it has looked through by then, as often as that is known.

        Raises Problem query_timeout when it takes longer than that; the query is stopped then.
        """
        until = self._clock() + within_s
        query_id = self._started(query, since_s, until_s, scanned)
        if query_id is None:
            return []
        try:
            return self._awaited(query_id, until, within_s, scanned)
        except BaseException:  # nobody waits for it any more, and it goes on looking through the log
            with suppress(Problem):
                self._stop(query_id)
            raise

    def _awaited(
        self, query_id: str, until: float, within_s: float, scanned: Callable[[int], None]
    ) -> list[dict[str, str]]:
        for pause_s in _pauses():
            answer = self._looked_at(query_id, scanned)
            if answer["status"] == "Complete":
                return [{each["field"]: each["value"] for each in row} for row in answer["results"]]
            if answer["status"] not in _UNDER_WAY:
                raise Problem("service_unavailable", retry_after_s=2)
            if self._clock() + pause_s > until:
                break
            self._sleep(pause_s)
        raise Problem("query_timeout", limit=f"{within_s:.0f} s")

    def _looked_at(self, query_id: str, scanned: Callable[[int], None]) -> Mapping[str, Any]:
        answer = self._call("GetQueryResults", {"queryId": query_id}) or {}
        scanned(int(answer.get("statistics", {}).get("bytesScanned", 0)))
        return answer

    def _stop(self, query_id: str) -> None:
        """Where that fails it ends by itself, later."""
        self._call("StopQuery", {"queryId": query_id}, answer="InvalidParameterException")

    def _started(self, query: str, since_s: int, until_s: int, scanned: Callable[[int], None]) -> str | None:
        """The query's id; None for a time before all logs, which CloudWatch calls a malformed query. Whether it means
        that, or us, the same query over the last minute tells: by being taken, so it is stopped then, and counts."""
        started = self._call("StartQuery", self._wanted(query, since_s, until_s), answer=_MALFORMED)
        if started is not None:
            return str(started["queryId"])
        now = int(self._now())
        probe = self._call("StartQuery", self._wanted(query, now - _PROBE_S, now)) or {}
        with suppress(Problem):
            self._stop(str(probe["queryId"]))
            self._looked_at(str(probe["queryId"]), scanned)
        return None

    def _wanted(self, query: str, since_s: int, until_s: int) -> Mapping[str, Any]:
        return {
            "logGroupNames": self._log_groups,
            "startTime": since_s,
            "endTime": until_s,
            "queryString": query,
            "limit": MOST_ROWS,
        }


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
