"""Bytecode compiled ahead. Lambda's file system is read-only: what is missing is compiled anew at every cold start."""

import os
import subprocess
import sys
from pathlib import Path

from tools.errors import BuildError


def precompile(folder: Path, runs_at: str) -> None:
    """Write a `.pyc` beside every module of a folder that will lie at `runs_at` where it runs.

    They are "unchecked hash" files: valid whatever the source's timestamp, and loaded without looking at it. The
    sources stay for tracebacks. A fresh interpreter with a fixed hash seed makes equal bytes every time: what
    marshal writes depends on the strings the process holds already.
    """
    command = [sys.executable, "-s", "-S", "-m", "compileall", "-q", "-f", "-o", "0"]
    command += ["--invalidation-mode", "unchecked-hash", "-s", str(folder), "-p", runs_at, str(folder)]
    environment = {**os.environ, "PYTHONHASHSEED": "0"}
    run = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        raise BuildError(f"{(run.stdout or run.stderr).strip()}")
