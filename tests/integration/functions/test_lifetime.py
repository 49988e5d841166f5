"""No process outlives the service, however the service ends."""

import asyncio
import os
import select
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

pytestmark = pytest.mark.anyio

STUBBORN = """
import os, signal, subprocess, sys

signal.signal(signal.SIGTERM, signal.SIG_IGN)

def handler(event, context):
    child = subprocess.Popen([sys.executable, "-c", "import signal; signal.pause()"])
    return [os.getpid(), child.pid]
"""


async def test_nothing_is_left_when_the_service_ends(bench: Any, alive: Callable[[int], bool]) -> None:
    async with bench.run(bench.function(STUBBORN), grace_s=0.2) as functions:
        result = await functions.invoke("tiny", b"{}")
        pids = [int(pid) for pid in result.payload.strip(b"[]").split(b",")]
        assert all(map(alive, pids))
        folder = functions._folder
    assert not any(map(alive, pids))
    assert not folder.exists()


async def test_an_invocation_under_way_is_told_of_the_end(bench: Any, gate: Any) -> None:
    source = """
    def handler(event, context):
        print("in it", flush=True)
        open(event, "rb", 0).read(1)
    """
    async with bench.run(bench.function(source)) as functions:
        caller = asyncio.create_task(functions.invoke("tiny", f'"{gate.path}"'.encode()))
        await bench.until(lambda: "in it" in bench.lines)
    result = await asyncio.wait_for(caller, 5)
    assert result.error is not None
    assert result.error.type == "Runtime.ExitError"


async def test_a_service_cancelled_while_a_process_starts_leaves_nothing(
    bench: Any, alive: Callable[[int], bool]
) -> None:
    source = """
    import os, time
    print("pid", os.getpid(), flush=True)
    time.sleep(600)
    """

    async def serve() -> None:
        async with bench.run(bench.function(source), grace_s=0.2) as functions:
            await functions.invoke("tiny", b"{}")

    service = asyncio.create_task(serve())
    await bench.until(lambda: bench.lines)
    pid = int(bench.lines[0].split()[1])
    assert alive(pid)
    service.cancel()
    with pytest.raises(asyncio.CancelledError):
        await service
    assert not alive(pid)


def test_a_parent_killed_at_once_takes_its_functions_along(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("import os\ndef handler(event, context): return os.getpid()\n")
    parent = dedent(f"""
        import asyncio
        from pathlib import Path
        from local.functions import Function, Functions

        async def main():
            function = Function("tiny", "app.handler", Path({str(tmp_path)!r}), timeout_s=60)
            async with Functions([function]) as functions:
                result = await functions.invoke("tiny", b"null")
                print(result.payload.decode(), functions._leash.pid, flush=True)
                await asyncio.Event().wait()

        asyncio.run(main())
    """)
    environment = {**os.environ, "TMPDIR": str(tmp_path)}
    with subprocess.Popen(
        [sys.executable, "-c", parent], stdout=subprocess.PIPE, text=True, env=environment
    ) as process:
        assert process.stdout is not None
        pids = [int(pid) for pid in process.stdout.readline().split()]
        assert len(pids) == 2
        if hasattr(os, "pidfd_open"):
            ends = [os.pidfd_open(pid) for pid in pids]
            process.send_signal(signal.SIGKILL)
            for end in ends:
                assert select.select([end], [], [], 10)[0], "a process outlived its parent"
                os.close(end)
        else:
            process.send_signal(signal.SIGKILL)
            for pid in pids:
                _await_end(pid)
    assert not list(tmp_path.glob("pennyworth-functions-*"))


def _await_end(pid: int) -> None:
    until = time.monotonic() + 10
    while time.monotonic() < until:
        try:
            os.kill(pid, 0)
        except ProcessLookupError:
            return
    raise AssertionError("a process outlived its parent")
