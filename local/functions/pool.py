"""The execution environments of one function: reused, most recent first, and added up to a limit."""

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable

from local.functions.environment import Environment
from local.functions.failure import Throttled
from local.functions.function import Function

# An environment that has answered asks for its next event a moment later; a caller that follows on waits that moment
# rather than start another process.
SETTLE_S = 0.05


class Pool:
    def __init__(self, function: Function, start: Callable[[Environment], Awaitable[None]]) -> None:
        self.function = function
        self.environments: set[Environment] = set()
        self._start = start
        self._idle: list[Environment] = []
        self._waiters: deque[asyncio.Future[None]] = deque()

    async def acquire(self) -> tuple[Environment, bool]:
        """An environment that waits for an event, and whether it was started for it (cold).

        Raises Throttled at the limit, InvocationFailed when a new one cannot start.
        """
        if not self._idle and len(self._waiters) < sum(each.settling for each in self.environments):
            await self._settled()
        while self._idle:
            environment = self._idle.pop()
            if not environment.dead:
                return environment, False
        if sum(not each.dead for each in self.environments) >= self.function.concurrency:
            raise Throttled(self.function.name)
        environment = Environment(self.function, self._changed)
        self.environments.add(environment)
        await self._start(environment)
        return environment, True

    async def _settled(self) -> None:
        """Wait until an environment is idle or dead, but not long."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiters.append(waiter)
        try:
            await asyncio.wait((waiter,), timeout=SETTLE_S)
        finally:
            if waiter in self._waiters:
                self._waiters.remove(waiter)

    def _changed(self, environment: Environment) -> None:
        if environment.dead:
            self.environments.discard(environment)
            if environment in self._idle:
                self._idle.remove(environment)
        else:
            self._idle.append(environment)
        while self._waiters:
            waiter = self._waiters.popleft()
            if not waiter.done():
                waiter.set_result(None)
                return
