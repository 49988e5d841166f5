"""python -m tools.rehearsal: one rehearsal; the exit status is 0 when all held."""

import asyncio
import signal
import sys
import time

import httpx
from botocore.exceptions import BotoCoreError, ClientError

from local.children import ChildError
from tools.errors import BuildError
from tools.ops.errors import OpsError
from tools.rehearsal.errors import RehearsalError
from tools.rehearsal.rehearsal import prepared

_FAILURES = (RehearsalError, ChildError, BuildError, OpsError, httpx.HTTPError, BotoCoreError, ClientError, OSError)


def say(text: str) -> None:
    print(text, end="", flush=True)


async def rehearse() -> int:
    begun_at = time.monotonic()
    async with prepared(say) as (rehearsal, steps):
        try:
            await rehearsal.run()
        except _FAILURES as error:
            log = f"\n{steps.failed_log}\n\n" if steps.failed_log else ""
            print(f"{log}The rehearsal failed: {error}", file=sys.stderr)
            return 1
    say(f"The rehearsal went well ({time.monotonic() - begun_at:.0f} s).\n")
    return 0


async def interruptible() -> int:
    task = asyncio.ensure_future(rehearse())
    stopped: list[signal.Signals] = []

    def stop(number: signal.Signals) -> None:
        if not stopped:  # once: a second signal must not break off the clearing up
            stopped.append(number)
            task.cancel()

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    try:
        return await task
    except asyncio.CancelledError:
        return 128 + stopped[0]


if __name__ == "__main__":
    sys.exit(asyncio.run(interruptible()))
