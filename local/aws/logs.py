"""CloudWatch Logs over moto: saved queries, and the search of a group, which moto lacks or does by halves."""

import json
from collections import defaultdict
from collections.abc import Callable
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time_millis
from moto.logs import urls

from local.aws import subscriptions
from local.aws.filter_pattern import matching
from local.aws.queries import QueryActions

_PAGE = 1000  # the most, and the default, of DescribeQueryDefinitions
_EVENTS = 10_000  # the most, and the default, of FilterLogEvents
_BACKWARDS_MS = 1_704_067_200_000  # 2024-01-01: nothing before can be read newest first
_KEPT = 20_000  # events of a stream: a machine that runs for days must not fill its memory with what was said


class LogActions(QueryActions):
    # Account and region → id → definition. Not in moto's backends: Lambda's may make those before this is imported.
    query_definitions: ClassVar[defaultdict[tuple[str, str], dict[str, dict[str, Any]]]] = defaultdict(dict)

    def put_log_events(self) -> str:
        answer: str = super().put_log_events()
        group = self.logs_backend.groups[self._get_param("logGroupName")]
        del group.streams[self._get_param("logStreamName")].events[:-_KEPT]
        return answer

    def filter_log_events(self) -> str:
        """Of one group, in either direction, each page cut at `limit`."""
        group = self.logs_backend.groups.get(self._get_param("logGroupName"))
        if group is None:
            raise JsonRESTError("ResourceNotFoundException", "The specified log group does not exist.")
        head = self._get_param("startFromHead")
        start, end = self._get_param("startTime") or 0, self._get_param("endTime")
        if head is False and start < _BACKWARDS_MS:
            raise _invalid("startFromHead may be false only where startTime is in 2024 or later.")
        matches = _matching(self._get_param("filterPattern") or "")
        found = [
            event.to_filter_dict() | {"logStreamName": name}
            for name, stream in group.streams.items()
            for event in stream.events
            if start <= event.timestamp and (end is None or event.timestamp <= end) and matches(event.message)
        ]
        found.sort(key=lambda event: (event["timestamp"], int(event["eventId"])), reverse=head is False)
        first, limit = int(self._get_param("nextToken") or 0), self._get_param("limit") or _EVENTS
        more = {"nextToken": str(first + limit)} if first + limit < len(found) else {}
        return json.dumps({"events": found[first : first + limit], "searchedLogStreams": [], **more})

    def put_subscription_filter(self) -> str:
        group = self.logs_backend.groups.get(self._get_param("logGroupName"))
        if group is None:
            raise JsonRESTError("ResourceNotFoundException", "The specified log group does not exist.")
        wanted = [self._get_param(name) for name in ("filterName", "filterPattern", "destinationArn")]
        subscriptions.put(group, self.current_account, *wanted)
        return ""

    def put_query_definition(self) -> str:
        definitions = self._definitions()
        definition_id = self._get_param("queryDefinitionId") or str(uuid4())
        if self._get_param("queryDefinitionId") and definition_id not in definitions:
            raise _missing()
        definitions[definition_id] = {
            "queryDefinitionId": definition_id,
            "name": self._get_param("name"),
            "queryString": self._get_param("queryString"),
            "logGroupNames": self._get_param("logGroupNames") or [],
            "lastModified": int(unix_time_millis()),
        }
        return json.dumps({"queryDefinitionId": definition_id})

    def describe_query_definitions(self) -> str:
        prefix = self._get_param("queryDefinitionNamePrefix") or ""
        found = [each for each in self._definitions().values() if each["name"].startswith(prefix)]
        return json.dumps({"queryDefinitions": found[:_PAGE]})

    def delete_query_definition(self) -> str:
        if self._definitions().pop(self._get_param("queryDefinitionId"), None) is None:
            raise _missing()
        return json.dumps({"success": True})

    def _definitions(self) -> dict[str, dict[str, Any]]:
        return self.query_definitions[self.current_account, self.region]


def _missing() -> JsonRESTError:
    return JsonRESTError("ResourceNotFoundException", "The specified query definition does not exist.")


def _matching(pattern: str) -> Callable[[str], bool]:
    try:
        return matching(pattern)
    except ValueError as error:
        raise _invalid(str(error)) from None


def _invalid(message: str) -> JsonRESTError:
    return JsonRESTError("InvalidParameterException", message)


def install() -> None:
    subscriptions.install()
    urls.url_paths["{0}/$"] = LogActions.dispatch
