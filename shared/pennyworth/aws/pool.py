"""Connections kept between requests, for all threads of the process."""

import select
from collections.abc import Callable, Mapping
from threading import Lock
from time import monotonic
from typing import TYPE_CHECKING

from pennyworth.aws.connection import Connection, Response, connect
from pennyworth.aws.endpoint import Endpoint
from pennyworth.aws.error import TransportError

if TYPE_CHECKING:
    from ssl import SSLContext

_KEPT = 8  # idle connections to one endpoint
# Load balancers drop idle connections after a minute or more, and a frozen sandbox sleeps through their goodbye.
# Wall-clock time, because it goes on while the sandbox is frozen.
_IDLE_S = 50.0

Dial = Callable[[Endpoint, "SSLContext | None", float], Connection]


class Pool:
    def __init__(
        self, environ: Mapping[str, str], connect_timeout_s: float, clock: Callable[[], float], dial: Dial = connect
    ) -> None:
        """`dial` opens connections, to whom it sees fit."""
        self._dial = dial
        self._environ, self._connect_timeout_s, self._clock = environ, connect_timeout_s, clock
        self._lock = Lock()
        self._idle: dict[tuple[bool, str], list[Connection]] = {}
        self._contexts: dict[bool, SSLContext] = {}

    def exchange(
        self, endpoint: Endpoint, head: bytes, body: bytes, deadline: float, *, again: bool = True
    ) -> Response:
        """Send a request over a kept connection, or a new one. Raises TransportError.

        The other side may close a kept connection at any moment. When one goes without a byte of an answer, the request
        moves once to a new one. RFC 9110 (9.2.2) calls that a guess, a good one on a connection that was idle. What
        must not happen twice is not sent `again`.
        """

        def release(connection: Connection) -> None:
            self._keep(endpoint, connection)

        kept = self._take(endpoint)
        if kept is not None:
            try:
                return kept.exchange(head, body, deadline, release)
            except TransportError as fault:
                if fault.answered or fault.code == "Timeout" or (fault.sent and not again):
                    raise
        opened = self._dial(endpoint, self._context(endpoint), min(deadline, monotonic() + self._connect_timeout_s))
        return opened.exchange(head, body, deadline, release)

    def close(self) -> None:
        """Close what is idle."""
        with self._lock:
            idle, self._idle = self._idle, {}
        for connections in idle.values():
            for connection in connections:
                connection.close()

    def _take(self, endpoint: Endpoint) -> Connection | None:
        """The connection used last, unless it is old or the other side has closed it or sent what nobody asked for."""
        while True:
            with self._lock:
                idle = self._idle.get((endpoint.tls, endpoint.authority))
                if not idle:
                    return None
                connection = idle.pop()
            if self._clock() - connection.idle_since < _IDLE_S and not _readable(connection):
                return connection
            connection.close()

    def _keep(self, endpoint: Endpoint, connection: Connection) -> None:
        connection.idle_since = self._clock()
        with self._lock:
            idle = self._idle.setdefault((endpoint.tls, endpoint.authority), [])
            idle.append(connection)
            surplus = idle.pop(0) if len(idle) > _KEPT else None
        if surplus is not None:
            surplus.close()

    def _context(self, endpoint: Endpoint) -> "SSLContext | None":
        if not endpoint.tls:
            return None
        from pennyworth.aws.tls import context, trusts_amazon

        amazon = trusts_amazon(endpoint.host)
        with self._lock:
            if amazon not in self._contexts:
                try:
                    self._contexts[amazon] = context(endpoint.host, self._environ)
                except OSError as error:
                    raise TransportError("ConnectionError", f"no root certificates: {error}", sent=False) from error
            return self._contexts[amazon]


def _readable(connection: Connection) -> bool:
    poll = select.poll()
    poll.register(connection, select.POLLIN)
    return bool(poll.poll(0))
