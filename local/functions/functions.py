"""Lambda: functions by name, invoked whole or as a stream."""

import asyncio
import tempfile
import uuid
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType

from local.functions.environment import Environment
from local.functions.failure import (
    FunctionError,
    FunctionNotFound,
    InvocationFailed,
    PayloadTooLarge,
    Throttled,
)
from local.functions.function import Function, function_name
from local.functions.invocation import Invocation, Record
from local.functions.pool import Pool
from local.functions.process import Leash
from local.functions.queue import RETRIES_S, Queue
from local.functions.runtime import Runtime
from local.functions.runtime_api import RESPONSE_LIMIT
from local.functions.stream import Answer, Stream, prelude

REQUEST_LIMIT = 6 * 1024 * 1024  # bytes of an event
EVENT_LIMIT = 1024 * 1024  # bytes of an event nobody waits for
INIT_S = 10.0


@dataclass(frozen=True, slots=True)
class Result:
    """A buffered answer."""

    payload: bytes  # what the function returned, or the error's JSON
    error: FunctionError | None
    request_id: str
    cold: bool


def _ignore(*_: object) -> None: ...


class Functions:
    """A context manager: on leaving, every process is gone.

    `on_line(function, line)` gets what the processes print, `on_record(record)` each invocation as it ends. An
    invocation outlives its caller: like Lambda, a function runs to its end though nobody reads on ("Response streams
    are not interrupted or stopped when the invoking client connection is broken", Lambda developer guide).
    """

    def __init__(
        self,
        functions: Iterable[Function],
        *,
        on_line: Callable[[str, str], None] = _ignore,
        on_record: Callable[[Record], None] = _ignore,
        init_timeout_s: float = INIT_S,
        grace_s: float = 2.0,
        retries_s: tuple[float, ...] = RETRIES_S,
    ) -> None:
        self._pools = {function.name: Pool(function, self._start) for function in functions}
        self._on_line, self._on_record = on_line, on_record
        self._init_timeout_s, self._grace_s = init_timeout_s, grace_s
        self._retries_s = retries_s
        self._running: set[asyncio.Task[None]] = set()
        self._queued: set[asyncio.Task[None]] = set()
        self._closing = False

    async def __aenter__(self) -> "Functions":
        self._folder = Path(tempfile.mkdtemp(prefix="pennyworth-functions-"))
        self._runtime = Runtime(self._folder)
        self._leash = await Leash.start(self._folder)
        return self

    async def __aexit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        closing = asyncio.create_task(self._close())
        try:
            await asyncio.shield(closing)
        except asyncio.CancelledError:
            await closing  # whoever is in a hurry waits all the same: a process must not be left
            raise

    @property
    def pids(self) -> frozenset[int]:
        """The processes of all execution environments."""
        return frozenset(
            each.pid for pool in self._pools.values() for each in pool.environments if each.pid and not each.dead
        )

    async def invoke(self, name: str, payload: bytes, *, trace_id: str | None = None) -> Result:
        """Raises FunctionNotFound, PayloadTooLarge and Throttled; a function's own failure is in the Result."""
        async with self.answer(name, payload, trace_id=trace_id) as answer:
            try:
                await answer.started()
                body, error = await _whole(answer), None
            except InvocationFailed as failure:
                body, error = failure.error.payload, failure.error
            return Result(body, error, answer.request_id, answer.cold)

    @asynccontextmanager
    async def stream(self, name: str, payload: bytes, *, trace_id: str | None = None) -> AsyncIterator[Stream]:
        """The streamed answer of an HTTP function, open when its status and headers are known.

        Raises what `invoke` raises, InvocationFailed for a function that failed before its prelude was complete, and
        MalformedResponse when there is none. Iterating it raises InvocationFailed when the function fails later.
        """
        async with self.answer(name, payload, trace_id=trace_id) as answer:
            await answer.started()
            head, rest = await prelude(answer)
            yield Stream(answer, head, rest)

    @asynccontextmanager
    async def answer(self, name: str, payload: bytes, *, trace_id: str | None = None) -> AsyncIterator[Answer]:
        """The bytes a function answers with, as they come. Leaving early lets the function run on unheard."""
        invocation = self._begin(name, payload, REQUEST_LIMIT, trace_id)
        try:
            yield Answer(invocation)
        finally:
            invocation.body.abandon()

    def send(self, name: str, payload: bytes) -> str:
        """Invoke and forget (InvocationType=Event); returns the request id. Raises as `invoke`, except Throttled.

        What fails is tried again, as Lambda does; not after this has closed.
        """
        request_id = str(uuid.uuid4())

        def attempt() -> Invocation:
            invocation = self._begin(name, payload, EVENT_LIMIT, None, request_id)
            invocation.body.abandon()
            return invocation

        task = asyncio.create_task(Queue(attempt, self._retries_s).deliver())
        self._queued.add(task)
        task.add_done_callback(self._queued.discard)
        return request_id

    def _begin(
        self, name: str, payload: bytes, limit: int, trace_id: str | None, request_id: str | None = None
    ) -> Invocation:
        pool = self._pools.get(function_name(name))
        if pool is None:
            raise FunctionNotFound(name)
        if len(payload) > limit:
            raise PayloadTooLarge(limit)
        invocation = Invocation(payload, trace_id, request_id)
        task = asyncio.create_task(self._run(pool, invocation))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        return invocation

    async def _run(self, pool: Pool, invocation: Invocation) -> None:
        try:
            environment, invocation.cold = await pool.acquire()
        except InvocationFailed as failure:
            invocation.cold = True
            invocation.fail(failure.error)
        except Throttled as failure:
            invocation.error, invocation.throttled = "Throttled", True
            invocation.refuse(failure)
        else:
            invocation.init_ms = environment.init_ms if invocation.cold else 0.0
            environment.give(invocation)
        await invocation.ended.wait()
        self._on_record(invocation.record(pool.function.name))

    async def _start(self, environment: Environment) -> None:
        name = environment.function.name
        if self._closing:
            raise InvocationFailed(FunctionError.of("ServiceException", "Lambda is shutting down"))
        await environment.start(
            self._runtime, self._leash, lambda line: self._on_line(name, line), self._init_timeout_s
        )

    async def _close(self) -> None:
        self._closing = True
        for queued in self._queued:
            queued.cancel()
        while environments := [each for pool in self._pools.values() for each in pool.environments]:
            await asyncio.gather(*(each.stop(self._grace_s) for each in environments))
        if self._running:
            await asyncio.wait(self._running)
        await self._leash.close()


async def _whole(answer: Answer) -> bytes:
    chunks, size = [], 0
    async for chunk in answer:
        size += len(chunk)
        if size > RESPONSE_LIMIT:
            text = f"Response payload size exceeded maximum allowed payload size ({RESPONSE_LIMIT} bytes)."
            raise InvocationFailed(FunctionError.of("Function.ResponseSizeTooLarge", text))
        chunks.append(chunk)
    return b"".join(chunks)
