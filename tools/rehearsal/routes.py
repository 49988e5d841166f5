"""The deployed REST API, held to the contract that the front door reads in its place."""

import json
from typing import Any

from local.plan import Plan
from local.provision import Aws
from tools.rehearsal.deployed import ALIAS


def disagreements(aws: Aws, contract: dict[str, Any], deployed: Plan, stage: str) -> list[str]:
    """Where the deployed REST API and the contract, which the front door reads, part; a line each.

    The stand-in keeps an API's routes and integrations. Its authorizers and gateway responses it does not keep.
    """
    api = aws("apigateway")
    found = [each for each in api.get_rest_apis()["items"] if each["name"] == deployed.prefix]
    if len(found) != 1:
        return [f"{len(found)} REST APIs have the name {deployed.prefix}"]
    there = _integrations(api, found[0]["id"])
    wanted = _wanted(aws, contract, deployed)
    lines = [f"{route} is not deployed" for route in sorted(wanted.keys() - there.keys())]
    lines += [
        f"{route} is deployed to {there[route]}, not to {uri}"
        for route, uri in sorted(wanted.items())
        if route in there and there[route] != uri
    ]
    lines += [f"{route} is in no contract" for route in sorted(there.keys() - wanted.keys())]
    return lines + _limits(api.get_stage(restApiId=found[0]["id"], stageName=stage), deployed)


def _integrations(api: Any, api_id: str) -> dict[str, str]:
    """`METHOD /path` → the address of its Lambda function. Mock integrations (CORS, unknown paths) have none."""
    pages = api.get_paginator("get_resources").paginate(restApiId=api_id, embed=["methods"])
    return {
        f"{method} {resource['path']}": definition["methodIntegration"]["uri"]
        for page in pages
        for resource in page["items"]
        for method, definition in resource.get("resourceMethods", {}).items()
        if definition["methodIntegration"]["type"].upper() != "MOCK"
    }


def _wanted(aws: Aws, contract: dict[str, Any], deployed: Plan) -> dict[str, str]:
    addresses = {}
    for key, function in deployed.functions.items():
        alias = aws("lambda").get_alias(FunctionName=function.name, Name=ALIAS)["AliasArn"]
        version, action = (
            ("2021-11-15", "response-streaming-invocations") if function.streaming else ("2015-03-31", "invocations")
        )
        prefix = f"arn:aws:apigateway:{deployed.region}:lambda:path"
        addresses[key] = f"{prefix}/{version}/functions/{alias}/{action}"
    return {
        f"{method.upper()} {path}": addresses[operation["x-pennyworth"]["service"]]
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
        if isinstance(operation, dict) and "x-pennyworth" in operation
    }


def _limits(stage: dict[str, Any], deployed: Plan) -> list[str]:
    settings = stage.get("methodSettings", {}).get("*/*", {})
    there = (settings.get("throttlingRateLimit"), settings.get("throttlingBurstLimit"))
    wanted = (deployed.rate_per_s, deployed.burst)
    return [] if there == wanted else [f"the stage takes (rate, burst) {there}, not {wanted}: {json.dumps(settings)}"]
