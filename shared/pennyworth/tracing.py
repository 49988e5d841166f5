"""Traces: Powertools' Tracer over a provider of ours that sends X-Ray subsegments to Lambda's X-Ray daemon by UDP.

aws-xray-sdk would more than double the cold start. A subsegment is sent when it ends, alone, with its parent's id;
Lambda itself sends the function's segment. Nothing is done, and nothing read but one environment variable, unless
Lambda sampled the request. Tracing never raises into the request it traces.
"""

import os
import socket
from collections.abc import AsyncGenerator, Generator, Mapping, Sequence
from contextlib import AbstractContextManager, asynccontextmanager, contextmanager
from contextvars import ContextVar
from typing import Any

from aws_lambda_powertools import Tracer
from aws_lambda_powertools.tracing.base import BaseProvider, BaseSegment

from pennyworth.subsegment import HEADER, UNTRACED, Subsegment, Trace, Untraced, frames, sampled_trace

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
            subsegment.add_exception(error, frames(error.__traceback__))
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
            self._socket.sendto(HEADER + document, self._address)
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


def _innermost(trace: Trace) -> Subsegment | None:
    """The current subsegment, if it is open and of this request: a body cut short may leave another's behind."""
    subsegment = _current.get()
    while subsegment is not None and not (subsegment.open and subsegment.trace == trace):
        subsegment = subsegment.parent
    return subsegment


# What a decorated function returns or raises is a prompt or a completion as often as not: Powertools would keep both.
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_RESPONSE", "false")
os.environ.setdefault("POWERTOOLS_TRACER_CAPTURE_ERROR", "false")

_daemon = Daemon(os.environ)
# `disabled` is said, because Powertools' own reason to disable a Tracer (not running in Lambda) imports aws-xray-sdk.
tracer = Tracer(provider=_daemon, auto_patch=False, disabled=False)
subsegment = _daemon.in_subsegment
trace_header = _daemon.trace_header
