"""One execution environment: a process and its Runtime API, working on one event at a time."""

import asyncio
import shutil
import signal
import time
from collections.abc import Callable
from pathlib import Path

from local.functions.failure import FunctionError, InvocationFailed
from local.functions.function import Function
from local.functions.invocation import Invocation
from local.functions.process import Leash, Process
from local.functions.runtime import Runtime
from local.functions.runtime_api import RuntimeApi

_DRAIN_S = 1.0  # how long a dead process's connections may take to show their end


class Environment:
    """`starting`, then `idle` and busy in turns, at last `dead`. Its owner hears of every change through callbacks."""

    def __init__(self, function: Function, on_change: Callable[["Environment"], None]) -> None:
        self.function = function
        self.current: Invocation | None = None
        self.dead = False
        self.pid = 0
        self.init_ms = 0.0
        self._on_change = on_change
        self._api = RuntimeApi(self)
        self._process: Process | None = None
        self._ready: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._ready.add_done_callback(lambda future: future.cancelled() or future.exception())
        self._inbox: asyncio.Future[Invocation] | None = None
        self._deadline: asyncio.TimerHandle | None = None
        self._end: asyncio.Task[None] | None = None
        self._gone = asyncio.Event()
        self._stopping = False

    @property
    def _waiting(self) -> bool:
        return self._inbox is not None and not self._inbox.done()

    @property
    def settling(self) -> bool:
        """It has answered and is about to ask for the next event."""
        return not self.dead and self.current is not None and self.current.ended.is_set()

    async def start(self, runtime: Runtime, leash: Leash, on_line: Callable[[str], None], init_s: float) -> None:
        """Bring the process up to its first `/next`. Raises InvocationFailed; the process is gone then."""
        started_at = time.perf_counter()
        scratch = runtime.scratch()
        environment = runtime.environment(self.function, await self._api.listen(), scratch)
        try:
            command = runtime.command(self.function)
            self._process = await Process.start(command, environment, self.function.code, on_line, leash)
        except OSError as error:
            await self._bury(scratch)
            raise InvocationFailed(FunctionError.of("Runtime.InvalidEntrypoint", str(error))) from error
        self.pid = self._process.pid
        self._end = asyncio.create_task(self._watch(self._process, scratch))
        if self._stopping:
            self._condemn()
        try:
            async with asyncio.timeout(init_s):
                await asyncio.shield(self._ready)
        except TimeoutError:
            self._condemn()
            text = f"Init timed out after {init_s:.2f} seconds"
            raise InvocationFailed(FunctionError.of("Sandbox.Timedout", text)) from None
        except InvocationFailed:
            self._condemn()
            raise
        self.init_ms = (time.perf_counter() - started_at) * 1e3

    def give(self, invocation: Invocation) -> None:
        """Hand the waiting runtime an event; the deadline runs from here."""
        assert self._inbox is not None
        self.current = invocation
        invocation.environment = self.pid
        invocation.taken(self.function.timeout_s)
        self._deadline = asyncio.get_running_loop().call_later(self.function.timeout_s, self._expire)
        self._inbox.set_result(invocation)

    async def stop(self, grace_s: float) -> None:
        """Ask the process to end, and end it when it does not."""
        self._stopping = True
        self._signal(signal.SIGTERM)
        try:
            async with asyncio.timeout(grace_s):
                await self._gone.wait()
        except TimeoutError:
            self._condemn()
        if self._end is not None:
            await asyncio.shield(self._end)

    # What the Runtime API calls.

    def arn(self) -> str:
        return self.function.arn

    def ask(self) -> asyncio.Future[Invocation] | None:
        if self._waiting or (self.current is not None and not self.current.ended.is_set()):
            return None
        if self._deadline is not None:
            self._deadline.cancel()
        self.current = None
        self._inbox = asyncio.get_running_loop().create_future()
        if self._ready.done():
            self._on_change(self)
        else:
            self._ready.set_result(None)
        return self._inbox

    def init_failed(self, error: FunctionError) -> bool:
        if self._ready.done():
            return False
        self._ready.set_exception(InvocationFailed(error))
        return True

    def lost(self) -> None:
        """A runtime that hangs up is a process that dies, most times. One that lives has cut its answer short."""
        if self.current is None:
            if self._ready.done():
                self._condemn()
        else:
            asyncio.get_running_loop().call_later(_DRAIN_S, self._cut_short, self.current)

    # How it ends.

    def _cut_short(self, invocation: Invocation) -> None:
        if not self.dead and not invocation.ended.is_set():
            invocation.fail(FunctionError.of("Runtime.TruncatedResponse", "The runtime broke off its answer"))
            self._condemn()

    def _condemn(self) -> None:
        self.dead = True
        self._signal(signal.SIGKILL)

    def _expire(self) -> None:
        text = f"Task timed out after {self.function.timeout_s:.2f} seconds"
        self._fail(FunctionError.of("Sandbox.Timedout", self._told(text)))
        self._condemn()

    async def _watch(self, process: Process, scratch: Path) -> None:
        how = await process.ended()
        self._gone.set()
        self.dead = True
        await self._api.drained(_DRAIN_S)
        reason = "Runtime exited without providing a reason" if how == "exit status 0" else _exited(how)
        self._fail(FunctionError.of("Runtime.ExitError", self._told(reason)))
        await self._bury(scratch)

    def _fail(self, error: FunctionError) -> None:
        if not self._ready.done():
            self._ready.set_exception(InvocationFailed(error))
        if self.current is not None:
            self.current.fail(error)

    def _told(self, text: str) -> str:
        return f"RequestId: {self.current.id} Error: {text}" if self.current else text

    async def _bury(self, scratch: Path) -> None:
        self.dead = True
        self._gone.set()
        if self._deadline is not None:
            self._deadline.cancel()
        await self._api.close()
        shutil.rmtree(scratch, ignore_errors=True)
        self._on_change(self)

    def _signal(self, number: signal.Signals) -> None:
        if self._process is not None and not self._gone.is_set():
            self._process.signal(number)


def _exited(how: str) -> str:
    return f"Runtime exited with error: {how}"
