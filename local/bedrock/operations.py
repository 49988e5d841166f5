"""One function an operation: a checked request in, AWS's answer out."""

import base64
import json
from collections.abc import Callable
from typing import Any

from starlette.responses import JSONResponse, Response

from local.bedrock import claude, converse, embeddings, gpt, listings, nova
from local.bedrock.catalogue import Model, invocable, own_arn, resolve
from local.bedrock.chats import Chat
from local.bedrock.errors import AwsError, invalid, openais
from local.bedrock.eventstream import encoded, event
from local.bedrock.exchange import Exchange
from local.bedrock.guardrails import apply_guardrail
from local.bedrock.inference import check, reply
from local.bedrock.replies import Reply
from local.bedrock.service import CHAT, operation
from local.bedrock.shapes import broken, parsed
from local.bedrock.streams import TextStream, sse
from local.bedrock.tokens import prompt

EMBEDDERS = {"titan": embeddings.titan, "cohere": embeddings.cohere, "nova_embedding": embeddings.nova}
DIALECTS = {"anthropic": claude, "nova": nova}
TOO_LONG = "Member must have length less than or equal to {}"
# InvokeModel's headers, and the member of Converse's input that says the same.
HEADERS = {
    "x-amzn-bedrock-guardrailidentifier": ("guardrailConfig", "guardrailIdentifier"),
    "x-amzn-bedrock-guardrailversion": ("guardrailConfig", "guardrailVersion"),
    "x-amzn-bedrock-service-tier": ("serviceTier", "type"),
    "x-amzn-bedrock-performanceconfig-latency": ("performanceConfig", "latency"),
}


def converse_chat(exchange: Exchange, streamed: bool) -> tuple[Chat, Reply]:
    body = exchange.members({"modelId": exchange.identifier})
    del body["modelId"]
    exchange.call.request_metadata = body.get("requestMetadata")
    model = exchange.model()
    check(model, body, streamed)
    chat = Chat(model, body)
    finished = reply(exchange.bedrock, chat, exchange.fault)
    exchange.note(finished)
    return chat, finished


def converse_whole(exchange: Exchange) -> Response:
    chat, finished = converse_chat(exchange, streamed=False)
    return exchange.answer(converse.whole(chat, finished, exchange.latency_ms))


def converse_stream(exchange: Exchange) -> Response:
    chat, finished = converse_chat(exchange, streamed=True)
    events = converse.events(chat, finished, exchange.latency_ms)
    return exchange.stream((event(name, payload) for name, payload in events), finished.burst)


def native_chat(exchange: Exchange, streamed: bool) -> tuple[Chat, Reply]:
    """The chat of an InvokeModel body, which is the model's own."""
    model = exchange.model()
    if model.body in EMBEDDERS:
        raise invalid("The model is unsupported for streaming.")
    if model.body not in DIALECTS:
        raise invalid(f"This stand-in does not know the InvokeModel body of {model.name}: use Converse.")
    translated, forbidden = DIALECTS[model.body].to_converse(native_body(exchange))
    body = parsed({**translated, **read_headers(exchange), "modelId": model.id}, operation("Converse").input_shape)
    del body["modelId"]
    exchange.call.request_metadata = body.get("requestMetadata")
    check(model, body, streamed)
    chat = Chat(model, body, forbidden)
    finished = reply(exchange.bedrock, chat, exchange.fault)
    exchange.note(finished)
    return chat, finished


def native_body(exchange: Exchange) -> Any:
    limit = operation(exchange.call.operation).input_shape.members["body"].metadata["max"]
    if len(exchange.body) > limit:
        raise invalid(f"1 validation error detected: {broken('', 'body', TOO_LONG.format(limit))}")
    try:
        return json.loads(exchange.body)
    except ValueError as error:
        raise invalid("Malformed input request, please reformat your input and try again.") from error


def read_headers(exchange: Exchange) -> dict[str, Any]:
    """InvokeModel's parameters beside the body, as members of Converse's input."""
    headers = exchange.request.headers
    if headers.get("accept", "*/*") not in ("*/*", "application/json"):
        raise invalid("The requested Accept type is not supported. Use application/json.")
    members: dict[str, Any] = {}
    for header, (member, name) in HEADERS.items():
        if header in headers:
            members.setdefault(member, {})[name] = headers[header]
    if "x-amzn-bedrock-request-metadata" in headers:
        members["requestMetadata"] = request_metadata(headers["x-amzn-bedrock-request-metadata"])
    return members


def request_metadata(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError as error:
        raise invalid("The request metadata is not a JSON object.") from error


def invoke_model(exchange: Exchange) -> Response:
    model = exchange.model()
    if model.body in EMBEDDERS:
        beside = parsed({**read_headers(exchange), "modelId": model.id}, operation("Converse").input_shape)
        exchange.call.request_metadata = beside.get("requestMetadata")
        content, tokens = EMBEDDERS[model.body](model, native_body(exchange))
        exchange.call.usage = {"inputTokens": tokens, "outputTokens": 0, "totalTokens": tokens}
        return exchange.answer(content, counts(exchange, tokens, 0))
    chat, finished = native_chat(exchange, streamed=False)
    content = DIALECTS[chat.model.body or ""].whole(chat, finished)
    if "guardrailConfig" in chat.body:
        stopped = finished.stop_reason == "guardrail_intervened"
        content["amazon-bedrock-guardrailAction"] = "INTERVENED" if stopped else "NONE"
    return exchange.answer(content, counts(exchange, finished.usage.input, finished.usage.output))


def chat_completions(exchange: Exchange) -> Response:
    """OpenAI's Create chat completion. What is wrong with the request is said in OpenAI's words, all else in AWS's."""
    try:
        return chat_completion(exchange)
    except AwsError as error:
        exchange.call.error = error.code
        if error.status not in (400, 404):
            raise
        exchange.call.outcome = "refused"
        head = {"x-amzn-RequestId": exchange.call.request_id}
        return JSONResponse({"error": openais(error)}, error.status, head)


def chat_completion(exchange: Exchange) -> Response:
    if any(header in exchange.request.headers for header in list(HEADERS)[:2]):
        raise invalid("This stand-in applies guardrails through Converse and InvokeModel alone.")
    asked = gpt.checked(exchange.json())
    exchange.call.model_id = asked["model"]
    model = invocable(asked["model"], exchange.caller.region)
    if not model.can("openai_format"):
        raise invalid(f"The model '{asked['model']}' does not support the '/v1/chat/completions' API")
    exchange.call.model = model.id
    translated, forbidden = gpt.to_converse(asked)
    body = parsed({**translated, "modelId": model.id}, operation("Converse").input_shape)
    del body["modelId"]
    check(model, body, bool(asked.get("stream")))
    chat = Chat(model, body, forbidden)
    finished = reply(exchange.bedrock, chat, exchange.fault)
    exchange.note(finished)
    if not asked.get("stream"):
        return exchange.answer(gpt.whole(chat, finished, asked))
    frames = [*map(sse, gpt.events(chat, finished, asked)), b"data: [DONE]\n\n"]
    head = {"x-amzn-RequestId": exchange.call.request_id}
    return TextStream(frames, exchange.fault, exchange.call, head, finished.burst)


def counts(exchange: Exchange, read: int, written: int) -> dict[str, str]:
    return {
        "X-Amzn-Bedrock-Input-Token-Count": str(read),
        "X-Amzn-Bedrock-Output-Token-Count": str(written),
        "X-Amzn-Bedrock-Invocation-Latency": str(exchange.latency_ms),
    }


def invoke_model_stream(exchange: Exchange) -> Response:
    chat, finished = native_chat(exchange, streamed=True)
    chunks = list(DIALECTS[chat.model.body or ""].events(chat, finished))
    chunks[-1] = chunks[-1] | {
        "amazon-bedrock-invocationMetrics": {
            "inputTokenCount": finished.usage.input,
            "outputTokenCount": finished.usage.output,
            "invocationLatency": exchange.latency_ms,
            "firstByteLatency": exchange.latency_ms,
        }
    }
    headers = {"X-Amzn-Bedrock-Content-Type": "application/json"}
    return exchange.stream((event("chunk", chunk(one)) for one in chunks), finished.burst, headers)


def chunk(content: dict[str, Any]) -> dict[str, Any]:
    text = encoded(content)
    return {"bytes": base64.b64encode(text.encode()).decode()}


def count_tokens(exchange: Exchange) -> Response:
    """Counts for the plain id only: Bedrock refuses inference profiles here, though it invokes by nothing else."""
    members = exchange.members({"modelId": exchange.identifier})
    model, through_profile = resolve(exchange.identifier, exchange.caller.region, exchange.bedrock.own)
    exchange.call.model = model.id
    if through_profile or not model.can("token_counts"):
        raise invalid("The provided model doesn't support counting tokens.")
    asked = members["input"]
    native = asked.get("invokeModel")
    body = counted_body(native["body"], model) if native else asked["converse"]
    check(model, body, streamed=False)
    return exchange.answer({"inputTokens": sum(part.tokens for part in prompt(body))})


def counted_body(raw: bytes, model: Model) -> dict[str, Any]:
    try:
        native = json.loads(raw)
    except ValueError as error:
        raise invalid("Malformed input request, please reformat your input and try again.") from error
    translated, _ = DIALECTS[model.body or ""].to_converse(native)
    return parsed({**translated, "modelId": model.id}, operation("Converse").input_shape)


def guard(exchange: Exchange) -> Response:
    uri = {"guardrailIdentifier": exchange.identifier, "guardrailVersion": exchange.request.path_params["version"]}
    return exchange.answer(apply_guardrail(exchange.members(uri)))


def list_foundation_models(exchange: Exchange) -> Response:
    return exchange.answer(listings.foundation_models(exchange.request.query_params, exchange.caller.region))


def get_foundation_model(exchange: Exchange) -> Response:
    return exchange.answer(listings.foundation_model(exchange.identifier, exchange.caller.region))


def list_inference_profiles(exchange: Exchange) -> Response:
    return exchange.answer(listings.inference_profiles(exchange.request.query_params, exchange.caller.region))


def get_inference_profile(exchange: Exchange) -> Response:
    return exchange.answer(listings.inference_profile(exchange.identifier, exchange.caller.region))


def create_inference_profile(exchange: Exchange) -> Response:
    """An application inference profile, of a foundation model or of one of Bedrock's own profiles."""
    asked = parsed(exchange.json(), operation("CreateInferenceProfile", "bedrock").input_shape)
    source, region = asked["modelSource"]["copyFrom"], exchange.caller.region
    listings.found(source, region)
    arn = own_arn("application-inference-profile", region, asked["inferenceProfileName"])
    if arn in exchange.bedrock.own:
        raise AwsError("ConflictException", "An inference profile of that name exists already.", 409)
    exchange.bedrock.own[arn] = source
    made = exchange.answer({"inferenceProfileArn": arn, "status": "ACTIVE"})
    made.status_code = 201
    return made


Operation = Callable[[Exchange], Response]
OPERATIONS: dict[str, tuple[str, str, Operation]] = {
    "Converse": ("POST", "/model/{identifier:path}/converse", converse_whole),
    "ConverseStream": ("POST", "/model/{identifier:path}/converse-stream", converse_stream),
    "InvokeModel": ("POST", "/model/{identifier:path}/invoke", invoke_model),
    "InvokeModelWithResponseStream": (
        "POST",
        "/model/{identifier:path}/invoke-with-response-stream",
        invoke_model_stream,
    ),
    CHAT: ("POST", "/openai/v1/chat/completions", chat_completions),
    "CountTokens": ("POST", "/model/{identifier:path}/count-tokens", count_tokens),
    "ApplyGuardrail": ("POST", "/guardrail/{identifier:path}/version/{version}/apply", guard),
    "ListFoundationModels": ("GET", "/foundation-models", list_foundation_models),
    "GetFoundationModel": ("GET", "/foundation-models/{identifier:path}", get_foundation_model),
    "ListInferenceProfiles": ("GET", "/inference-profiles", list_inference_profiles),
    "CreateInferenceProfile": ("POST", "/inference-profiles", create_inference_profile),
    "GetInferenceProfile": ("GET", "/inference-profiles/{identifier:path}", get_inference_profile),
}
