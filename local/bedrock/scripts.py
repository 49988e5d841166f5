"""A fixed answer in fixed pieces, so that a benchmark knows exactly what it measures."""

from dataclasses import dataclass
from typing import Any


@dataclass
class Script:
    """Answers every chat with `text_deltas`, one event each; with `burst` all events leave in one write.

    `times` limits it to the next so many answers; null means all.
    """

    text_deltas: list[str]
    times: int | None = None
    burst: bool = False


def script(wish: Any) -> Script:
    """A script from a JSON object; ValueError says what is wrong with the wish."""
    if not isinstance(wish, dict) or wish.keys() - Script.__dataclass_fields__.keys():
        raise ValueError("a script is a JSON object of text_deltas, times and burst")
    deltas = wish.get("text_deltas")
    if (
        not isinstance(deltas, list)
        or not all(isinstance(delta, str) for delta in deltas)
        or not "".join(deltas).strip()
    ):
        raise ValueError("text_deltas is a list of strings, not all blank")
    times = wish.get("times")
    if times is not None and (not isinstance(times, int) or isinstance(times, bool) or times < 1):
        raise ValueError("times is a positive number or null")
    return Script(deltas, times, bool(wish.get("burst", False)))
