"""Calls side by side, a few at a time."""

from collections.abc import Callable, Iterator
from contextvars import copy_context
from typing import TypeVar

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
