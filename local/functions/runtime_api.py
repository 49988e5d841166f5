"""Lambda's Runtime API, as one execution environment sees it: a loopback listener that speaks 2018-06-01.

Statuses and bodies are those of the Lambda documentation and of AWS's runtime interface emulator (read 2026-11).
"""

import asyncio
import contextlib
import json
from base64 import b64decode
from typing import Protocol

import h11

from local.functions.failure import FunctionError
from local.functions.invocation import Invocation
from local.functions.peer import Gone, Peer, header

RESPONSE_LIMIT = 6 * 1024 * 1024 + 100  # bytes of a buffered response; AWS's own figure
_ROOT = "/2018-06-01/runtime"
_ERROR_TYPE = b"lambda-runtime-function-error-type"
_ERROR_BODY = b"lambda-runtime-function-error-body"
_MODE = b"lambda-runtime-function-response-mode"
_OK = {"status": "OK"}


class Host(Protocol):
    """The execution environment behind the listener."""

    current: Invocation | None  # the event the runtime works on

    def ask(self) -> "asyncio.Future[Invocation] | None":
        """The runtime is ready: the event to come, or None when it may not ask now."""

    def arn(self) -> str: ...

    def init_failed(self, error: FunctionError) -> bool:
        """The runtime could not start; False when it had already."""

    def lost(self) -> None:
        """The runtime hung up in the middle of an exchange."""


class RuntimeApi:
    def __init__(self, host: Host) -> None:
        self._host = host
        self._connections: set[asyncio.Task[None]] = set()
        self._server: asyncio.Server | None = None

    async def listen(self) -> str:
        """Open on a free port; returns `host:port`, the value of AWS_LAMBDA_RUNTIME_API."""
        self._server = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        host, port = self._server.sockets[0].getsockname()[:2]
        return f"{host}:{port}"

    async def drained(self, timeout_s: float) -> None:
        """Wait until what a dead process had sent is read: its connections end by themselves."""
        if self._connections:
            await asyncio.wait(self._connections, timeout=timeout_s)

    async def close(self) -> None:
        if self._server is not None:
            self._server.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.create_task(self._serve(Peer(reader, writer)))
        self._connections.add(task)
        task.add_done_callback(self._connections.discard)

    async def _serve(self, peer: Peer) -> None:
        try:
            while isinstance(request := await peer.event(), h11.Request):
                await self._answer(peer, request)
                if not peer.again():
                    break
        except Gone:
            self._host.lost()
        finally:
            peer.close()

    async def _answer(self, peer: Peer, request: h11.Request) -> None:
        method, path = request.method.decode(), request.target.decode("latin-1").removeprefix(_ROOT)
        match method, path.strip("/").split("/"):
            case "GET", ["invocation", "next"]:
                await self._next(peer)
            case "POST", ["invocation", request_id, "response"]:
                await self._response(peer, request, request_id)
            case "POST", ["invocation", request_id, "error"]:
                await self._error(peer, request, request_id)
            case "POST", ["init", "error"]:
                await self._init_error(peer, request)
            case _:
                await _drain(peer)
                await peer.answer(404, {}, b"404 page not found\n")

    async def _next(self, peer: Peer) -> None:
        await _drain(peer)
        event = self._host.ask()
        if event is None:
            await _refuse_transition(peer, "Running", "Ready")
            return
        hangup = asyncio.create_task(peer.gone())
        try:
            await asyncio.wait((event, hangup), return_when=asyncio.FIRST_COMPLETED)
        finally:
            hangup.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await hangup  # one reader at a time on a stream
        if not event.done():
            raise Gone("the runtime left while it waited for an event")
        invocation = event.result()
        headers = {
            "Content-Type": "application/json",
            "Lambda-Runtime-Aws-Request-Id": invocation.id,
            "Lambda-Runtime-Deadline-Ms": str(invocation.deadline_ms),
            "Lambda-Runtime-Invoked-Function-Arn": self._host.arn(),
            "Lambda-Runtime-Trace-Id": invocation.trace_id,
        }
        await peer.answer(200, headers, invocation.payload)

    async def _response(self, peer: Peer, request: h11.Request, request_id: str) -> None:
        invocation = await self._addressed(peer, request_id)
        if invocation is None:
            return
        mode = header(request, _MODE)
        content_type = header(request, b"content-type") or "application/json"
        if mode == "streaming":
            await self._stream(peer, invocation, content_type)
        elif mode:
            await _drain(peer)
            await _refuse(peer, 400, "InvalidFunctionResponseMode", "Invalid function response mode")
        else:
            await self._buffer(peer, invocation, content_type)

    async def _buffer(self, peer: Peer, invocation: Invocation, content_type: str) -> None:
        body = await _body(peer, RESPONSE_LIMIT)
        if body is None:
            limit = f"{RESPONSE_LIMIT} bytes"
            invocation.fail(
                FunctionError.of(
                    "Function.ResponseSizeTooLarge",
                    f"Response payload size exceeded maximum allowed payload size ({limit}).",
                )
            )
            reason = f"Exceeded maximum allowed payload size ({limit})."
            await _refuse(peer, 413, "RequestEntityTooLarge", reason)
            return
        invocation.begin(content_type)
        await invocation.body.put(body)
        invocation.complete()
        await peer.answer_json(202, _OK)

    async def _stream(self, peer: Peer, invocation: Invocation, content_type: str) -> None:
        invocation.begin(content_type)
        while not isinstance(event := await peer.event(), h11.EndOfMessage):
            if isinstance(event, h11.Data):
                await invocation.body.put(bytes(event.data))
        if type_ := header(event, _ERROR_TYPE):
            invocation.fail(_trailed(type_, header(event, _ERROR_BODY)))
        else:
            invocation.complete()
        await peer.answer_json(202, _OK)

    async def _error(self, peer: Peer, request: h11.Request, request_id: str) -> None:
        invocation = await self._addressed(peer, request_id)
        if invocation is None:
            return
        body = await _body(peer, RESPONSE_LIMIT)
        invocation.fail(_reported(request, body))
        await peer.answer_json(202, _OK)

    async def _init_error(self, peer: Peer, request: h11.Request) -> None:
        body = await _body(peer, RESPONSE_LIMIT)
        if self._host.init_failed(_reported(request, body)):
            await peer.answer_json(202, _OK)
        else:
            await _refuse_transition(peer, "Ready", "InitError")

    async def _addressed(self, peer: Peer, request_id: str) -> Invocation | None:
        """The invocation the runtime names, if it is the one it works on and has no answer yet."""
        current = self._host.current
        if current is None or current.id != request_id:
            await _drain(peer)
            await _refuse(peer, 400, "InvalidRequestID", "Invalid request ID")
            return None
        if current.answered:
            await _drain(peer)
            await _refuse_transition(peer, "InvocationResponse", "InvocationResponse")
            return None
        return current


async def _body(peer: Peer, limit: int) -> bytes | None:
    """The whole body, or None when it is over the limit; what is over is read and dropped so the answer is heard."""
    chunks, size = [], 0
    while not isinstance(event := await peer.event(), h11.EndOfMessage):
        if isinstance(event, h11.Data):
            size += len(event.data)
            if size <= limit:
                chunks.append(bytes(event.data))
    return b"".join(chunks) if size <= limit else None


async def _drain(peer: Peer) -> None:
    await _body(peer, 0)


async def _refuse(peer: Peer, status: int, type_: str, message: str) -> None:
    await peer.answer_json(status, {"errorMessage": message, "errorType": type_})


async def _refuse_transition(peer: Peer, before: str, after: str) -> None:
    message = f"State transition from {before} to {after} failed for runtime. Error: State transition is not allowed"
    await _refuse(peer, 403, "InvalidStateTransition", message)


def _reported(request: h11.Request, body: bytes | None) -> FunctionError:
    """What the runtime posted to an error path: its body is handed on as it is when it is JSON."""
    type_ = header(request, _ERROR_TYPE)
    try:
        document = json.loads(body or b"")
    except ValueError:
        return FunctionError.of(type_ or "Runtime.Unknown", "")
    if not type_ and isinstance(document, dict):
        type_ = str(document.get("errorType") or "")
    return FunctionError(type_ or "Runtime.Unknown", body or b"")


def _trailed(type_: str, encoded: str) -> FunctionError:
    try:
        body = b64decode(encoded, validate=True)
        json.loads(body)
    except ValueError:
        return FunctionError.of(type_, "")
    return FunctionError(type_, body)
