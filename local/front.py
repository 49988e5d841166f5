"""What answers requests: the front door, Lambda's own API, and the functions behind both, as they were provisioned."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from socket import socket
from typing import Any

import yaml

from local.cloudwatch import delivering
from local.functions import Function, Functions, lambda_api
from local.gateway import GatewayConfig, Service, gateway
from local.log import Log
from local.places import Places
from local.plan import ROOT, Plan
from local.provision import Aws, Installation
from local.serving import serving
from local.subscriptions import Subscriptions
from local.usage_plans import limits_of

_RETRIES_S = (1.0, 2.0)  # after a minute and after two there; who watches here does not want to wait


@asynccontextmanager
async def answering(
    wanted: Plan,
    installation: Installation,
    code: Path,
    places: Places,
    front: socket,
    lambda_side: socket,
    log: Log,
    on_request: Callable[[str], None],
) -> AsyncIterator[None]:
    """Serve on two listening sockets until the block ends.

    `code`: a folder for the layer and for each artifact, unpacked. `on_request` gets a line for every request.
    """
    names = [function.name for function in wanted.functions.values()]
    async with AsyncExitStack() as stack:
        logs = Aws(places.aws, installation.region)("logs")
        subscribers = Aws(places.lambda_api, installation.region)("lambda")
        subscriptions = Subscriptions(logs, subscribers, installation.account_id)
        to_cloudwatch = await stack.enter_async_context(delivering(logs, names, subscriptions.deliver))

        def said(function: str, line: str) -> None:
            log.line(function, line)
            to_cloudwatch(function, line)

        functions = Functions(
            _functions(wanted, installation, code, places),
            on_line=said,
            on_record=log.invocation,
            retries_s=_RETRIES_S,
        )
        await stack.enter_async_context(functions)
        front_door = gateway(_contract(), _config(wanted, installation, places, on_request), functions)
        await stack.enter_async_context(serving(lambda_api(functions), lambda_side))
        await stack.enter_async_context(serving(front_door, front))
        yield


def _functions(wanted: Plan, installation: Installation, code: Path, places: Places) -> list[Function]:
    return [
        Function(
            name=function.name,
            handler=function.handler,
            code=code / function.artifact,
            layer=code / "layer",
            environment={**installation.functions[key].environment, **places.endpoints},
            timeout_s=function.timeout_s,
            memory_mb=function.memory_mb,
            concurrency=function.concurrency,
            credentials=installation.functions[key].credentials,
            region=installation.region,
            account_id=installation.account_id,
        )
        for key, function in wanted.functions.items()
    ]


def _config(
    wanted: Plan, installation: Installation, places: Places, on_request: Callable[[str], None]
) -> GatewayConfig:
    api_gateway = Aws(places.aws, installation.region)("apigateway")
    return GatewayConfig(
        services={
            key: Service(function.name, streaming=function.streaming)
            for key, function in wanted.functions.items()
            if key not in ("authorizer", "ledger")  # no route leads to these
        },
        authorizer=wanted.functions["authorizer"].name,
        authorizer_ttl_s=wanted.authorizer_ttl_s,
        pool_id=installation.user_pool_id,
        client_ids=(installation.client_id,),
        aws_url=places.aws,
        region=installation.region,
        account_id=installation.account_id,
        api_id=installation.api_id,
        api_keys=limits_of(api_gateway, installation.api_id) if wanted.is_rated else None,
        rate_per_s=wanted.rate_per_s,
        burst=wanted.burst,
        log=on_request,
    )


def _contract() -> Any:
    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)  # libyaml's, where the wheel has it: ten times as fast
    return yaml.load((ROOT / "openapi.yaml").read_bytes(), loader)  # noqa: S506 -- either of them is a safe one
