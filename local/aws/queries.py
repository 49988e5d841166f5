"""CloudWatch Logs Insights over moto's events: StartQuery, GetQueryResults, StopQuery and DescribeQueries, which moto
does by halves.

A query runs for a moment, as AWS's do, and what it finds is what there is when it ends.
"""

import json
import time
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time_millis
from moto.logs.responses import LogsResponse

from local.aws.evaluation import DEFAULT_LIMIT, Event, results
from local.aws.query_language import Command, MalformedQueryError, parse

RUNNING_S = 0.15
_CONCURRENT = 100  # queries at once, of an account in a Region
_GROUPS = 50  # of one query
_KEPT_S = 3600.0  # here; AWS keeps results for seven days


@dataclass
class Query:
    text: str
    commands: list[Command]
    groups: list[Any]
    start: int  # unix seconds, included, as `end`
    end: int
    most: int
    started_at: float = field(default_factory=time.monotonic)
    created_ms: int = field(default_factory=lambda: time.time_ns() // 1_000_000)
    stopped: bool = False
    rows: list[dict[str, str]] | None = None
    scanned: int = 0
    bytes_scanned: int = 0

    @property
    def running(self) -> bool:
        return not self.stopped and time.monotonic() < self.started_at + RUNNING_S

    @property
    def status(self) -> str:
        return "Cancelled" if self.stopped else "Running" if self.running else "Complete"

    def finish(self) -> list[dict[str, str]]:
        if self.rows is None:
            events = list(self._events())
            self.bytes_scanned = sum(len(each.message.encode()) for each in events)
            self.scanned, self.rows = len(events), results(self.commands, events, self.most)
        return self.rows

    def _events(self) -> Iterator[Event]:
        for group in self.groups:
            for name, stream in group.streams.items():
                for event in stream.events:
                    if self.start * 1000 <= event.timestamp < (self.end + 1) * 1000:
                        yield Event(event.timestamp, event.message, f"{group.account_id}:{group.name}", name)


class QueryActions(LogsResponse):
    # Account and Region → id → query.
    queries: ClassVar[defaultdict[tuple[str, str], dict[str, Query]]] = defaultdict(dict)

    def start_query(self) -> str:
        queries = self._queries()
        for old in [key for key, each in queries.items() if each.started_at + _KEPT_S < time.monotonic()]:
            del queries[old]
        if sum(each.running for each in queries.values()) >= _CONCURRENT:
            raise JsonRESTError("LimitExceededException", "Account maximum query concurrency limit has been reached.")
        if self._get_param("queryLanguage") not in (None, "CWLI"):
            raise _invalid("This stand-in knows Logs Insights QL alone.")
        start, end = self._get_param("startTime"), self._get_param("endTime")
        if start > end:
            raise _invalid("The start time is after the end time.")
        groups = [self._group(name) for name in self._names()]
        text = self._get_param("queryString")
        commands = _compiled(lambda: parse(text))
        _compiled(lambda: results(commands, []))  # what is wrong in it shows without any event, too
        _require_kept(groups, end)
        query = Query(text, commands, groups, start, end, self._get_param("limit") or DEFAULT_LIMIT)
        query_id = str(uuid4())
        queries[query_id] = query
        return json.dumps({"queryId": query_id})

    def get_query_results(self) -> str:
        query = self._query()
        if self._get_param("nextToken") or self._get_param("maxItems") is not None:
            raise _invalid("This stand-in shows a query's results in one piece.")
        rows = query.finish() if query.status == "Complete" else []
        shown = [[{"field": name, "value": value} for name, value in row.items()] for row in rows]
        counted = {
            "recordsMatched": float(len(rows)),
            "recordsScanned": float(query.scanned),
            "bytesScanned": float(query.bytes_scanned),
        }
        return json.dumps({"results": shown, "statistics": counted, "status": query.status})

    def stop_query(self) -> str:
        query = self._query()
        if not query.running:
            raise _invalid("Query is not running.")
        query.stopped = True
        return json.dumps({"success": True})

    def describe_queries(self) -> str:
        """Newest first, and in one piece."""
        name, status = self._get_param("logGroupName"), self._get_param("status")
        found = [
            {
                "queryId": key,
                "queryString": each.text,
                "status": each.status,
                "createTime": each.created_ms,
                "logGroupName": each.groups[0].name,
            }
            for key, each in reversed(self._queries().items())
            if status in (None, each.status) and (name is None or name in [group.name for group in each.groups])
        ]
        return json.dumps({"queries": found})

    def _queries(self) -> dict[str, Query]:
        return self.queries[self.current_account, self.region]

    def _query(self) -> Query:
        found = self._queries().get(self._get_param("queryId"))
        if found is None:
            raise JsonRESTError("ResourceNotFoundException", "The specified query does not exist.")
        return found

    def _names(self) -> list[str]:
        given = [self._get_param(name) for name in ("logGroupName", "logGroupNames", "logGroupIdentifiers")]
        (names,) = [each for each in given if each] if sum(map(bool, given)) == 1 else [None]
        if names is None:
            raise _invalid("Exactly one of logGroupName, logGroupNames and logGroupIdentifiers is needed.")
        names = [names] if isinstance(names, str) else names
        if len(names) > _GROUPS:
            raise _invalid(f"A query is of at most {_GROUPS} log groups.")
        return [name.rpartition(":log-group:")[2] for name in names]

    def _group(self, name: str) -> Any:
        group = self.logs_backend.groups.get(name)
        if group is None:
            raise JsonRESTError("ResourceNotFoundException", f"Log group '{name}' does not exist.")
        return group


def _compiled(made: Callable[[], Any]) -> Any:
    try:
        return made()
    except MalformedQueryError as error:
        raise JsonRESTError("MalformedQueryException", f"unexpected symbol found: {error}") from None


def _require_kept(groups: list[Any], end: int) -> None:
    """AWS refuses a time of which no log can tell."""
    kept = [max(unix_time_millis(each.creation_time), _retained_ms(each)) for each in groups]
    if end * 1000 + 999 < min(kept):
        raise JsonRESTError(
            "MalformedQueryException",
            "Query's end date and time is either before the log groups creation time or exceeds the log groups log "
            "retention settings",
        )


def _retained_ms(group: Any) -> float:
    days = getattr(group, "retention_in_days", None)
    return (time.time() - int(days) * 86_400) * 1000 if days else 0


def _invalid(message: str) -> JsonRESTError:
    return JsonRESTError("InvalidParameterException", message)
