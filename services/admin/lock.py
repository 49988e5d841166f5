"""One change at a time to a user's keys, among all processes: a lock made of a parameter's version numbers.

Cognito has no conditional write, so two mints that read the same free slot would overwrite each other. A parameter in
Parameter Store is `free` or `held`, and every write to it gets the next version number, alone. Whoever wants the lock
writes `held` and looks at the version before their own: **it is theirs if that one was free**, or its holder is gone.
A version never changes, so two can never both be right, however old what they had read was.
docs/decisions/0004-minting-under-a-lock.md has the reasons and the cost.
"""

import random
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Protocol

from pennyworth.errors import Problem
from pennyworth.logs import logger
from services.admin.parameters import Parameter

LEASE_S = 60.0  # a holder is taken for dead after this; API Gateway and Lambda end a request after 29 s
WAIT_S = 5.0
_FREE, _HELD = "free", "held"


class Versions(Protocol):
    """What the lock needs of Parameter Store; see `parameters.Parameters`."""

    def read(self, name: str, version: int | None = None) -> Parameter | None: ...
    def create(self, name: str, value: str) -> int | None: ...
    def overwrite(self, name: str, value: str) -> int | None: ...


class Hold:
    """The lock while it is held."""

    def __init__(self, until: float, clock: Callable[[], float]) -> None:
        self._until, self._clock = until, clock

    @property
    def lasts(self) -> bool:
        """Whether nobody can have taken the lock over yet."""
        return self._clock() < self._until

    def check(self) -> None:
        """Ask before a write. Raises Problem: a process that slept through its lease (suspended, or starved of its
        processor) must not write over what its successor wrote."""
        if not self.lasts:
            raise busy()


class Lock:
    def __init__(
        self,
        versions: Versions,
        prefix: str,
        clock: Callable[[], float] = time.time,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._versions, self._prefix, self._clock, self._sleep = versions, prefix, clock, sleep

    @contextmanager
    def hold(self, user_id: str) -> Iterator[Hold]:
        """Hold the lock of a user. Raises Problem conflict when others keep it for WAIT_S."""
        # 256 parameters serve all users, so that they never pile up to Parameter Store's limit of 10 000.
        name = f"{self._prefix}/{user_id[:2]}"
        hold = self._acquire(name)
        try:
            yield hold
        finally:
            self._release(name, hold)

    def _acquire(self, name: str) -> Hold:
        give_up_at = self._clock() + WAIT_S
        while True:
            # Half the lease: the other half is for clocks that differ and for the write that `check` lets pass.
            until = self._clock() + LEASE_S / 2
            if self._take(name):
                return Hold(until, self._clock)
            if self._clock() >= give_up_at:
                raise busy()
            self._pause()

    def _take(self, name: str) -> bool:
        newest = self._versions.read(name)
        if newest is None:
            return self._versions.create(name, _HELD) is not None
        if not self._open(newest):
            return False
        version = self._versions.overwrite(name, _HELD)
        if version is None:
            return False
        before = self._versions.read(name, version - 1)
        return before is not None and self._open(before)  # without proof it is not ours

    def _open(self, parameter: Parameter) -> bool:
        return parameter.value == _FREE or self._clock() - parameter.modified_at >= LEASE_S

    def _release(self, name: str, hold: Hold) -> None:
        """A release that fails must not hide what was done under the lock: the lease ends by itself. It is sent again
        only when AWS refused it: one that arrived twice would release what is another's by then."""
        if not hold.lasts:
            logger.warning("lock outlived", lock=name)
            return
        for _ in range(10):
            try:
                if self._versions.overwrite(name, _FREE) is not None:
                    return
            except Problem as problem:
                logger.warning("lock not released", lock=name, code=problem.code)
                return
            self._pause()
        logger.warning("lock not released", lock=name)

    def _pause(self) -> None:
        self._sleep(random.uniform(0.05, 0.25))  # noqa: S311 -- jitter, no secret


def busy() -> Problem:
    return Problem(
        "conflict", retry_after_s=1, reason="Other changes to this user's keys are under way. Try again in a moment."
    )
