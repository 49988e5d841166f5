"""Stage throttling: API Gateway's token bucket."""

from collections.abc import Callable


class TokenBucket:
    """Holds up to `burst` tokens and gains `rate_per_s` of them; each request takes one."""

    def __init__(self, rate_per_s: float, burst: float, clock: Callable[[], float]) -> None:
        self._rate_per_s, self._burst, self._clock = rate_per_s, burst, clock
        self._tokens = burst
        self._filled_at = clock()

    def take(self) -> bool:
        now = self._clock()
        self._tokens = min(self._burst, self._tokens + (now - self._filled_at) * self._rate_per_s)
        self._filled_at = now
        if self._tokens < 1:
            return False
        self._tokens -= 1
        return True
