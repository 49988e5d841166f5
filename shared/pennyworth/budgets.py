"""What was spent this month against what may be: the mirror of the ledger's book, and whose budget is spent. Pure.

The book is kept by services/admin/ledger, which mirrors it in an attribute of the user: the authorizer reads that with
the user, in the call it makes anyway. docs/decisions/0012-budgets-without-a-database.md says why, docs/budgets.md how
far a budget can be overspent. All sums are in micro-dollars, all months in UTC.
"""

import json
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from pennyworth.principal import Spent

SPEND = "custom:spend"  # the user's attribute that holds the mirror
_LENGTH = 2048  # characters, of one Cognito attribute


def month(now: float) -> str:
    """The month of a moment: `2026-11`."""
    return time.strftime("%Y-%m", time.gmtime(now))


def begins_at(now: float) -> int:
    """When the month began, in unix seconds."""
    today = time.gmtime(now)
    return int(datetime(today.tm_year, today.tm_mon, 1, tzinfo=UTC).timestamp())


def resets_at(now: float) -> int:
    """When the next month begins, in unix seconds."""
    today = time.gmtime(now)
    year, index = divmod(today.tm_year * 12 + today.tm_mon, 12)  # tm_mon counts from 1: this is the next one from 0
    return int(datetime(year, index + 1, 1, tzinfo=UTC).timestamp())


@dataclass(frozen=True, slots=True)
class Spend:
    """What a user, the groups they called in, and their keys spent in a month."""

    month: str = ""
    user: int = 0
    groups: Mapping[str, int] = field(default_factory=dict)  # each by everyone in it
    keys: Mapping[str, int] = field(default_factory=dict)  # by key id

    def dump(self) -> str:
        """The attribute's value. Where it cannot hold all, what spent least is left out, keys before groups."""
        groups, keys = dict(self.groups), dict(self.keys)
        while True:
            document = {"month": self.month, "user": self.user, "groups": groups, "keys": keys}
            value = json.dumps(document, separators=(",", ":"))
            if len(value) <= _LENGTH:
                return value
            least = keys or groups
            del least[min(least, key=lambda name: least[name])]

    @classmethod
    def parse(cls, value: str, now: float) -> "Spend":
        """What was spent in the month of `now`: nothing where the mirror is of another month, or none can be read.

        Nobody but the ledger can write it, and it does so at the next request: who were taken for a spender of
        everything would never make one, and stay out for good.
        """
        this_month = month(now)
        try:
            document = json.loads(value)
            found = cls(
                month=document["month"],
                user=int(document["user"]),
                groups={str(name): int(sum_) for name, sum_ in document["groups"].items()},
                keys={str(key): int(sum_) for key, sum_ in document["keys"].items()},
            )
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            return cls(this_month)
        return found if found.month == this_month else cls(this_month)


@dataclass(frozen=True, slots=True)
class Budgets:
    """How much may be spent in a month; None for any amount."""

    user: int | None = None
    key: int | None = None
    group: int | None = None  # by everyone in it

    def spent(self, value: str, group: str, key_id: str, now: float) -> Spent | None:
        """The budget that is spent, by the mirror in `value`: of several the widest, which no other key or user can
        get around. None while all of them last."""
        spend = Spend.parse(value, now)
        held = (
            ("group", self.group, spend.groups.get(group, 0)),
            ("user", self.user, spend.user),
            ("key", self.key, spend.keys.get(key_id, 0)),
        )
        for whose, most, sum_ in held:
            if most is not None and sum_ >= most:
                return Spent(whose, resets_at(now))
        return None
