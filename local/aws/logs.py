"""CloudWatch Logs over moto: saved queries, which moto lacks."""

import json
from collections import defaultdict
from typing import Any, ClassVar
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time_millis
from moto.logs import urls
from moto.logs.responses import LogsResponse

_PAGE = 1000  # the most, and the default, of DescribeQueryDefinitions


class LogActions(LogsResponse):
    # Account and region → id → definition. Not in moto's backends: Lambda's may make those before this is imported.
    query_definitions: ClassVar[defaultdict[tuple[str, str], dict[str, dict[str, Any]]]] = defaultdict(dict)

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


def install() -> None:
    urls.url_paths["{0}/$"] = LogActions.dispatch
