"""The REST API in the AWS stand-in, as far as usage plans need one, and the plans themselves as Terraform makes them.

What the API's methods are the front door reads in openapi.yaml.
"""

from hashlib import sha256
from typing import Any

from local.plan import Plan
from local.usage_plans import STAGE


def rest_api(gateway: Any, plan: Plan) -> str:
    """The id of the API, which has the stage."""
    for api in gateway.get_rest_apis()["items"]:
        if api["name"] == plan.prefix:
            return str(api["id"])
    made = gateway.create_rest_api(
        name=plan.prefix,
        apiKeySource="AUTHORIZER",
        endpointConfiguration={"types": ["REGIONAL"]},
        tags=plan.tags,
    )
    # Without a method nothing is deployed.
    [root] = gateway.get_resources(restApiId=made["id"])["items"]
    method = {"restApiId": made["id"], "resourceId": root["id"], "httpMethod": "GET"}
    gateway.put_method(**method, authorizationType="NONE")
    gateway.put_integration(**method, type="MOCK")
    gateway.create_deployment(restApiId=made["id"], stageName=STAGE)
    return str(made["id"])


def usage_plans(gateway: Any, plan: Plan, api_id: str) -> dict[str, str]:
    """The ids of the groups' plans, by the groups' names. There is one for people in no group, too."""
    there = {each["name"]: each for page in _pages(gateway, "get_usage_plans") for each in page["items"]}
    found = {}
    for whose, rate in [*((f"group {group.name}", group.rate) for group in plan.groups), ("others", None)]:
        name = f"{plan.prefix}-{whose.replace(' ', '-')}"
        throttle = {"rateLimit": rate["per_s"], "burstLimit": rate["burst"]} if rate else {}
        if name in there:
            _throttle(gateway, there[name], throttle)
            found[whose] = str(there[name]["id"])
            continue
        limits = {"throttle": throttle} if throttle else {}
        stages = [{"apiId": api_id, "stage": STAGE}]
        made = gateway.create_usage_plan(name=name, apiStages=stages, tags=plan.tags, **limits)
        key = gateway.create_api_key(
            name=name,
            description=f"Stands for all who are counted together: {whose}",
            enabled=True,
            value=sha256(f"{plan.prefix} {whose}".encode()).hexdigest(),
            tags=plan.tags,
        )
        gateway.create_usage_plan_key(usagePlanId=made["id"], keyId=key["id"], keyType="API_KEY")
        found[whose] = str(made["id"])
    return {whose.removeprefix("group "): plan_id for whose, plan_id in found.items() if whose != "others"}


def _throttle(gateway: Any, there: dict[str, Any], wanted: dict[str, Any]) -> None:
    """Another run may have declared another rate."""
    if there.get("throttle", {}) == wanted:
        return
    changes = [{"op": "replace", "path": f"/throttle/{name}", "value": str(value)} for name, value in wanted.items()]
    gateway.update_usage_plan(
        usagePlanId=there["id"], patchOperations=changes or [{"op": "remove", "path": "/throttle"}]
    )


def _pages(gateway: Any, operation: str) -> Any:
    return gateway.get_paginator(operation).paginate()
