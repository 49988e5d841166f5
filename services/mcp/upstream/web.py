"""The way to a declared server over HTTP, and to nothing else.

What a URL may reach is decided where a connection is opened: every address of its host must be public, unless the
server is declared private, and the connection goes to the very address that was looked at, so a name that changes its
mind gains nothing. TLS, with the certificate of the host's name. No redirect is followed, no proxy asked, no cookie
kept. Answers have a size and an end.
"""

import time
from collections.abc import Callable, Iterator, Mapping
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from pennyworth.aws.connection import Connection, Response, connect
from pennyworth.aws.endpoint import Endpoint, Service
from pennyworth.aws.error import TransportError
from pennyworth.aws.message import head
from pennyworth.aws.pool import Pool
from pennyworth.logs import logger
from pennyworth.lookup import Lookup, addresses
from pennyworth.public import is_public
from services.mcp.upstream.faults import Unreachable

if TYPE_CHECKING:
    from ssl import SSLContext

_CONNECT_S = 5.0
_NAMES = 4  # looked up at once, for one server: its own, and its authorization server's
_NOBODY = Service("", "")


class Answer:
    """Status, headers by lower-case name, and a body read as it comes. Close it."""

    def __init__(self, response: Response, deadline: float, max_bytes: int) -> None:
        self.status, self.headers = response.status, response.headers
        self._response, self._deadline, self._max_bytes = response, deadline, max_bytes

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()

    def pieces(self) -> Iterator[bytes]:
        """Raises Unreachable: too long, too late, cut short, or in a coding that was not asked for."""
        if self.headers.get("content-encoding", "identity").lower() != "identity":
            raise Unreachable("answered in a coding that it was not asked for")
        size = 0
        while piece := self._read():
            size += len(piece)
            if size > self._max_bytes:
                self.close()
                raise Unreachable(f"answered with more than the {self._max_bytes // 1024} KB allowed", counts=False)
            yield piece

    def whole(self) -> bytes:
        return b"".join(self.pieces())

    def close(self) -> None:
        self._response.close()

    def _read(self) -> bytes:
        try:
            return self._response.read(self._deadline)
        except TransportError as fault:
            raise _unreachable(fault) from None


class Web:
    """Requests to the hosts of one declaration; kept open between them."""

    def __init__(
        self,
        server: str,
        *,
        private: bool = False,
        lookup: Callable[[str], list[str]] = addresses,
        is_public: Callable[[str], bool] = is_public,
        environ: Mapping[str, str] | None = None,
    ) -> None:
        """`environ`: with AWS_CA_BUNDLE, another choice of whom to trust."""
        self._server, self._private, self._is_public = server, private, is_public
        self._lookup = Lookup(_NAMES, lookup)
        self._pool = Pool(environ or {}, _CONNECT_S, time.time, self._dial)

    def request(
        self,
        method: str,
        url: str,
        headers: Mapping[str, str],
        body: bytes,
        deadline: float,
        max_bytes: int,
        *,
        again: bool = True,
    ) -> Answer:
        """The answer, whatever its status. Raises Unreachable. `again`: whether it may be asked twice, where a
        connection that was kept turns out to be gone."""
        endpoint, target = place(url)
        sent = {"host": endpoint.authority, "accept-encoding": "identity", **headers}
        try:
            request = head(method, target, sent, len(body))
        except ValueError:
            why = "cannot be asked this: a header or the URL would hold what HTTP does not take"
            raise Unreachable(why, counts=False) from None
        try:
            return Answer(self._pool.exchange(endpoint, request, body, deadline, again=again), deadline, max_bytes)
        except TransportError as fault:
            logger.warning("mcp server gave no answer", server=self._server, error=fault.message)
            # No connection, and not for want of time of the request's own; or one that ended without a word.
            down = not fault.answered and (fault.code != "Timeout" or (not fault.sent and time.monotonic() < deadline))
            raise _unreachable(fault, down=down) from None

    def close(self) -> None:
        """Close what is idle."""
        self._pool.close()

    def _dial(self, endpoint: Endpoint, context: "SSLContext | None", deadline: float) -> Connection:
        if context is None and not self._private:
            raise TransportError("ConnectionError", "without TLS, which takes private = true", sent=False)
        try:
            found = self._lookup(endpoint.host, deadline)
        except TimeoutError as late:
            raise TransportError("Timeout", str(late), sent=False) from None
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise TransportError("ConnectionError", "its host is not known", sent=False)
        if not self._private and not all(map(self._is_public, found)):
            raise TransportError("ConnectionError", "not at a public address: that takes private = true", sent=False)
        for number, address in enumerate(found, 1):
            share_s = (deadline - time.monotonic()) / (len(found) - number + 1)  # Lambda has no way to those of IPv6
            try:
                return connect(endpoint, context, time.monotonic() + share_s, address)
            except TransportError:
                if number == len(found):
                    raise
        raise AssertionError("a host has an address here")


def place(url: str) -> tuple[Endpoint, str]:
    """Where the URL leads, and its path with the query. The URL was checked when it was declared or made."""
    parts = urlsplit(url)
    tls, host = parts.scheme == "https", parts.hostname or ""
    default = 443 if tls else 80
    authority = f"[{host}]" if ":" in host else host
    if parts.port not in (None, default):
        authority += f":{parts.port}"
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Endpoint(tls, host, parts.port or default, authority, "", _NOBODY), target


def _unreachable(fault: TransportError, *, down: bool = False) -> Unreachable:
    if fault.code == "Timeout":
        return Unreachable("did not answer in time", down=down)
    return Unreachable("broke off its answer" if fault.answered else "cannot be reached", down=down)
