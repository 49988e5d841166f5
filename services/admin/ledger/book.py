"""A page of the book: what one user, or one group, has spent in a month, and which batches are in that. Pure."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import NamedTuple

from services.admin.ledger.archive import is_archive
from services.admin.ledger.batch import Batch, Use

# Lambda hands a batch over for six hours at most, and three times at most: what is older than this does not come again.
KEPT_S = 8 * 3600
MOST = 4000  # batches that a page names, some 40 bytes each; of more than that the older half is put into an archive
# By so much the clock that counted a batch may be behind the one that wrote its records. Those in AWS are together to
# the millisecond.
CLOCKS_S = 60


class Counted(NamedTuple):
    """A batch, or an archive of them: so a release that knows of no archives reads the page as well."""

    name: str
    at: int  # unix seconds; of an archive, when the last of its batches was counted


@dataclass(frozen=True, slots=True)
class Page:
    """Sums of one month. A group's page has no `keys` and no `groups`."""

    month: str = ""
    cost_microusd: int = 0
    tokens: int = 0
    keys: Mapping[str, int] = field(default_factory=dict)  # micro-dollars by key id
    groups: tuple[str, ...] = ()  # those the user called in
    counted: tuple[Counted, ...] = ()  # the last batches, oldest first, after the archives of those before

    def holds(self, batch: Batch) -> bool:
        return any(each.name == batch.id for each in self.counted)

    def archives(self, batch: Batch) -> list[str]:
        """Those in which the batch may be, the newest first: none was counted before all of it was written. Of a batch
        that comes for the first time, or soon again, there are none."""
        since = batch.at - CLOCKS_S
        return [each.name for each in reversed(self.counted) if each.at >= since and is_archive(each.name)]

    def overfull(self) -> tuple[Counted, ...]:
        """The older half of the batches that it names, where those are too many: to be put into an archive."""
        named = self._named
        return named[: len(named) // 2] if len(named) > MOST else ()

    def archived(self, name: str) -> "Page":
        """The page with the name of an archive in place of those."""
        put_away = self.overfull()
        before = tuple(each for each in self.counted if is_archive(each.name))
        made = Counted(name, max(each.at for each in put_away))
        return replace(self, counted=(*before, made, *self._named[len(put_away) :]))

    @property
    def _named(self) -> tuple[Counted, ...]:
        return tuple(each for each in self.counted if not is_archive(each.name))

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
            counted=(*kept, Counted(batch.id, int(now))),
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
        texts = [page.month, *page.keys, *page.groups, *(each.name for each in counted)]
        numbers = [page.cost_microusd, page.tokens, *page.keys.values(), *(each.at for each in counted)]
        if not (all(type(each) is str for each in texts) and all(type(each) is int for each in numbers)):
            raise TypeError("no page")
        return page
