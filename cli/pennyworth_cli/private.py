"""Files for their owner alone, whole or not at all; one program at a time where a change builds on what is there."""

import contextlib
import json
import os
import secrets
import stat
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from pennyworth_cli.failure import Code, Failure

_WAIT_S = 30  # for another program to end its change: it may be waiting for Cognito


@contextlib.contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Of all programs that change what lies in `folder`, this one. May be entered again within. Raises Failure."""
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        with _lock(folder / "lock"):
            yield
    except Timeout:
        raise Failure(f"Another pennyworth holds {folder / 'lock'}. End it and try again.", Code.FAILED) from None
    except OSError as error:
        raise Failure(f"{folder} cannot be written: {error.strerror or error}.", Code.FAILED) from None


@cache
def _lock(path: Path) -> FileLock:
    return FileLock(path, timeout=_WAIT_S, mode=0o600)


def read(path: Path) -> dict[str, Any]:
    """The JSON object in a file; empty where there is none. Raises Failure for one that others may write or read."""
    try:
        if os.name == "posix" and stat.S_IMODE(path.stat().st_mode) & 0o077:
            raise Failure(f"{path} is open to others. Run `chmod 600 {path}` and try again.", Code.FAILED)
        held = json.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        return {}
    except (OSError, ValueError) as error:
        raise Failure(f"{path} cannot be read ({error}). Repair or delete it.", Code.FAILED) from None
    if not isinstance(held, dict):
        raise Failure(f"{path} holds no JSON object. Repair or delete it.", Code.FAILED)
    return held


def write(path: Path, held: dict[str, Any]) -> None:
    """Mode 0600 from its first byte; a reader sees the old file or the new one. Raises Failure."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        beside = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
        handle = os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        try:
            with os.fdopen(handle, "w", encoding="utf-8") as file:
                json.dump(held, file, indent=2)
                file.write("\n")
            beside.replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                beside.unlink()
            raise
    except OSError as error:
        raise Failure(f"{path} cannot be written: {error.strerror or error}.", Code.FAILED) from None
