"""Work that is being timed, as X-Ray's document of it.

Documents: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html (read 2026-11).
"""

import json
import math
import os
import re
import time
from collections.abc import Iterable
from types import TracebackType
from typing import Any, NamedTuple

from aws_lambda_powertools.tracing.base import BaseSegment

HEADER = b'{"format":"json","version":1}\n'
_LIMIT = 64 * 1024  # bytes of a document
_DATAGRAM = 65507  # bytes UDP can carry, the header included
_NAME = re.compile(r"[^\w\s.:/%&#=+\-@]")  # what a subsegment's name may not hold
_KEY = re.compile(r"[A-Za-z0-9_]{1,500}")  # an annotation's key
_NAME_LENGTH, _TEXT_LENGTH, _PLACES = 200, 1000, 20


def _type_name(value: object) -> str:
    return type(value).__qualname__


_encode = json.JSONEncoder(separators=(",", ":"), default=_type_name, allow_nan=False).encode


class Trace(NamedTuple):
    """A sampled request's trace: `_X_AMZN_TRACE_ID` taken apart."""

    header: str
    id: str
    parent: str  # the function's own segment


class Subsegment(BaseSegment):
    """A piece of work that is being timed. `put_*` ignore what X-Ray would refuse."""

    def __init__(self, name: str, trace: Trace, parent: "Subsegment | None", namespace: str | None) -> None:
        self.id = os.urandom(8).hex()
        self.trace, self.parent = trace, parent
        self.open = True
        self._started_at = time.time()
        self._clock = time.perf_counter()
        self._document: dict[str, Any] = {
            "name": _NAME.sub("", name)[:_NAME_LENGTH] or "unnamed",
            "id": self.id,
            "trace_id": trace.id,
            "parent_id": parent.id if parent else trace.parent,
            "type": "subsegment",
            "start_time": self._started_at,
        }
        if namespace in ("aws", "remote"):
            self._document["namespace"] = namespace

    def put_annotation(self, key: str, value: Any) -> None:
        """Index the trace by a str (1000 characters of it), number or bool, under a key of [A-Za-z0-9_]."""
        if isinstance(value, str):
            value = value[:_TEXT_LENGTH]
        elif not isinstance(value, bool | int | float) or (isinstance(value, float) and not math.isfinite(value)):
            return
        if isinstance(key, str) and _KEY.fullmatch(key):
            self._document.setdefault("annotations", {})[key] = value

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        """Keep what JSON can say; anything else is kept as the name of its type. `AWS.` namespaces are X-Ray's own."""
        if isinstance(namespace, str) and not namespace.startswith("AWS."):
            self._document.setdefault("metadata", {}).setdefault(namespace, {})[key] = value

    def add_exception(self, exception: BaseException, stack: Iterable[Any], remote: bool = False) -> None:
        """Mark the subsegment by the exception's `status` (429 throttle, 4xx error, else fault), and keep its type and
        its stack (frames with filename, lineno, name) but never its text, which may quote a request."""
        status = getattr(exception, "status", None)
        if isinstance(status, int) and 400 <= status < 500:
            self._document["error"] = True
            if status == 429:
                self._document["throttle"] = True
        else:
            self._document["fault"] = True
        folder = os.environ.get("LAMBDA_TASK_ROOT", "")
        cause = self._document.setdefault("cause", {"working_directory": folder, "exceptions": []})
        cause["exceptions"].append(
            {
                "id": os.urandom(8).hex(),
                "type": type(exception).__name__,
                "remote": remote,
                "stack": [{"path": frame.filename, "line": frame.lineno, "label": frame.name} for frame in stack],
            }
        )

    def add_subsegment(self, subsegment: Any) -> None:
        """Nothing to keep: a subsegment is sent alone, under its parent's id."""

    def remove_subsegment(self, subsegment: Any) -> None:
        """Nothing to forget: see add_subsegment."""

    def close(self, end_time: float | None = None) -> None:
        """End the work now, or at a unix time in seconds."""
        if self.open:
            self.open = False
            elapsed_s = time.perf_counter() - self._clock  # a clock that is set meanwhile does not turn time around
            self._document["end_time"] = self._started_at + elapsed_s if end_time is None else end_time

    def document(self) -> bytes | None:
        """X-Ray's JSON; details that make it too long, or are no JSON, are left out. None if that is not enough."""
        for omitted in ((), ("metadata",), ("metadata", "cause", "annotations")):
            fields = {name: value for name, value in self._document.items() if name not in omitted}
            try:
                data = _encode(fields).encode()
            except (TypeError, ValueError, RecursionError):
                continue
            if len(data) <= _LIMIT and len(HEADER) + len(data) <= _DATAGRAM:
                return data
        return None


class Untraced(BaseSegment):
    """What stands for a subsegment when the request is not sampled: takes everything, keeps nothing."""

    def close(self, end_time: float | None = None) -> None:
        pass

    def add_subsegment(self, subsegment: Any) -> None:
        pass

    def remove_subsegment(self, subsegment: Any) -> None:
        pass

    def put_annotation(self, key: str, value: Any) -> None:
        pass

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        pass

    def add_exception(self, exception: BaseException, stack: Iterable[Any], remote: bool = False) -> None:
        pass

    def __enter__(self) -> "Untraced":
        return self

    def __exit__(self, *_: object) -> None:
        pass


UNTRACED = Untraced()


def sampled_trace(header: str) -> Trace | None:
    """The trace of "Root=…;Parent=…;Sampled=1" (other fields may follow); None if it is not sampled or not whole."""
    fields = dict(part.strip().split("=", 1) for part in header.split(";") if "=" in part)
    if fields.get("Sampled") == "1" and fields.get("Root") and fields.get("Parent"):
        return Trace(header, fields["Root"], fields["Parent"])
    return None


class Frame(NamedTuple):
    filename: str
    lineno: int
    name: str


def frames(trace: TracebackType | None) -> list[Frame]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(Frame(code.co_filename, trace.tb_lineno, code.co_qualname))
        trace = trace.tb_next
    return found[-_PLACES:]
