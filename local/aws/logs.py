"""CloudWatch Logs over moto: saved queries, which moto lacks."""

import json
from typing import Any
from uuid import uuid4

from moto.core.exceptions import JsonRESTError
from moto.core.utils import unix_time_millis
from moto.logs import urls
from moto.logs.models import LogsBackend, logs_backends
from moto.logs.responses import LogsResponse

_PAGE = 1000  # the most, and the default, of DescribeQueryDefinitions


class Logs(LogsBackend):
    _url_module = urls  # moto derives it from the name of the module

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.query_definitions: dict[str, dict[str, Any]] = {}  # by id


class LogActions(LogsResponse):
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
        backend: Logs = self.logs_backend
        return backend.query_definitions


def _missing() -> JsonRESTError:
    return JsonRESTError("ResourceNotFoundException", "The specified query definition does not exist.")


def install() -> None:
    logs_backends.backend = Logs
    urls.url_paths["{0}/$"] = LogActions.dispatch
