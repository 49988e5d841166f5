"""Kill what a parent that was killed leaves behind.

A process of its own reads `+PID` and `-PID` lines from its standard input. The pipe ends when the parent does, however
it ends; the process groups still on the list are killed then, and the folder named on the command line, where they
kept what they wrote, is removed. Unlike Linux's parent-death signal this works on every
Unix, needs no code between fork and exec, and reaches grandchildren.
"""

import contextlib
import os
import shutil
import signal
import sys
from collections.abc import Iterable


def watch(lines: Iterable[str]) -> set[int]:
    """The process ids left on the list when the lines end."""
    held: set[int] = set()
    for line in lines:
        pid = int(line[1:])
        if line.startswith("+"):
            held.add(pid)
        else:
            held.discard(pid)
    return held


def main() -> None:
    for pid in watch(sys.stdin):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(pid, signal.SIGKILL)
    shutil.rmtree(sys.argv[1], ignore_errors=True)


if __name__ == "__main__":
    main()
