"""Traces: Powertools' Tracer over a provider of ours that sends X-Ray subsegments to Lambda's X-Ray daemon by UDP.

aws-xray-sdk would more than double the cold start. A subsegment is sent when it ends, alone, with its parent's id;
Lambda itself sends the function's segment. Nothing is done, and nothing read but one environment variable, unless
Lambda sampled the request. Tracing never raises into the request it traces.

Documents: https://docs.aws.amazon.com/xray/latest/devguide/xray-api-segmentdocuments.html (read 2026-11).
"""

import json
import math
import os
import re
import socket
import time
from collections.abc import AsyncGenerator, Generator, Iterable, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from types import TracebackType
from typing import Any, NamedTuple

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.tracing.base import BaseProvider, BaseSegment

_HEADER = b'{"format":"json","version":1}\n'
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
            if len(data) <= _LIMIT and len(_HEADER) + len(data) <= _DATAGRAM:
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
_current: ContextVar[Subsegment | None] = ContextVar("subsegment", default=None)


class Daemon(BaseProvider):
    """X-Ray's daemon as a Powertools tracing provider. `environ` is read when it is made (AWS_XRAY_DAEMON_ADDRESS,
    POWERTOOLS_TRACE_DISABLED) and at every subsegment (_X_AMZN_TRACE_ID, which the runtime sets)."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        disabled = environ.get("POWERTOOLS_TRACE_DISABLED", "").lower() in ("1", "true", "yes", "y", "on", "t")
        self._environ = environ
        self._address = None if disabled else udp_address(environ.get("AWS_XRAY_DAEMON_ADDRESS", ""))
        self._socket: socket.socket | None = None
        self._seen: tuple[str | None, Trace | None] = (None, None)  # the last header, and what it says

    # Powertools' type is that of a generator; UNTRACED is one object, made once.
    def in_subsegment(  # type: ignore[override]
        self, name: str | None = None, **kwargs: Any
    ) -> AbstractContextManager[Any]:
        """Time what is done within. `namespace` "aws" or "remote" marks a call to another service."""
        trace = self._sampled()
        return UNTRACED if trace is None else self._timed(name or "unnamed", trace, kwargs.get("namespace"))

    @asynccontextmanager
    async def in_subsegment_async(self, name: str | None = None, **kwargs: Any) -> AsyncGenerator[BaseSegment, None]:
        with self.in_subsegment(name, **kwargs) as subsegment:
            yield subsegment

    def put_annotation(self, key: str, value: Any) -> None:
        self.current().put_annotation(key, value)

    def put_metadata(self, key: str, value: Any, namespace: str = "default") -> None:
        self.current().put_metadata(key, value, namespace)

    def patch(self, modules: Sequence[str]) -> None:
        """Nothing: calls to other services are timed where they are made."""

    def patch_all(self) -> None:
        """Nothing: see patch."""

    def current(self) -> Subsegment | Untraced:
        """The innermost subsegment that is open."""
        trace = self._sampled()
        return UNTRACED if trace is None else _innermost(trace) or UNTRACED

    def trace_header(self) -> str | None:
        """What to send as X-Amzn-Trace-Id with a call to another service: it continues this trace."""
        trace = self._sampled()
        if trace is None:
            return self._environ.get("_X_AMZN_TRACE_ID")  # that it is not sampled must be known further on, too
        current = _innermost(trace)
        if current is None:
            return trace.header
        return trace.header.replace(f"Parent={trace.parent}", f"Parent={current.id}")

    def close(self) -> None:
        """Close the socket."""
        if self._socket is not None:
            self._socket.close()
            self._socket = None

    def _sampled(self) -> Trace | None:
        if self._address is None:
            return None
        header = self._environ.get("_X_AMZN_TRACE_ID")
        seen, trace = self._seen
        if header != seen:
            trace = sampled_trace(header or "")
            self._seen = (header, trace)
        return trace

    @contextmanager
    def _timed(self, name: str, trace: Trace, namespace: str | None) -> Generator[Subsegment, None, None]:
        subsegment = Subsegment(name, trace, _innermost(trace), namespace)
        _current.set(subsegment)
        try:
            yield subsegment
        except GeneratorExit:
            raise  # the client hung up: nothing failed
        except BaseException as error:
            subsegment.add_exception(error, _frames(error.__traceback__))
            raise
        finally:
            subsegment.close()
            _current.set(_innermost(trace))  # not simply the parent: a generator may end after what began around it
            self._send(subsegment.document())

    def _send(self, document: bytes | None) -> None:
        if document is None or self._address is None:
            return
        try:
            if self._socket is None:
                self._socket = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
                self._socket.setblocking(False)
            self._socket.sendto(_HEADER + document, self._address)
        except OSError:
            return  # a trace lost is better than a request lost


def udp_address(text: str) -> tuple[str, int] | None:
    """The daemon's address, from "host:port" or "tcp:host:port udp:host:port"; None if there is none."""
    for part in text.split():
        if part.startswith("tcp:"):
            continue
        host, _, port = part.removeprefix("udp:").rpartition(":")
        if host and port.isdecimal():
            return host, int(port)
    return None


def sampled_trace(header: str) -> Trace | None:
    """The trace of "Root=…;Parent=…;Sampled=1" (other fields may follow); None if it is not sampled or not whole."""
    fields = dict(part.strip().split("=", 1) for part in header.split(";") if "=" in part)
    if fields.get("Sampled") == "1" and fields.get("Root") and fields.get("Parent"):
        return Trace(header, fields["Root"], fields["Parent"])
    return None


def _innermost(trace: Trace) -> Subsegment | None:
    """The current subsegment, if it is open and of this request: a body cut short may leave another's behind."""
    subsegment = _current.get()
    while subsegment is not None and not (subsegment.open and subsegment.trace == trace):
        subsegment = subsegment.parent
    return subsegment


class _Frame(NamedTuple):
    filename: str
    lineno: int
    name: str


def _frames(trace: TracebackType | None) -> list[_Frame]:
    found = []
    while trace is not None:
        code = trace.tb_frame.f_code
        found.append(_Frame(code.co_filename, trace.tb_lineno, code.co_qualname))
        trace = trace.tb_next
    return found[-_PLACES:]


# What a decorated function returns or raises is a prompt or a completion as often as not: Powertools would keep both.
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "false")

_daemon = Daemon(os.environ)
# `disabled` is said, because Powertools' own reason to disable a Tracer (not running in Lambda) imports aws-xray-sdk.
tracer = Tracer(provider=_daemon, auto_patch=False, disabled=False)
subsegment = _daemon.in_subsegment
trace_header = _daemon.trace_header
