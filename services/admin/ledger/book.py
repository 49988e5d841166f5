"""A page of the book: what one user, or one group, has spent in a month, and which batches are in that. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

from services.admin.ledger.batch import Batch, Use

# Lambda hands a batch over for six hours at most, and three times at most: what is older than this does not come again.
KEPT_S = 8 * 3600
MOST = 5000  # batches remembered, some 40 bytes each: at ten a minute for all of that time


class Counted(NamedTuple):
    batch_id: str
    at: int  # unix seconds


@dataclass(frozen=True, slots=True)
class Page:
    """Sums of one month. A group's page has no `keys` and no `groups`."""

    month: str = ""
    cost_microusd: int = 0
    tokens: int = 0
    keys: Mapping[str, int] = field(default_factory=dict)  # micro-dollars by key id
    groups: tuple[str, ...] = ()  # those the user called in
    counted: tuple[Counted, ...] = ()  # the last batches, oldest first

    def holds(self, batch: Batch) -> bool:
        return any(each.batch_id == batch.id for each in self.counted)

    def with_(self, batch: Batch, uses: Iterable[Use], now: float, *, of_group: bool) -> "Page":
        """The page with the batch's uses in it. A use of a later month turns the page over; one of an earlier month
        came too late to matter."""
        uses = list(uses)
        month = max([self.month, *(use.month for use in uses)])
        sums = self if month == self.month else Page(month)
        now_uses = [use for use in uses if use.month == month]
        keys = {} if of_group else dict(sums.keys)
        for use in now_uses if not of_group else ():
            if use.key_id:
                keys[use.key_id] = keys.get(use.key_id, 0) + use.cost_microusd
        groups = {*sums.groups, *(use.group for use in now_uses if use.group)}
        kept = [each for each in self.counted if now - each.at < KEPT_S]
        return Page(
            month=month,
            cost_microusd=sums.cost_microusd + sum(use.cost_microusd for use in now_uses),
            tokens=sums.tokens + sum(use.tokens for use in now_uses),
            keys=keys,
            groups=() if of_group else tuple(sorted(groups)),
            counted=(*kept, Counted(batch.id, int(now)))[-MOST:],
        )

    def dump(self) -> str:
        document = {
            "month": self.month,
            "cost_microusd": self.cost_microusd,
            "tokens": self.tokens,
            "keys": self.keys,
            "groups": self.groups,
            "counted": self.counted,
        }
        return json.dumps(document, separators=(",", ":"))

    @classmethod
    def parse(cls, text: str | bytes) -> "Page":
        """Raises ValueError, KeyError, TypeError or AttributeError for what `dump` did not write: better no sum than
        a wrong one."""
        document = json.loads(text)
        counted = tuple(Counted(*each) for each in document["counted"])
        page = cls(**{**document, "groups": tuple(document["groups"]), "counted": counted})
        texts = [page.month, *page.keys, *page.groups, *(each.batch_id for each in counted)]
        numbers = [page.cost_microusd, page.tokens, *page.keys.values(), *(each.at for each in counted)]
        if not (all(type(each) is str for each in texts) and all(type(each) is int for each in numbers)):
            raise TypeError("no page")
        return page
