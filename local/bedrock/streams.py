"""Sending frames, and breaking off as a fault wants it."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from local.bedrock.calls import Call
from local.bedrock.errors import AwsError, openais
from local.bedrock.eventstream import CONTENT_TYPE, corrupted, encoded, exception
from local.bedrock.faults import Fault
from local.bedrock.service import stream_exceptions

Failure = Callable[[str, AwsError], bytes]  # a frame that says what went wrong, of an operation


def failure(operation: str, error: AwsError) -> bytes:
    return exception(stream_exceptions(operation)[error.code], error.body)


def broken(frames: list[bytes], operation: str, fault: Fault, failed: Failure = failure) -> tuple[list[bytes], bool]:
    """The frames that are sent under a fault, and whether the connection is dropped after them."""
    if not fault.breaks_streams:
        return frames, False
    at = fault.after_events or 0
    if fault.error == "cut":
        return frames[:at], True
    if fault.error == "corrupt":
        return [corrupted(one) if number == at else one for number, one in enumerate(frames)], False
    return [*frames[:at], failed(operation, fault.answer())], False


class EventStream(Response):
    """Frames as a chunked body, each in its own write unless `burst`; slowly when a fault says so."""

    content_type = CONTENT_TYPE
    failed = staticmethod(failure)

    def __init__(self, frames: list[bytes], fault: Fault, call: Call, headers: Mapping[str, str], burst: bool) -> None:
        super().__init__(status_code=200, headers=headers, media_type=self.content_type)
        del self.headers["content-length"]  # Response sets one for its empty body
        sent, self.cut = broken(frames, call.operation, fault, self.failed)
        self.frames = [b"".join(sent)] if burst and not fault.token_delay_s else sent
        self.delay_s, self.call = fault.token_delay_s, call
        if fault.breaks_streams and not self.cut and fault.error != "corrupt":
            call.error = fault.error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        departure = asyncio.create_task(gone(receive))
        try:
            for frame in self.frames:
                if self.delay_s:
                    await asyncio.wait([departure], timeout=self.delay_s)
                if departure.done():
                    self.call.outcome = "client_gone"
                    return
                await send(body(frame, more=True))
            if self.cut:
                # To return without the last chunk makes uvicorn close the connection, and say so in its log.
                self.call.outcome = "cut"
                return
            await send(body(b"", more=False))
            self.call.outcome = "completed"
        finally:
            departure.cancel()


class TextStream(EventStream):
    """Server-sent events, one a frame."""

    content_type = "text/event-stream"
    failed = staticmethod(lambda _, error: sse({"error": openais(error)}))


class Cut(Response):
    """The beginning of an answer, then the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send(body(b"{", more=True))


def sse(value: Any) -> bytes:
    return f"data: {encoded(value)}\n\n".encode()


def body(chunk: bytes, more: bool) -> Message:
    return {"type": "http.response.body", "body": chunk, "more_body": more}


async def gone(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
