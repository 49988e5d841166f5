"""What this stand-in can be told: faults, scripts, and to forget."""

import json
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bedrock.bedrock import Bedrock
from local.bedrock.faults import fault
from local.bedrock.scripts import script


def routes(bedrock: Bedrock) -> list[Route]:
    def calls(request: Request) -> Response:
        if request.method == "DELETE":
            bedrock.calls.kept.clear()
            return Response(status_code=204)
        return JSONResponse({"calls": bedrock.calls.listed()})

    async def faults(request: Request) -> Response:
        if request.method == "DELETE":
            bedrock.faults.waiting.clear()
            return Response(status_code=204)
        if request.method == "POST":
            return await wished(request, fault, bedrock.faults.waiting.append)
        return JSONResponse({"faults": [asdict(one) for one in bedrock.faults.waiting]})

    async def scripts(request: Request) -> Response:
        if request.method == "DELETE":
            bedrock.script = None
            return Response(status_code=204)
        return await wished(request, script, lambda one: setattr(bedrock, "script", one))

    return [
        Route("/_stand_in/calls", calls, methods=["GET", "DELETE"]),
        Route("/_stand_in/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_stand_in/script", scripts, methods=["POST", "DELETE"]),
    ]


async def wished(request: Request, read: Callable[[Any], Any], keep: Callable[[Any], None]) -> Response:
    """201 and what is kept; 400 with the reason when the wish makes no sense."""
    try:
        one = read(json.loads(await request.body()))
    except ValueError as error:
        return JSONResponse({"message": str(error)}, 400)
    keep(one)
    return JSONResponse(asdict(one), 201)
