"""What this stand-in can be told: faults, scripts, imported models, and to forget."""

import json
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from local.bedrock.bedrock import Bedrock
from local.bedrock.catalogue import MODELS, own_arn
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

    async def imported_models(request: Request) -> Response:
        """An imported model that answers as the model named does; its ARN."""
        return await wished(request, imported, lambda one: bedrock.own.update({one.arn: one.model}))

    return [
        Route("/_stand_in/imported-models", imported_models, methods=["POST"]),
        Route("/_stand_in/calls", calls, methods=["GET", "DELETE"]),
        Route("/_stand_in/faults", faults, methods=["GET", "POST", "DELETE"]),
        Route("/_stand_in/script", scripts, methods=["POST", "DELETE"]),
    ]


@dataclass(frozen=True)
class Imported:
    arn: str
    model: str  # that it behaves as


def imported(wish: Any) -> Imported:
    """From {model, region}; ValueError says what is wrong with the wish."""
    if not isinstance(wish, dict) or wish.keys() != {"model", "region"} or wish["model"] not in MODELS:
        raise ValueError("an imported model names a model of models.json and a region")
    return Imported(own_arn("imported-model", wish["region"], wish["model"]), wish["model"])


async def wished(request: Request, read: Callable[[Any], Any], keep: Callable[[Any], None]) -> Response:
    """201 and what is kept; 400 with the reason when the wish makes no sense."""
    try:
        one = read(json.loads(await request.body()))
    except ValueError as error:
        return JSONResponse({"message": str(error)}, 400)
    keep(one)
    return JSONResponse(asdict(one), 201)
