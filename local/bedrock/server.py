"""The HTTP side: routes, and the way of every request past identity, faults and records."""

import asyncio
import json
import time
import uuid
from collections.abc import Awaitable, Callable, Mapping

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from local.bedrock.authorization import authorize, needs
from local.bedrock.bedrock import Bedrock
from local.bedrock.calls import Call
from local.bedrock.catalogue import resolve
from local.bedrock.control import routes
from local.bedrock.errors import AwsError
from local.bedrock.exchange import Exchange
from local.bedrock.faults import Fault
from local.bedrock.operations import OPERATIONS, Operation
from local.bedrock.service import CHAT
from local.bedrock.signatures import AUTHORIZATION, caller
from local.bedrock.streams import Cut, EventStream

Endpoint = Callable[[Request], Awaitable[Response]]


def application(bedrock: Bedrock) -> Starlette:
    served = [
        Route(path, endpoint(bedrock, name, act), methods=[method]) for name, (method, path, act) in OPERATIONS.items()
    ]
    return Starlette(routes=[*routes(bedrock), *served], exception_handlers={404: unknown, 405: unknown})


async def unknown(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    message = f"This stand-in has no operation at {request.method} {request.url.path}"
    return AwsError("UnknownOperationException", message, 404).response(str(uuid.uuid4()))


def endpoint(bedrock: Bedrock, name: str, act: Operation) -> Endpoint:
    async def serve(request: Request) -> Response:
        call = bedrock.calls.add(Call(name, request.path_params.get("identifier"), request_id=str(uuid.uuid4())))
        try:
            response = await answer(bedrock, request, call, act)
        except AwsError as error:
            call.error, call.outcome = error.code, "refused"
            response = error.response(call.request_id)
        call.status = response.status_code
        if not isinstance(response, EventStream | Cut) and call.outcome == "open":
            call.outcome = "completed"
        return response

    return serve


async def answer(bedrock: Bedrock, request: Request, call: Call, act: Operation) -> Response:
    """The operation's response, or the fault's; AwsError for everything that is refused."""
    started = time.monotonic()
    body = await request.body()
    claim = AUTHORIZATION.fullmatch(request.headers.get("authorization", ""))
    call.access_key_id = claim["key"] if claim else None
    who = await caller(request, body, bedrock.identities)
    if call.operation == CHAT:
        call.model_id = model_named(body)
    if who.identity:
        call.principal_arn, call.principal_tags = who.identity.arn, dict(who.identity.tags)
        authorize(who.identity, needs(call, request, body, who, bedrock.own))
    fault = bedrock.faults.take(call.operation, named_models(call.model_id, who.region, bedrock.own))
    if fault.delay_s:
        await asyncio.sleep(fault.delay_s)
    if fault.error and not fault.breaks_streams:
        return dropped(call, fault)
    return act(Exchange(bedrock, request, body, who, call, fault, started))


def model_named(body: bytes) -> str | None:
    """The model of an OpenAI request, which is in its body."""
    try:
        name = json.loads(body)["model"]
    except (ValueError, KeyError, TypeError):
        return None
    return name if isinstance(name, str) else None


def dropped(call: Call, fault: Fault) -> Response:
    if fault.error != "cut":
        raise fault.answer()
    call.outcome = "cut"
    return Cut()


def named_models(identifier: str | None, region: str, own: Mapping[str, str]) -> set[str]:
    """The names by which a fault may mean the model of a request."""
    if identifier is None:
        return set()
    try:
        return {identifier, resolve(identifier, region, own)[0].id}
    except AwsError:  # an unknown model is still called what it is called
        return {identifier}
