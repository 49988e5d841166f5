"""What a run leaves behind to read: every line of every process, in one file of its own."""

import json
import time
from pathlib import Path
from types import TracebackType

from local.functions.invocation import Record


class Log:
    """A context manager. The file begins anew with every run and is for its owner alone."""

    def __init__(self, path: Path) -> None:
        path.unlink(missing_ok=True)
        path.touch(0o600)
        self._file = path.open("a", buffering=1, encoding="utf-8")
        self.path = path

    def __enter__(self) -> "Log":
        return self

    def __exit__(
        self, type_: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._file.close()

    def line(self, source: str, line: str) -> None:
        if not self._file.closed:
            self._file.write(f"{time.strftime('%H:%M:%S')} {source:<12} {line}\n")

    def invocation(self, record: Record) -> None:
        """A function's invocation: which process took it, whether it was started for it, and how it ended."""
        fields = {
            "invocation": record.request_id,
            "process": record.environment,
            "cold": record.cold,
            "init_ms": round(record.init_ms, 1),
            "duration_ms": round(record.duration_ms, 1),
            "error": record.error,
        }
        self.line(record.function, json.dumps(fields))
