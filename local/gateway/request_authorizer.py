"""The Lambda authorizer, of type REQUEST, with a header as its identity source or with none."""

import json
import time
from collections import OrderedDict
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple, Protocol

from local.functions.failure import PayloadTooLarge, Throttled
from local.functions.functions import Result
from local.gateway.event import Event, authorizer_event
from local.gateway.policy import Policy
from local.gateway.refusal import Refusal
from local.gateway.request import Request

CACHE_LIMIT = 10_000  # decisions


class Invoker(Protocol):
    async def invoke(self, name: str, payload: bytes, *, trace_id: str | None = None) -> Result: ...


class Decision:
    """What the authorizer answered, for every route. Raises ValueError for what API Gateway would not take."""

    def __init__(self, answer: Any) -> None:
        if not isinstance(answer, dict) or not isinstance(answer.get("principalId"), str) or not answer["principalId"]:
            raise ValueError("principalId must be a text")
        context, api_key = answer.get("context"), answer.get("usageIdentifierKey")
        if (context is not None and not isinstance(context, dict)) or not isinstance(api_key, str | None):
            raise ValueError("context must be an object, and usageIdentifierKey a text")
        self.api_key: str | None = api_key
        self.policy = Policy(answer.get("policyDocument"))
        # API Gateway hands every value on as text.
        self.context = {name: _text(name, value) for name, value in (context or {}).items()}
        self.context["principalId"] = answer["principalId"]


class Authorized(NamedTuple):
    context: Event  # `requestContext.authorizer` of the event
    api_key: str | None  # usageIdentifierKey; with a cached decision the one that it came with


class RequestAuthorizer:
    """Decisions are cached per token for `ttl_s`, whatever they are; a raised error is not. Without an identity source
    nothing is refused unasked, and nothing is cached: API Gateway takes no other `ttl_s` than 0 then."""

    def __init__(
        self,
        functions: Invoker,
        function: str,
        ttl_s: float,
        clock: Callable[[], float],
        identity_source: str | None = "authorization",
    ) -> None:
        if identity_source is None and ttl_s != 0:
            raise ValueError("a cache needs an identity source")
        self._functions, self._function, self._ttl_s, self._clock = functions, function, ttl_s, clock
        self._identity_source = identity_source
        self._cache: OrderedDict[bytes, tuple[float, Decision]] = OrderedDict()

    async def authorize(self, request: Request, known: Event, arn: str) -> "Authorized":
        """Whom the function lets in. Raises Refusal: UNAUTHORIZED, ACCESS_DENIED,
        AUTHORIZER_FAILURE, AUTHORIZER_CONFIGURATION_ERROR."""
        token = request.header(self._identity_source) if self._identity_source else ""
        if self._identity_source and not token:
            raise Refusal("UNAUTHORIZED")
        started_at = time.perf_counter()
        key = sha256(token.encode("latin-1", "replace")).digest()
        decision = self._cached(key)
        if decision is None:
            decision = await self._ask(authorizer_event(known, arn), request.trace_id)
            self._keep(key, decision)
        if not decision.policy.allows(arn):
            raise Refusal("ACCESS_DENIED")
        latency_ms = int((time.perf_counter() - started_at) * 1000)
        return Authorized({**decision.context, "integrationLatency": latency_ms}, decision.api_key)

    async def _ask(self, event: Event, trace_id: str) -> Decision:
        try:
            result = await self._functions.invoke(self._function, json.dumps(event).encode(), trace_id=trace_id)
        except (Throttled, PayloadTooLarge):
            raise Refusal("AUTHORIZER_FAILURE") from None
        if result.error is not None:
            raise Refusal("UNAUTHORIZED" if result.error.message == "Unauthorized" else "AUTHORIZER_FAILURE")
        try:
            return Decision(json.loads(result.payload))
        except ValueError as error:
            raise Refusal("AUTHORIZER_CONFIGURATION_ERROR") from error

    def _cached(self, key: bytes) -> Decision | None:
        expires_at, decision = self._cache.get(key, (0.0, None))
        if decision is None or self._clock() >= expires_at:
            return None
        return decision

    def _keep(self, key: bytes, decision: Decision) -> None:
        if self._ttl_s <= 0:
            return
        self._cache[key] = (self._clock() + self._ttl_s, decision)
        self._cache.move_to_end(key)
        if len(self._cache) > CACHE_LIMIT:
            self._cache.popitem(last=False)


def _text(name: str, value: Any) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str | int | float):
        return str(value)
    raise ValueError(f"context.{name} must be a text, a number or a boolean")
