"""All declared servers as sources; one set a process. What each is, lies in Parameter Store and is read when needed."""

import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from functools import cache, partial
from threading import Lock, Thread
from typing import TYPE_CHECKING, NamedTuple

from pennyworth.logs import logger
from pennyworth.secret import Secret
from pennyworth.settings import settings
from services.mcp.upstream.credentials import proof
from services.mcp.upstream.declared import Declared, Misdeclared
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.upstream import Backend, Served, Upstream

if TYPE_CHECKING:
    from pennyworth.aws import Aws

_TTL_S = 300.0  # a declaration that was changed, or an approval, counts after this long
_READ_S = 3.0  # for Parameter Store, before lists that have their own time
_AGAIN_S = 10.0  # after one that could not be read


class Declaration:
    """What is declared under a name by now, and what was made for it. Made anew where it has changed."""

    def __init__(
        self, name: str, read: Callable[[], str], made: Callable[[Declared], Served], clock: Callable[[], float]
    ) -> None:
        """`read` raises Unreachable."""
        self._name, self._read, self._made, self._clock = name, read, made, clock
        self._lock, self._until = Lock(), float("-inf")
        self._served: Served | None = None
        self._fault = Unreachable("is not declared")

    def __call__(self) -> Served:
        """Raises Unreachable."""
        with self._lock:
            if self._clock() >= self._until:
                self._refresh()
            if self._served is None:
                raise self._fault
            return self._served

    def _refresh(self) -> None:
        try:
            declared = Declared.of(self._name, self._read())
        except Misdeclared as error:
            logger.error("mcp server misdeclared", server=self._name, error=str(error))
            self._failed(Unreachable("is not declared as it must be. Ask an administrator", counts=False))
        except Unreachable as fault:
            self._failed(fault)
        else:
            self._until = self._clock() + _TTL_S
            if self._served is None or self._served.declared != declared:
                if self._served is not None:
                    self._served.backend.close()
                self._served = self._made(declared)

    def _failed(self, fault: Unreachable) -> None:
        """What was known goes on counting: that its parameter cannot be read says nothing about the server."""
        self._until, self._fault = self._clock() + _AGAIN_S, fault


def upstreams(
    names: Sequence[str],
    parameter: Callable[[str], str],
    made: Callable[[Declared], Served],
    clock: Callable[[], float] = time.monotonic,
) -> tuple[Upstream, ...]:
    """`parameter`: the text of `NAME/server`, below the path of all servers; it raises Unreachable."""
    return tuple(Upstream(name, Declaration(name, partial(parameter, f"{name}/server"), made, clock)) for name in names)


class Here(NamedTuple):
    """What an installation's servers need to know of it."""

    environment: str
    region: str
    version: str
    aws: Callable[[], "Aws"]

    def parameter(self, name: str) -> str:
        """What lies in NAME below the path of all servers. Raises Unreachable."""
        from pennyworth.aws import AwsError

        path = f"/pennyworth/{self.environment}/mcp/{name}"
        try:
            read = self.aws().json("ssm", "GetParameter", {"Name": path, "WithDecryption": True}, timeout_s=_READ_S)
        except AwsError as error:
            logger.error("mcp parameter not read", parameter=path, error=error.code, status=error.status)
            raise Unreachable("is not set up: a parameter of its cannot be read. Ask an administrator") from None
        return str(read["Parameter"]["Value"]).strip()

    def served(self, declared: Declared) -> Served:
        return Served(declared, backend(declared, Secret(partial(self.parameter, f"{declared.name}/secret")), self))


def here() -> Here:
    """The installation this process is of."""
    from services.mcp.inference import lambda_api

    return Here(settings().environment, settings().region, settings().version, lambda_api)


@cache
def sources() -> tuple[Upstream, ...]:
    """Those of this process."""
    installation = here()
    return upstreams(settings().mcp_servers, installation.parameter, installation.served)


def ask_ahead(kind: str) -> None:
    """Have all lists of a kind that are due fetched side by side: one after another, dead servers would add up."""
    due = [upstream for upstream in sources() if not upstream.is_fresh(kind)]
    if len(due) < 2:
        return
    threads = [Thread(target=_listed, args=(upstream, kind), daemon=True) for upstream in due]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def _listed(upstream: Upstream, kind: str) -> None:
    with suppress(Unreachable):  # remembered; whoever lists it next hears of it
        getattr(upstream, kind)()


def backend(declared: Declared, secret: Secret, here: Here, web: Mapping[str, object] | None = None) -> Backend:
    """What speaks to the server. Each kind loads only what it needs."""
    client = {"name": "pennyworth", "version": here.version}
    if declared.type == "lambda":
        from services.mcp.upstream.function import LambdaChannel
        from services.mcp.upstream.session import Session

        function = LambdaChannel(declared.function, declared.payload, here.aws(), declared.max_bytes)
        return Session(function, client, declared.max_bytes, era=declared.era, shared=declared.shared_session)
    from services.mcp.upstream.proven import Proven
    from services.mcp.upstream.web import Web

    bare = Web(declared.name, private=declared.private, **(web or {}))  # type: ignore[arg-type]
    way = Proven(bare, proof(declared.auth, secret, bare, here.region), declared.max_bytes)
    if declared.type == "openapi":
        from services.mcp.upstream.openapi.api import Api

        return Api(declared, way)
    from services.mcp.upstream.channel import HttpChannel
    from services.mcp.upstream.session import Session

    channel = HttpChannel(declared.url, way)
    return Session(channel, client, declared.max_bytes, era=declared.era, shared=declared.shared_session)
