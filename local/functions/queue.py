"""Lambda's queue of events that nobody waits for: what fails is tried twice more, what is throttled until it is let in.

Source: AWS Lambda developer guide, error handling for asynchronous invocation (read 2026-11).
"""

import asyncio
from collections.abc import Awaitable, Callable

from local.functions.invocation import Invocation

RETRIES_S = (60.0, 120.0)  # how long after an attempt that failed the next one follows
_THROTTLED_S = (1.0, 300.0)  # the wait for a function that is at its limit, and what it grows to
_KEPT_S = 6 * 3600.0  # how long an event is kept that nobody could take


class Queue:
    def __init__(self, attempt: Callable[[], Invocation], retries_s: tuple[float, ...] = RETRIES_S) -> None:
        """`attempt` begins one: the same event by the same id, each time."""
        self._attempt, self._retries_s = attempt, retries_s
        self.first = attempt()

    async def deliver(self, sleep: Callable[[float], Awaitable[None]] = asyncio.sleep) -> None:
        """Until an attempt succeeds, or the last one has failed."""
        invocation, failed, waited_s, wait_s = self.first, 0, 0.0, _THROTTLED_S[0]
        while True:
            await invocation.ended.wait()
            if invocation.error is None:
                return
            if invocation.throttled:
                if waited_s >= _KEPT_S:
                    return
                await sleep(wait_s)
                waited_s, wait_s = waited_s + wait_s, min(wait_s * 2, _THROTTLED_S[1])
            elif failed < len(self._retries_s):
                await sleep(self._retries_s[failed])
                failed += 1
            else:
                return
            invocation = self._attempt()
