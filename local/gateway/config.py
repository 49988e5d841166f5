"""What the front door is told: which functions stand behind it, whose tokens count, and its limits."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from local.gateway.usage_plans import Limits


@dataclass(frozen=True, slots=True)
class Service:
    """A service of the contract."""

    function: str  # the Lambda function's name
    streaming: bool = False  # responseTransferMode STREAM on all its routes


@dataclass(frozen=True, slots=True, kw_only=True)
class GatewayConfig:
    services: Mapping[str, Service]  # by the name in x-pennyworth
    authorizer: str  # the Lambda authorizer's function name
    authorizer_ttl_s: float  # 0 for no cache
    pool_id: str  # the Cognito user pool
    client_ids: tuple[str, ...]  # app clients whose ID tokens count
    aws_url: str  # where Cognito answers: {aws_url}/{pool_id}/.well-known/jwks.json
    region: str = "us-east-1"
    account_id: str = "123456789012"
    api_id: str = "local"
    hosts: frozenset[str] = frozenset({"127.0.0.1", "localhost"})  # its names, without ports
    rate_per_s: float = 10_000  # stage throttling: a token bucket
    burst: int = 5_000
    # Reads the API keys in usage plans of the stage; None where no method wants an API key.
    api_keys: Callable[[], Limits] | None = None
    # API Gateway's own limits, changed by tests only.
    integration_timeout_s: float = 29
    stream_timeout_s: float = 15 * 60
    stream_idle_s: float = 5 * 60
    clock: Callable[[], float] = time.monotonic
    log: Callable[[str], None] = lambda line: None  # one line a request
