"""The operating system's part of an execution environment: a process group, its output and its end."""

import asyncio
import contextlib
import os
import signal
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

_LEASH = Path(__file__).parent / "leash.py"
_OUTPUT_S = 1.0  # how long the last lines may take once the process is gone
_LINE_LIMIT = 256 * 1024  # bytes; Lambda's own limit for one log event


class Leash:
    """The process that kills the others when this one dies without saying goodbye (see leash.py)."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @classmethod
    async def start(cls, folder: Path) -> "Leash":
        """`folder` goes when everything is over."""
        python = getattr(sys, "_base_executable", sys.executable)
        process = await asyncio.create_subprocess_exec(
            python, "-I", "-S", str(_LEASH), str(folder), stdin=asyncio.subprocess.PIPE, start_new_session=True
        )
        return cls(process)

    @property
    def pid(self) -> int:
        return self._process.pid

    def hold(self, pid: int) -> None:
        self._say(f"+{pid}\n")

    def release(self, pid: int) -> None:
        self._say(f"-{pid}\n")

    async def close(self) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        await self._process.wait()

    def _say(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(line.encode())


class Process:
    """A function's process, leader of its own group so that what it starts goes with it."""

    def __init__(self, process: asyncio.subprocess.Process, output: asyncio.Task[None], leash: Leash) -> None:
        self._process, self._output, self._leash = process, output, leash
        leash.hold(process.pid)

    @classmethod
    async def start(
        cls,
        command: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        on_line: Callable[[str], None],
        leash: Leash,
    ) -> "Process":
        """Raises OSError when the command cannot be run."""
        # A pipe of ours, not asyncio's: its wait() returns only when the pipe is closed, which a grandchild delays.
        readable, writable = os.pipe()
        output = asyncio.create_task(_pump(readable, on_line))
        try:
            process = await asyncio.create_subprocess_exec(
                *command,
                env=dict(environment),
                cwd=folder,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=writable,
                stderr=writable,
                start_new_session=True,
            )
        finally:
            os.close(writable)
        return cls(process, output, leash)

    @property
    def pid(self) -> int:
        return self._process.pid

    async def ended(self) -> str:
        """Wait for the end; returns how it ended, in Lambda's words. Nothing of the group is left afterwards."""
        code = await self._process.wait()
        self.signal(signal.SIGKILL)
        self._leash.release(self.pid)
        await asyncio.wait((self._output,), timeout=_OUTPUT_S)
        self._output.cancel()
        if code < 0:
            return f"signal: {signal.strsignal(-code) or -code}".lower()
        return f"exit status {code}"

    def signal(self, number: signal.Signals) -> None:
        """Signal the whole group, if there is any of it."""
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, number)


async def _pump(readable: int, on_line: Callable[[str], None]) -> None:
    """Hand each line on as it comes, cut at Lambda's limit."""
    stream = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(stream)
    transport, _ = await asyncio.get_running_loop().connect_read_pipe(lambda: protocol, os.fdopen(readable, "rb"))
    rest = b""
    try:
        while data := await stream.read(65536):
            *lines, rest = (rest + data).split(b"\n")
            if len(rest) > _LINE_LIMIT:
                lines.append(rest)
                rest = b""
            for line in lines:
                on_line(line.decode("utf-8", "replace"))
        if rest:
            on_line(rest.decode("utf-8", "replace"))
    finally:
        transport.close()
