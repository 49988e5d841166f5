"""The edge to CloudWatch Logs: the records that audit.py wrote, read again."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from services.admin.aws import call

_PATTERN = '{ $.message = "audit" }'
_EVENTS = 1000  # a page
_EPOCH_MS = (
    1_704_067_200_000  # 2024-01-01: from there on CloudWatch reads backwards, and there was no installation before
)
_TIME_S = 20.0  # of the 29 that API Gateway waits
_PREFIX = "audit_log-"


class Cursor(NamedTuple):
    """A record's place in the log, which is its id: CloudWatch finds none by its own."""

    at_ms: int
    event: str  # CloudWatch's eventId

    def __str__(self) -> str:
        return f"{_PREFIX}{self.at_ms:x}-{self.event}"

    @classmethod
    def parse(cls, text: str) -> "Cursor":
        """Raises ValueError."""
        at, _, event = text.removeprefix(_PREFIX).partition("-")
        if not text.startswith(_PREFIX) or not event.isalnum() or len(text) > 200:
            raise ValueError("no id of a record")
        return cls(int(at, 16), event)


class Record(NamedTuple):
    cursor: Cursor
    line: dict[str, Any]  # as audit.py wrote it


class Trail:
    """FilterLogEvents costs nothing; its quota is some calls a second (5 to 25, by Region), and a page of the log can
    take a call though nothing in it matches. So there is a limit to the time."""

    def __init__(self, client: Any, log_group: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._client, self._log_group, self._clock = client, log_group, clock

    def newest_first(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        return self._records(since_ms, until_ms, startFromHead=False)

    def oldest_first(self, since_ms: int, until_ms: int) -> Iterator[Record]:
        return self._records(since_ms, until_ms, startFromHead=True)

    def _records(self, since_ms: int, until_ms: int, **direction: bool) -> Iterator[Record]:
        """Both ends included. Raises Problem when the log cannot be read to its end in time, and those of `call`."""
        until = self._clock() + _TIME_S
        wanted: dict[str, Any] = {
            "logGroupName": self._log_group,
            "filterPattern": _PATTERN,
            "startTime": max(since_ms, _EPOCH_MS),
            "endTime": until_ms,
            "limit": _EVENTS,
            **direction,
        }
        where: dict[str, str] = {}
        while wanted["startTime"] <= until_ms:
            answer = call(self._client, "FilterLogEvents", {**wanted, **where})
            for found in answer["events"]:
                yield Record(Cursor(found["timestamp"], found["eventId"]), json.loads(found["message"]))
            if not answer.get("nextToken"):
                return
            where = {"nextToken": answer["nextToken"]}
            if self._clock() >= until:
                raise _too_long()


def _too_long() -> Problem:
    reason = (
        "The log is too long to be read in one request. Ask for less time, with effective_at[gte] and effective_at[lt]."
    )
    return Problem("invalid_request", reason=reason)
