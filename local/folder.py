"""The local folder (`.local`): for one run at a time, with what others need to find and use it."""

import asyncio
import contextlib
import fcntl
import json
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path

from local import private
from local.announcement import Access, env_file
from local.options import UsageError
from local.people import Administrator

FACTS = "system.json"  # where everything is; there only while a system runs
_RENEW_S = 50 * 60.0  # the admin token is good for an hour


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """The folder, made if need be, for one run at a time; what a killed one said of itself goes. Raises UsageError."""
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    with (folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise UsageError(
                f"another system runs with the folder {folder}. End it, or choose another: PENNYWORTH_LOCAL_DIR=folder."
            ) from None
        (folder / FACTS).unlink(missing_ok=True)
        yield


@contextmanager
def known(path: Path, facts: Mapping[str, str]) -> Iterator[None]:
    """A file that says where everything is, for as long as it is there."""
    private.write(path, json.dumps(facts, indent=2) + "\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


@asynccontextmanager
async def renewing(admin: Administrator, access: Access, path: Path) -> AsyncIterator[None]:
    """Keep the env file's admin token fresh."""

    async def renew() -> None:
        while True:
            await asyncio.sleep(_RENEW_S)
            token = await asyncio.to_thread(admin.token)
            private.write(path, env_file({**access.variables, "PENNYWORTH_ADMIN_TOKEN": token}))

    task = asyncio.create_task(renew())
    try:
        yield
    finally:
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
