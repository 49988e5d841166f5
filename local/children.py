"""The stand-ins that run as processes of their own: started, waited for, watched, ended."""

import asyncio
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from local.functions.process import Leash, Process

_ROOT = Path(__file__).resolve().parent.parent
_LISTENING = "listening on "
_END_S = 5.0
_KEPT_LINES = 15


class ChildError(Exception):
    """A process that did not do what it was started for; the message says what it said last."""


class Child:
    """One process. Gone when `stop` returns, and when this process dies."""

    def __init__(self, name: str, on_line: Callable[[str], None]) -> None:
        self.name = name
        self.on_line = on_line
        self._said: list[str] = []
        self._url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self._process: Process | None = None
        self.ended: asyncio.Task[str] | None = None  # how it ended

    async def start(self, leash: Leash, module: str, arguments: Sequence[str], environ: Mapping[str, str]) -> None:
        # Bytecode is kept: this is our own source, and the next start is to be quick.
        command = [sys.executable, "-u", "-m", module, *arguments]
        self._process = await Process.start(command, environ, _ROOT, self._take, leash)
        self.ended = asyncio.create_task(self._process.ended())

    async def url(self, limit_s: float) -> str:
        """Where it listens. Raises ChildError when it ends first or takes longer than the limit."""
        assert self.ended is not None
        done, _ = await asyncio.wait((self._url, self.ended), timeout=limit_s, return_when=asyncio.FIRST_COMPLETED)
        if self._url in done:
            return self._url.result()
        reason = f"ended ({self.ended.result()})" if done else f"was not ready after {limit_s:.0f} s"
        raise ChildError(f"{self.name} {reason}{self.last_words()}")

    async def success(self) -> None:
        """Wait for the end. Raises ChildError unless that was exit status 0."""
        assert self.ended is not None
        how = await asyncio.shield(self.ended)
        if how != "exit status 0":
            raise ChildError(f"{self.name} failed ({how}){self.last_words()}")

    async def stop(self) -> None:
        """Ask it to end, and make it."""
        if self._process is None or self.ended is None:
            return
        if not self.ended.done():
            self._process.signal(signal.SIGTERM)
            await asyncio.wait((self.ended,), timeout=_END_S)
        if not self.ended.done():
            self._process.signal(signal.SIGKILL)
        await self.ended

    def last_words(self) -> str:
        return ":\n  " + "\n  ".join(self._said) if self._said else ""

    def _take(self, line: str) -> None:
        if line.startswith(_LISTENING) and not self._url.done():
            self._url.set_result(line.removeprefix(_LISTENING).strip())
        else:
            self._said = [*self._said, line][-_KEPT_LINES:]
            self.on_line(line)
