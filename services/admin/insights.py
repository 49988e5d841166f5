"""The edge to CloudWatch Logs Insights: one query, from its start to its rows.

Insights bills what it scans (0.005 dollars a GB), and runs a hundred queries at once for an account in a Region.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any

from pennyworth.errors import Problem
from services.admin.aws import Fault, call

MOST_ROWS = 10_000  # of a query
LONGEST = 10_000  # characters of a query
_TIME_S = 20.0  # of the 29 that API Gateway waits
_FIRST_PAUSE_S, _LONGEST_PAUSE_S = 0.1, 1.0
_UNDER_WAY = frozenset({"Scheduled", "Running"})
_MALFORMED = "MalformedQueryException"
_PROBE_S = 60

Rows = list[dict[str, str]]


class Insights:
    """Every method may raise the Problems of `aws.call`."""

    def __init__(
        self,
        client: Any,
        log_groups: Sequence[str],
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
        now: Callable[[], float] = time.time,
    ) -> None:
        self._client, self._log_groups = client, list(log_groups)
        self._clock, self._sleep, self._now = clock, sleep, now

    def rows(self, query: str, since_s: int, until_s: int, *, within_s: float = _TIME_S) -> Rows:
        """What the query finds between two times in unix seconds, both included: each row's fields by name.

        Raises Problem query_timeout when it takes longer than that; the query is stopped then.
        """
        until = self._clock() + within_s
        query_id = self._started(query, since_s, until_s)
        if query_id is None:
            return []
        for pause_s in _pauses():
            answer = call(self._client, "GetQueryResults", {"queryId": query_id})
            if answer["status"] == "Complete":
                return [{each["field"]: each["value"] for each in row} for row in answer["results"]]
            if answer["status"] not in _UNDER_WAY:
                raise Problem("service_unavailable", retry_after_s=2)
            if self._clock() + pause_s > until:
                break
            self._sleep(pause_s)
        with suppress(Problem):  # it ends by itself, later
            call(self._client, "StopQuery", {"queryId": query_id}, answers=("InvalidParameterException",))
        raise Problem("query_timeout", limit=f"{within_s:.0f} s")

    def _started(self, query: str, since_s: int, until_s: int) -> str | None:
        """The query's id; None for a time before all logs, which CloudWatch calls a malformed query. Whether it means
        that, or us, the same query over the last minute tells."""
        try:
            return self._start(query, since_s, until_s, answers=(_MALFORMED,))
        except Fault as fault:
            if fault.aws_code != _MALFORMED:
                raise
        now = int(self._now())
        self._start(query, now - _PROBE_S, now)
        return None

    def _start(self, query: str, since_s: int, until_s: int, answers: tuple[str, ...] = ()) -> str:
        wanted = {
            "logGroupNames": self._log_groups,
            "startTime": since_s,
            "endTime": until_s,
            "queryString": query,
            "limit": MOST_ROWS,
        }
        query_id: str = call(self._client, "StartQuery", wanted, answers=answers)["queryId"]
        return query_id


def _pauses() -> Iterator[float]:
    pause_s = _FIRST_PAUSE_S
    while True:
        yield pause_s
        pause_s = min(pause_s * 1.5, _LONGEST_PAUSE_S)
