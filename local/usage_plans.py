"""What the AWS stand-in knows of usage plans, as the front door asks for it."""

from collections.abc import Callable
from functools import partial
from typing import Any

from local.gateway.usage_plans import Limit, Limits

STAGE = "v1"  # openapi.yaml's base path


def limits_of(client: Any, api_id: str) -> Callable[[], Limits]:
    """Reads the API keys that are enabled and in a plan of the API's stage."""
    return partial(_limits, client, api_id)


def _limits(client: Any, api_id: str) -> Limits:
    enabled = {key["id"] for key in _all(client, "get_api_keys") if key["enabled"]}
    found: dict[str, Limit] = {}
    for plan in _all(client, "get_usage_plans"):
        if {"apiId": api_id, "stage": STAGE} not in plan.get("apiStages", ()):
            continue
        throttle = plan.get("throttle", {})
        for key in _all(client, "get_usage_plan_keys", usagePlanId=plan["id"]):
            if key["id"] in enabled:
                found[key["value"]] = Limit(key["id"], throttle.get("rateLimit"), throttle.get("burstLimit", 0))
    return found


def _all(client: Any, operation: str, **where: str) -> list[Any]:
    return [item for page in client.get_paginator(operation).paginate(**where) for item in page["items"]]
