"""API Gateway over moto: integrations without a backend, as CORS preflights have, and usage plans as strict as AWS's.

Source: Amazon API Gateway developer guide, "Usage plans and API keys for REST APIs" (read 2026-11).
"""

import re
from typing import Any

from moto.apigateway import urls
from moto.apigateway.exceptions import (
    ApiGatewayException,
    ApiKeyNotFoundException,
    BadRequestException,
    ConflictException,
    NotFoundException,
    UsagePlanNotFoundException,
)
from moto.apigateway.models import APIGatewayBackend, ApiKey, Integration, UsagePlan, UsagePlanKey, apigateway_backends

_VALUE = re.compile(r"[A-Za-z0-9]{20,128}")


class RestApis(APIGatewayBackend):
    _url_module = urls  # moto derives it from the name of the module

    def put_integration(
        self,
        function_id: str,
        resource_id: str,
        method_type: str,
        integration_type: str,
        uri: str = "",
        integration_method: str = "",
        **more: Any,
    ) -> Integration:
        """A mock integration has neither address nor method; moto fails without them."""
        whose = (function_id, resource_id, method_type)
        return super().put_integration(*whose, integration_type, uri, integration_method, **more)

    def create_api_key(self, payload: dict[str, Any]) -> ApiKey:
        if "value" in payload and not _VALUE.fullmatch(payload["value"]):
            raise BadRequestException("API Key value should be 20 to 128 letters and digits")
        return super().create_api_key(payload)

    def delete_api_key(self, api_key_id: str) -> None:
        """Out of its plans, too, where moto leaves it."""
        super().delete_api_key(api_key_id)
        for keys in self.usage_plan_keys.values():
            keys.pop(api_key_id, None)

    def create_usage_plan(self, payload: Any) -> UsagePlan:
        for each in payload.get("apiStages") or ():
            self._check_stage(each["apiId"], each["stage"])
        return super().create_usage_plan(payload)

    def update_usage_plan(self, usage_plan_id: str, patch_operations: Any) -> UsagePlan:
        """moto knows whole requests a second alone."""
        plan, others = self.get_usage_plan(usage_plan_id), []
        for operation in patch_operations:
            if operation["path"] == "/apiStages" and operation["op"] == "add":
                self._check_stage(*operation["value"].split(":"))
            if operation["path"] == "/throttle/rateLimit" and operation["op"] != "remove":
                plan.throttle["rateLimit"] = float(operation["value"])
            else:
                others.append(operation)
        return super().update_usage_plan(usage_plan_id, others)

    def delete_usage_plan(self, usage_plan_id: str) -> None:
        if self.get_usage_plan(usage_plan_id).api_stages:
            raise BadRequestException(f"Usage plan {usage_plan_id} has API stages. Remove them first.")
        super().delete_usage_plan(usage_plan_id)
        self.usage_plan_keys.pop(usage_plan_id, None)

    def create_usage_plan_key(self, usage_plan_id: str, payload: dict[str, Any]) -> UsagePlanKey:
        """An API key is in one plan of a stage."""
        stages = self.get_usage_plan(usage_plan_id).api_stages
        for other, keys in self.usage_plan_keys.items():
            held = self.usage_plans[other].api_stages if other in self.usage_plans else []
            if payload["keyId"] in keys and (other == usage_plan_id or any(each in held for each in stages)):
                raise ConflictException(f"API key {payload['keyId']} is in a usage plan of this stage")
        return super().create_usage_plan_key(usage_plan_id, payload)

    def delete_usage_plan_key(self, usage_plan_id: str, key_id: str) -> None:
        self.get_usage_plan(usage_plan_id)
        if key_id not in self.keys:
            raise ApiKeyNotFoundException()
        if key_id not in self.usage_plan_keys.get(usage_plan_id, {}):
            raise UsagePlanNotFoundException()
        super().delete_usage_plan_key(usage_plan_id, key_id)

    def get_usage_plan_keys(self, usage_plan_id: str, name: str | None = None) -> list[UsagePlanKey]:
        self.get_usage_plan(usage_plan_id)
        found: list[UsagePlanKey] = super().get_usage_plan_keys(usage_plan_id, name)
        return found

    def tags(self, path: str) -> dict[str, str]:
        """Of the API key or the usage plan that a path names, or what lies below: for policies' conditions."""
        kind, _, rest = path.removeprefix("/").partition("/")
        there = {"apikeys": self.keys, "usageplans": self.usage_plans}.get(kind, {})
        found = there.get(rest.partition("/")[0])
        return dict(found.tags or {}) if found else {}

    def _check_stage(self, api_id: str, stage: str) -> None:
        try:
            self.get_stage(api_id, stage)
        except ApiGatewayException:
            raise NotFoundException(f"Invalid API Stage {api_id}:{stage} specified for UsagePlan") from None


def install() -> None:
    apigateway_backends.backend = RestApis


# State that was kept is put back before anybody asks.
install()
