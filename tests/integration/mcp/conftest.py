import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from pennyworth.secret import Secret
from pennyworth.settings import settings
from services.mcp.upstream import servers
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.upstream import Served, Upstream

ENVIRONMENT = {
    "PENNYWORTH_ENVIRONMENT": "local",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "us-east-1",
    "AWS_ACCESS_KEY_ID": "AKIDEXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "the-role's-own-secret",
    "PENNYWORTH_USER_POOL_ID": "pool",
    "PENNYWORTH_CLIENT_IDS": "client",
    "PENNYWORTH_IDENTITY_POOL_ID": "identities",
    "PENNYWORTH_DEVELOPER_PROVIDER": "provider",
    "PENNYWORTH_PEPPER_PARAMETER": "/pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
}

Made = Callable[..., Upstream]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    yield
    settings.cache_clear()


@pytest.fixture
def upstream() -> Iterator[Made]:
    """A server as declared: upstream(url=…, auth=…), at a private address unless told otherwise."""

    backends = []

    def made(
        secret: Callable[[], str] = lambda: "s3cr3t",
        web: Any = None,
        clock: Callable[[], float] = time.monotonic,
        **row: Any,
    ) -> Upstream:
        declared = Declared.of("there", json.dumps({"type": "http", "private": True, "timeout_s": 5, **row}))
        served = Served(declared, servers.backend(declared, Secret(secret, clock), servers.here(), web))
        backends.append(served.backend)
        return Upstream("there", lambda: served)

    yield made
    for backend in backends:
        backend.close()
