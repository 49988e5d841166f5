"""Who is asked next when a provider fails, and after how long."""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeVar

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.providers.provider import Provider

# What another try of the same model may mend, and what another model may: by status, and by code where the status
# says too little. A 400 is neither, because the request is at fault.
_AGAIN = frozenset({429, 502, 503})  # a timeout has used the time that another try would need
_ELSEWHERE = _AGAIN | {408, 500}
_ELSEWHERE_CODES = frozenset({"provider_denied", "model_not_found"})
_SPENT = frozenset({"insufficient_quota"})  # a 429 that waiting does not mend

_SCALE_S = 0.5
_LONGEST_WAIT_S = 20.0  # a client waits better than a Lambda that is paid by the millisecond

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class Failover:
    """How long may be tried. `deadline` is a reading of `clock`; `random` is in [0, 1)."""

    deadline: float
    random: Callable[[], float]
    clock: Callable[[], float] = time.monotonic
    sleep: Callable[[float], None] = time.sleep

    def answer(
        self, models: Sequence[Model], provider: Callable[[Model], Provider], ask: Callable[[Provider], Answer]
    ) -> Answer:
        """What the first model's provider answers; the next one's where that fails for a reason of its own.

        Raises Problem: the first model's, which is the one the client asked for. What a fallback makes of a request
        that was written for another model, even a 400, only leads to the next.
        """
        first: Problem | None = None
        for model in models:
            try:
                return self._persistently(provider(model), ask)
            except Problem as problem:
                first = first or problem
                if not _elsewhere(first) or self.clock() >= self.deadline:
                    break
        assert first is not None  # there is a model at least
        raise first

    def _persistently(self, provider: Provider, ask: Callable[[Provider], Answer]) -> Answer:
        tries = 0
        while True:
            try:
                return ask(provider)
            except Problem as problem:
                wait_s = self._wait_s(problem, tries) if tries < provider.retries else None
                if wait_s is None:
                    raise
            self.sleep(wait_s)
            tries += 1

    def _wait_s(self, problem: Problem, tries: int) -> float | None:
        """Full jitter, and no less than the provider asks for; None where trying again is of no use, or too late."""
        if problem.status not in _AGAIN or {problem.code, problem.type} & _SPENT:
            return None
        wait_s = max(self.random() * _SCALE_S * 2.0**tries, problem.retry_after_s or 0)
        return wait_s if wait_s <= _LONGEST_WAIT_S and self.clock() + wait_s < self.deadline else None


def _elsewhere(problem: Problem) -> bool:
    return problem.status in _ELSEWHERE or problem.code in _ELSEWHERE_CODES


class Begun(Iterator[bytes]):
    """A stream that has said something: what fails before that is raised when this is made, as a Problem."""

    def __init__(self, events: Iterator[bytes]) -> None:
        self._events = events
        self._first = next(events, None)
        if self._first is None:
            raise Problem("upstream_error")

    def __next__(self) -> bytes:
        first, self._first = self._first, None
        return next(self._events) if first is None else first

    def close(self) -> None:
        """Also of a stream that nobody has read: a generator would not notice."""
        self._events.close()  # type: ignore[attr-defined]  # a generator, as every stream of ours
