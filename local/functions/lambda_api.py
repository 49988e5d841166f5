"""Lambda's own HTTP API, the part that invokes: Invoke and InvokeWithResponseStream, for unmodified SDKs."""

import json
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any
from urllib.parse import unquote

from local.functions.event_stream import event
from local.functions.failure import FunctionNotFound, InvocationFailed, PayloadTooLarge, Throttled
from local.functions.functions import REQUEST_LIMIT, Functions
from local.functions.stream import Answer

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Asgi = Callable[[Message, Receive, Send], Awaitable[None]]

_INVOKE = ("2015-03-31", "invocations")
_STREAM = ("2021-11-15", "response-streaming-invocations")
_HOSTS = ("127.0.0.1", "localhost")
_EVENT_STREAM = "application/vnd.amazon.eventstream"


class _Refusal(Exception):  # noqa: N818 -- an answer, not a fault
    def __init__(self, status: int, type_: str, message: str) -> None:
        super().__init__(message)
        self.status, self.type, self.message = status, type_, message


def lambda_api(functions: Functions) -> Asgi:
    """An ASGI app. Requests must be signed; whose signature it is, and whether it is right, is not checked.

    A web page that had its own name point here (DNS rebinding) is refused by that name: it could pass for anyone.
    """

    async def app(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        try:
            await _serve(functions, scope, receive, send)
        except _Refusal as refusal:
            await _refuse(send, refusal)
        except FunctionNotFound as error:
            await _refuse(send, _Refusal(404, "ResourceNotFoundException", f"Function not found: {error}"))
        except PayloadTooLarge as error:
            text = f"Request must be smaller than {error} bytes for the InvokeFunction operation"
            await _refuse(send, _Refusal(413, "RequestTooLargeException", text))
        except Throttled:
            await _refuse(send, _Refusal(429, "TooManyRequestsException", "Rate Exceeded."))

    return app


async def _serve(functions: Functions, scope: Message, receive: Receive, send: Send) -> None:
    headers = {name.decode("latin-1"): value.decode("latin-1") for name, value in scope["headers"]}
    if headers.get("host", "").rpartition(":")[0] not in _HOSTS:
        raise _Refusal(403, "AccessDeniedException", "Ask by a loopback name")
    operation, name = _route(scope)
    if not headers.get("authorization", "").startswith("AWS4-HMAC-SHA256 Credential="):
        raise _Refusal(403, "MissingAuthenticationTokenException", "Missing Authentication Token")
    payload = await _payload(receive)
    kind = headers.get("x-amz-invocation-type", "RequestResponse")
    trace_id = headers.get("x-amzn-trace-id")
    if operation == _STREAM:
        async with functions.answer(name, payload, trace_id=trace_id) as answer:
            await _stream(answer, send)
    elif kind == "Event":
        request_id = functions.send(name, payload)
        await _answer(send, 202, {"x-amzn-requestid": request_id}, b"")
    elif kind == "RequestResponse":
        result = await functions.invoke(name, payload, trace_id=trace_id)
        failed = {"x-amz-function-error": "Unhandled"} if result.error else {}
        known = {"x-amzn-requestid": result.request_id, "x-amz-executed-version": "$LATEST"}
        await _answer(send, 200, {"content-type": "application/json", **known, **failed}, result.payload)
    else:
        raise _Refusal(400, "InvalidParameterValueException", f"The invocation type {kind} is not known here")


async def _stream(answer: Answer, send: Send) -> None:
    """A function's failure is the last event, InvokeComplete; the HTTP response has begun with 200 before."""
    failure: InvocationFailed | None = None
    try:
        await answer.started()
    except InvocationFailed as error:
        failure = error
    headers = {
        "content-type": _EVENT_STREAM,
        "x-amzn-requestid": answer.request_id,
        "x-amz-executed-version": "$LATEST",
    }
    await send({"type": "http.response.start", "status": 200, "headers": _lines(headers)})
    try:
        if failure is None:
            async for chunk in answer:
                body = event("PayloadChunk", "application/octet-stream", chunk)
                await send({"type": "http.response.body", "body": body, "more_body": True})
    except InvocationFailed as error:
        failure = error
    complete = {}
    if failure is not None:
        complete = {"ErrorCode": failure.error.type, "ErrorDetails": failure.error.payload.decode()}
    body = event("InvokeComplete", "application/json", json.dumps(complete).encode())
    await send({"type": "http.response.body", "body": body})


def _route(scope: Message) -> tuple[tuple[str, str], str]:
    raw = scope.get("raw_path") or scope["path"].encode()
    match scope["method"], raw.decode("latin-1").strip("/").split("/"):
        case "POST", [version, "functions", name, action] if (version, action) in (_INVOKE, _STREAM):
            return (version, action), unquote(name)
    raise _Refusal(404, "UnknownOperationException", "The requested operation does not exist here")


async def _payload(receive: Receive) -> bytes:
    """The event; an absent one is an empty object."""
    chunks, size, more = [], 0, True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise _Refusal(400, "InvalidRequestContentException", "The request broke off")
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > REQUEST_LIMIT:
            raise PayloadTooLarge(REQUEST_LIMIT)
        chunks.append(chunk)
        more = message.get("more_body", False)
    payload = b"".join(chunks) or b"{}"
    try:
        json.loads(payload)
    except ValueError as error:
        text = f"Could not parse request body into json: {error}"
        raise _Refusal(400, "InvalidRequestContentException", text) from None
    return payload


async def _refuse(send: Send, refusal: _Refusal) -> None:
    kind = "User" if refusal.status < 500 else "Service"
    body = json.dumps({"Type": kind, "message": refusal.message, "Message": refusal.message}).encode()
    headers = {"content-type": "application/json", "x-amzn-errortype": refusal.type}
    await _answer(send, refusal.status, headers, body)


async def _answer(send: Send, status: int, headers: dict[str, str], body: bytes) -> None:
    headers = {**headers, "content-length": str(len(body))}
    await send({"type": "http.response.start", "status": status, "headers": _lines(headers)})
    await send({"type": "http.response.body", "body": body})


def _lines(headers: dict[str, str]) -> list[tuple[bytes, bytes]]:
    return [(name.encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
