"""How much of the log one person's questions for usage may look through: a bound in bytes, for CloudWatch bills those.

What was looked through today, and which questions are under way, is in one object of the bucket for each person. Each
question claims its place there by a conditional write before it is asked, so the bound holds however many function
instances there are, and whatever each has forgotten.
"""

import json
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, replace
from time import gmtime, strftime
from typing import Any, Protocol

from pennyworth.errors import Problem
from pennyworth.insights import Insights, Rows

# Bytes a day (UTC): of who asks for themselves, and of an administrator. At 0.005 dollars a GB 0.25 and 2.50 dollars.
ONESELF, EVERYONE = 50 * 10**9, 500 * 10**9
AT_ONCE = 4  # questions under way of one person: by so many can the day's bytes be exceeded
_OPEN_S = 60  # after which one that never ended is none that is under way
_TRIES = 5  # others of the same person may write at the same time
_RETRY_S = 2
_DAY_S = 86_400


class Stored(Protocol):
    @property
    def body(self) -> bytes: ...
    @property
    def version(self) -> str: ...


class Objects(Protocol):
    """Objects of the bucket, each written only over the one that was read. Every call may raise Problem."""

    def read(self, name: str) -> Stored | None: ...
    def write(self, name: str, text: str, over: str) -> str | None:
        """The new version; None where it would not have been over that one, which is empty for no object."""


@dataclass(frozen=True, slots=True)
class Allowance:
    """Of one person, on one day."""

    day: str = ""  # such as 2026-11-23, in UTC
    scanned: int = 0  # bytes
    under_way: tuple[int, ...] = ()  # when each began, in unix seconds

    def begun(self, now: float, most: int) -> "Allowance":
        """With a question that begins. Raises Problem where none may."""
        today = strftime("%Y-%m-%d", gmtime(now))
        kept = self if self.day == today else replace(self, day=today, scanned=0)
        # Another may have begun after this one, by its clock or because it came first to the object.
        under_way = tuple(at for at in kept.under_way if abs(now - at) < _OPEN_S)
        if kept.scanned >= most:
            left_s = _DAY_S - int(now) % _DAY_S
            raise Problem("query_limit_exceeded", limit=f"{most // 10**9} GB", retry_after_s=left_s)
        if len(under_way) >= AT_ONCE:
            raise Problem("rate_limit_exceeded", retry_after_s=_RETRY_S)
        return replace(kept, under_way=(*under_way, int(now)))

    def ended(self, began: int, scanned: int) -> "Allowance":
        """Without the question that began then, which looked through so many bytes."""
        left = list(self.under_way)
        with suppress(ValueError):
            left.remove(began)
        return replace(self, scanned=self.scanned + scanned, under_way=tuple(left))

    def dump(self) -> str:
        return json.dumps({"day": self.day, "scanned": self.scanned, "under_way": self.under_way})

    @classmethod
    def parse(cls, text: bytes) -> "Allowance":
        """A day's beginning for what `dump` did not write."""
        try:
            document = json.loads(text)
            under_way = tuple(int(at) for at in document["under_way"])
            return cls(str(document["day"]), int(document["scanned"]), under_way)
        except (ValueError, KeyError, TypeError):
            return cls()


class Questions:
    """One person's to the log."""

    def __init__(
        self, insights: Insights, objects: Objects, user_id: str, most: int, clock: Callable[[], float]
    ) -> None:
        self._insights, self._objects, self._clock = insights, objects, clock
        self._name, self._most = f"ledger/questions/{user_id}.json", most

    def rows(self, query: str, since_s: int, until_s: int, **limits: Any) -> Rows:
        """As `Insights.rows`. Raises Problem also where the person has asked for too much."""
        began = int(self._clock())
        self._change(lambda kept: kept.begun(began, self._most))
        scanned = 0

        def told(count: int) -> None:
            nonlocal scanned
            scanned = count

        try:
            return self._insights.rows(query, since_s, until_s, scanned=told, **limits)
        finally:
            with suppress(Problem):  # logged where it was met; the answer is there
                self._change(lambda kept: kept.ended(began, scanned))

    def _change(self, changed: Callable[[Allowance], Allowance]) -> None:
        for _ in range(_TRIES):
            stored = self._objects.read(self._name)
            allowance = changed(Allowance.parse(stored.body) if stored else Allowance())
            if self._objects.write(self._name, allowance.dump(), stored.version if stored else ""):
                return
        raise Problem("rate_limit_exceeded", retry_after_s=_RETRY_S)
