"""One event on its way through a function."""

import asyncio
import secrets
import time
import uuid
from dataclasses import dataclass

from local.functions.channel import Channel
from local.functions.failure import FunctionError, InvocationFailed


@dataclass(frozen=True, slots=True)
class Record:
    """What the log says of an invocation that ended."""

    function: str
    request_id: str
    environment: int  # the process id; the same number again is a reuse
    cold: bool
    init_ms: float  # 0 unless cold
    duration_ms: float
    error: str | None  # a type


class Invocation:
    """The meeting point of a caller, who reads, and a runtime, which writes."""

    def __init__(self, payload: bytes, trace_id: str | None = None, request_id: str | None = None) -> None:
        self.id = request_id or str(uuid.uuid4())
        self.payload = payload
        self.trace_id = trace_id or new_trace_id()
        self.deadline_ms = 0  # unix milliseconds, set when a runtime takes the event
        self.cold = False
        self.init_ms = 0.0
        self.environment = 0
        self.error: str | None = None
        self.throttled = False
        self.content_type: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.body = Channel()
        self.ended = asyncio.Event()
        self._started_at = time.perf_counter()
        # A caller that left never asks what went wrong; that is no programming error to warn of.
        self.content_type.add_done_callback(lambda future: future.cancelled() or future.exception())

    @property
    def answered(self) -> bool:
        """Whether the runtime has begun to answer, or can no longer."""
        return self.content_type.done() or self.ended.is_set()

    def taken(self, timeout_s: float) -> None:
        """A runtime has the event: the deadline runs."""
        self.deadline_ms = int((time.time() + timeout_s) * 1000)
        self._started_at = time.perf_counter()

    def begin(self, content_type: str) -> None:
        if not self.content_type.done():
            self.content_type.set_result(content_type)

    def complete(self) -> None:
        self.body.close()
        self.ended.set()

    def fail(self, error: FunctionError) -> None:
        """Tell the caller, wherever it waits. The first end counts."""
        if self.ended.is_set():
            return
        self.error = error.type
        self.refuse(InvocationFailed(error))

    def refuse(self, failure: Exception) -> None:
        if not self.content_type.done():
            self.content_type.set_exception(failure)
        self.body.close(failure)
        self.ended.set()

    def record(self, function: str) -> Record:
        duration_ms = (time.perf_counter() - self._started_at) * 1e3
        return Record(function, self.id, self.environment, self.cold, self.init_ms, duration_ms, self.error)


def new_trace_id() -> str:
    """X-Ray's trace header, not sampled: no X-Ray daemon listens here."""
    return f"Root=1-{int(time.time()):08x}-{secrets.token_hex(12)};Parent={secrets.token_hex(8)};Sampled=0"
