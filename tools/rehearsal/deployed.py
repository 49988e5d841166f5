"""What Terraform deployed, read back through AWS's API: ids, configuration, variables, credentials and code."""

import io
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import httpx

from local.plan import Plan, PlannedFunction
from local.provision import Aws, Installation, Provisioned, credentials

ALIAS = "live"


def read(aws: Aws, planned: Plan, folder: Path) -> tuple[Plan, Installation]:
    """The plan with its functions as they are deployed, and what they were given.

    Their code and the layer are unpacked into `folder`, laid out as the native build is.
    """
    live = {
        key: aws("lambda").get_function(FunctionName=function.name, Qualifier=ALIAS)
        for key, function in planned.functions.items()
    }
    functions = {}
    for key, function in live.items():
        _unpack(function["Code"]["Location"], folder / key)
        functions[key] = _function(aws, planned.functions[key], function["Configuration"])
    _unpack(_layer(aws, [function["Configuration"] for function in live.values()]), folder / "layer")
    environments = {key: function["Configuration"]["Environment"]["Variables"] for key, function in live.items()}
    told = environments["authorizer"]
    return (
        planned.with_(functions=functions, authorizer_ttl_s=int(told["PENNYWORTH_AUTHORIZER_TTL_S"])),
        Installation(
            region=planned.region,
            account_id=aws("sts").get_caller_identity()["Account"],
            user_pool_id=told["PENNYWORTH_USER_POOL_ID"],
            client_id=told["PENNYWORTH_CLIENT_IDS"],
            identity_pool_id=told["PENNYWORTH_IDENTITY_POOL_ID"],
            api_id=_api_id(aws, planned.prefix),
            functions={
                key: Provisioned(
                    environments[key], credentials(aws, function["Configuration"]["Role"], functions[key].name)
                )
                for key, function in live.items()
            },
        ),
    )


def _api_id(aws: Aws, name: str) -> str:
    [api_id] = [api["id"] for api in aws("apigateway").get_rest_apis()["items"] if api["name"] == name]
    return str(api_id)


def _function(aws: Aws, planned: PlannedFunction, configuration: dict[str, Any]) -> PlannedFunction:
    concurrency = aws("lambda").get_function_concurrency(FunctionName=planned.name)
    return replace(
        planned,
        name=configuration["FunctionName"],
        handler=configuration["Handler"],
        artifact=planned.key,
        timeout_s=configuration["Timeout"],
        memory_mb=configuration["MemorySize"],
        concurrency=concurrency["ReservedConcurrentExecutions"],
    )


def _layer(aws: Aws, configurations: list[dict[str, Any]]) -> str:
    """Where the one layer of all functions lies."""
    [arn] = {layer["Arn"] for configuration in configurations for layer in configuration["Layers"]}
    name, version = arn.split(":")[-2:]
    return str(aws("lambda").get_layer_version(LayerName=name, VersionNumber=int(version))["Content"]["Location"])


def _unpack(location: str, folder: Path) -> None:
    with httpx.Client(trust_env=False, timeout=30) as client:
        content = client.get(location).raise_for_status().content
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        for entry in archive.infolist():
            extracted = Path(archive.extract(entry, folder))
            extracted.chmod(entry.external_attr >> 16 & 0o777)
