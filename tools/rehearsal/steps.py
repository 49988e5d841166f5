"""A line for each step, with the time it took; for the one that fails, what its programs said."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

_LAST_LINES = 80  # of a failed step's log


class Steps:
    """`log` is the file that everything of the rehearsal is written to; `say` prints, without ending the line."""

    def __init__(self, log: Path, say: Callable[[str], None]) -> None:
        self._log, self._say = log, say
        self.failed_log = ""  # of the step that failed

    @contextmanager
    def step(self, name: str) -> Iterator[None]:
        begun_at, begins = time.monotonic(), self._log.stat().st_size
        self._say(f"{name:<58}")
        try:
            yield
        except BaseException:
            self._say("failed\n")
            self.failed_log = self._since(begins)
            raise
        self._say(f"{time.monotonic() - begun_at:6.1f} s\n")

    def _since(self, begins: int) -> str:
        with self._log.open(encoding="utf-8") as log:
            log.seek(begins)
            return "\n".join(log.read().splitlines()[-_LAST_LINES:])
