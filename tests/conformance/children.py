"""Processes that say where they are: each prints its address as its first line."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
_START_S = 30


@contextmanager
def serving(module: str, *arguments: str, **variables: str) -> Iterator[str]:
    """The address that a module of tests/conformance prints when it serves; it ends with the block."""
    process = subprocess.Popen(
        [sys.executable, "-m", f"tests.conformance.{module}", *arguments],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), **variables},
        stdout=subprocess.PIPE,
        text=True,
    )
    overdue = threading.Timer(_START_S, process.kill)
    overdue.start()
    try:
        assert process.stdout is not None
        address = process.stdout.readline().strip()
        overdue.cancel()
        assert address, f"{module} did not start"
        yield address
    finally:
        overdue.cancel()
        process.terminate()
        try:
            process.wait(10)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(10)
        if process.stdout is not None:
            process.stdout.close()
