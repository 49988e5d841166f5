"""What IAM has to allow before Bedrock answers, and the refusal in AWS's words.

Source: Amazon Bedrock user guide, prerequisites for inference profiles, permissions for guardrails, inference by chat
completions; service authorization reference (read 2026-11).
"""

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

from starlette.requests import Request

from local.aws.policy import denied
from local.bedrock.calls import Call
from local.bedrock.catalogue import MODELS
from local.bedrock.errors import AwsError
from local.bedrock.identities import Identity
from local.bedrock.listings import DESTINATIONS
from local.bedrock.service import CHAT
from local.bedrock.signatures import Caller

_WHOLE, _STREAMED = "bedrock:InvokeModel", "bedrock:InvokeModelWithResponseStream"
_INVOCATIONS = {
    "Converse": _WHOLE,
    "ConverseStream": _STREAMED,
    "InvokeModel": _WHOLE,
    "InvokeModelWithResponseStream": _STREAMED,
}
_GUARDRAIL_HEADERS = ("x-amzn-bedrock-guardrailidentifier", "x-amzn-bedrock-guardrailversion")
_READ = (b"guardrailConfig", b"stream")
_PROFILE, _GUARDRAIL = "bedrock:inferenceprofilearn", "bedrock:guardrailidentifier"


class Need(NamedTuple):
    action: str
    resource: str
    context: Mapping[str, str] = {}


def authorize(identity: Identity, needs: Iterable[Need]) -> None:
    """AccessDeniedException for the first that is not allowed."""
    for need in needs:
        reason = identity.access.refusal(need.action, need.resource, need.context)
        if reason:
            raise AwsError("AccessDeniedException", denied(identity.arn, need.action, need.resource, reason), 403)


def needs(call: Call, request: Request, body: bytes, caller: Caller, own: Mapping[str, str]) -> Iterator[Need]:
    """`own`: what the account has made, by ARN, and the model or profile it was made of."""
    here = f"arn:aws:bedrock:{caller.region}:{caller.account}"
    named = call.model_id or ""
    if call.operation in _INVOCATIONS or call.operation == CHAT:
        asked = _object(body) if any(word in body for word in _READ) else {}  # a body may be long
        action = _INVOCATIONS.get(call.operation) or (_STREAMED if asked.get("stream") is True else _WHOLE)
        guardrail = _guardrail(call.operation, asked, request, here)
        yield from _invocation(action, resources(named, caller, own), guardrail)
    elif call.operation == "ApplyGuardrail":
        yield Need("bedrock:ApplyGuardrail", _guardrail_arn(named, here))
    elif call.operation == "CreateInferenceProfile":
        yield Need("bedrock:CreateInferenceProfile", f"{here}:application-inference-profile/*")
    elif call.operation.startswith("List"):
        yield Need(f"bedrock:{call.operation}", "*")
    else:  # about one model or profile: itself, not what it leads to
        yield Need(f"bedrock:{call.operation}", next(iter(resources(named, caller, own))).resource)


def _invocation(action: str, models: Iterable[Need], guardrail: tuple[str, str] | None) -> Iterator[Need]:
    """A guardrail is applied by who invokes; a condition may ask for it."""
    arn, versioned = guardrail or ("", "")
    if arn:
        yield Need("bedrock:ApplyGuardrail", arn)
    for _, model, context in models:
        yield Need(action, model, {**context, _GUARDRAIL: versioned} if arn else context)


def resources(identifier: str, caller: Caller, own: Mapping[str, str]) -> Iterator[Need]:
    """What a request names; of an inference profile, also each model that it may lead to, by the profile alone."""
    kind, name = _named(identifier)
    region = caller.region
    if kind == "foundation-model":
        yield Need("", identifier if name != identifier else f"arn:aws:bedrock:{region}::foundation-model/{name}")
        return
    profile = f"arn:aws:bedrock:{region}:{caller.account}:{kind}/{name}" if name == identifier else identifier
    yield Need("", profile)
    if kind.endswith("inference-profile"):
        source = own.get(identifier, name)
        for model in _destinations(_named(source)[1], region):
            yield Need("", model, {_PROFILE: profile})


def _named(identifier: str) -> tuple[str, str]:
    """What an id or ARN names, in the words of ARNs, and its id there."""
    if identifier.startswith("arn:") and identifier.count(":") >= 5:
        kind, _, name = identifier.split(":", 5)[5].partition("/")
        return kind, name
    geography, _, model = identifier.partition(".")
    is_profile = model in MODELS and geography in MODELS[model].profiles
    return ("inference-profile" if is_profile else "foundation-model"), identifier


def _destinations(name: str, region: str) -> Iterator[str]:
    """The ARNs of a model in each Region that a profile may lead to; a global profile's has one without a Region."""
    geography, _, model = name.partition(".")
    if model not in MODELS:  # made of a model itself
        geography, model = "", name
    for to in DESTINATIONS.get(geography, ("", region) if geography == "global" else (region,)):
        yield f"arn:aws:bedrock:{to}::foundation-model/{model}"


def _guardrail(operation: str, asked: Mapping[str, Any], request: Request, here: str) -> tuple[str, str] | None:
    """The ARN, and the ARN as conditions name it: with the version, but for the draft."""
    config = asked.get("guardrailConfig") if operation.startswith("Converse") else None
    told = config if isinstance(config, dict) else {}
    identifier = told.get("guardrailIdentifier")
    version = told.get("guardrailVersion")
    if not operation.startswith("Converse"):
        identifier, version = (request.headers.get(header) for header in _GUARDRAIL_HEADERS)
    if not isinstance(identifier, str) or not identifier:
        return None
    arn = _guardrail_arn(identifier, here)
    return arn, arn if version in (None, "DRAFT") else f"{arn}:{version}"


def _guardrail_arn(identifier: str, here: str) -> str:
    return identifier if identifier.startswith("arn:") else f"{here}:guardrail/{identifier}"


def _object(body: bytes) -> dict[str, Any]:
    """Of a body that is none the operation itself will say so."""
    try:
        found = json.loads(body or b"{}")
    except ValueError:
        return {}
    return found if isinstance(found, dict) else {}
