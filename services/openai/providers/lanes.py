"""Calls side by side, a few at a time."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from threading import Lock
from typing import Any, TypeVar

from services.openai.choices import summed
from services.openai.meter import Meter

_LANES = 8  # as many connections as the transport keeps

Asked = TypeVar("Asked")
Answer = TypeVar("Answer")


def answers(call: Callable[[Asked], Answer], asked: list[Asked], most: int = _LANES) -> Iterator[Answer]:
    """Each answer in its turn. The first failure is raised, and what has not begun by then never does."""
    if len(asked) == 1:
        yield call(asked[0])
        return
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(min(len(asked), most)) as lanes:
        yield from lanes.map(lambda context, one: context.run(call, one), [copy_context() for _ in asked], asked)


class Paid:
    """The usage of one request's calls, each told when it is answered: that one is paid for, whatever becomes of the
    others. The meter hears of all so far."""

    def __init__(self, meter: Meter) -> None:
        self._meter, self._lock = meter, Lock()
        self._usages: list[dict[str, Any]] = []

    def add(self, usage: dict[str, Any], tier: object = None) -> None:
        with self._lock:
            self._usages.append(usage)
            self._meter.read(summed(self._usages), tier)
