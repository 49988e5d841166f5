"""Usage plans: by whose API key a request is counted, and whether its plan lets one more through.

Source: Amazon API Gateway developer guide, "Usage plans and API keys for REST APIs", "Choose an API key source" (read
2026-11). API Gateway applies its limits on a best-effort basis; here they are exact.
"""

import asyncio
from collections.abc import Callable, Mapping
from typing import NamedTuple

from local.gateway.refusal import Refusal
from local.gateway.throttle import TokenBucket

FRESH_S = 1.0  # what was read of the plans counts for so long; for an API key that is in none they are read again


class Limit(NamedTuple):
    """Of an API key that is in a plan of the stage."""

    key_id: str
    rate_per_s: float | None = None  # None for a plan without a throttle
    burst: float = 0


Limits = Mapping[str, Limit]  # by the API key's value


class UsagePlans:
    """`read` asks AWS, in a thread."""

    def __init__(self, read: Callable[[], Limits], clock: Callable[[], float]) -> None:
        self._read, self._clock = read, clock
        self._limits: Limits = {}
        self._read_at = float("-inf")
        self._reading = asyncio.Lock()
        self._buckets: dict[str, tuple[Limit, TokenBucket]] = {}

    async def take(self, value: str | None) -> Limit:
        """The API key with that value, after its request was counted. Raises Refusal: INVALID_API_KEY, THROTTLED."""
        limit = await self._limit(value) if value else None
        if value is None or limit is None:
            raise Refusal("INVALID_API_KEY")
        if limit.rate_per_s is not None and not self._bucket(value, limit, limit.rate_per_s).take():
            raise Refusal("THROTTLED")
        return limit

    async def _limit(self, value: str) -> Limit | None:
        asked_at = self._clock()
        if value not in self._limits or asked_at - self._read_at >= FRESH_S:
            async with self._reading:
                if self._read_at <= asked_at:  # nobody has read them since
                    began_at = self._clock()
                    self._limits = await asyncio.to_thread(self._read)
                    self._read_at = began_at
        return self._limits.get(value)

    def _bucket(self, value: str, limit: Limit, rate_per_s: float) -> TokenBucket:
        known, bucket = self._buckets.get(value, (None, None))
        if bucket is None or known != limit:
            bucket = TokenBucket(rate_per_s, limit.burst, self._clock)
            self._buckets[value] = (limit, bucket)
        return bucket
