"""Where the book's pages lie: each is written only over the page that was read. And the archives beside them, of which
one is written before the page that names it.
"""

import random
import re
import time
from collections.abc import Callable
from functools import lru_cache
from hashlib import sha256
from typing import NamedTuple

from pennyworth.errors import Problem
from pennyworth.logs import logger
from services.admin.ledger import archive
from services.admin.ledger.batch import Batch
from services.admin.ledger.book import Page
from services.admin.objects import Objects

_PLAIN = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")  # what Terraform lets a group's name be
_HELD = 32  # archives that a process remembers, some 300 KB each


class Unreadable(Problem):
    """There is a page, and it is none that `Page.dump` wrote; or it names an archive, and that is gone, or not what was
    written: no sum is better than a wrong one."""

    def __init__(self) -> None:
        super().__init__("internal_error")


class Stored(NamedTuple):
    page: Page
    version: str  # the object's ETag; empty while there is none


def user_page(user_id: str) -> str:
    return f"ledger/users/{user_id}.json"


def group_page(group: str) -> str:
    """Of a group by any name that Cognito takes."""
    name = group if _PLAIN.fullmatch(group) else f"sha256:{sha256(group.encode()).hexdigest()}"
    return f"ledger/groups/{name}.json"


class Shelf:
    def __init__(
        self,
        objects: Objects,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._objects, self._clock, self._sleep = objects, clock, sleep
        self._archive = lru_cache(_HELD)(self._read_archive)

    def late(self, ends_at: float) -> bool:
        return self._clock() >= ends_at

    def read(self, name: str) -> Stored:
        """The page, a blank one where there is none. Raises Problem, and Unreadable."""
        found = self._objects.read(name)
        if found is None:
            return Stored(Page(), "")
        try:
            return Stored(Page.parse(found.body), found.version)
        except (ValueError, KeyError, TypeError, AttributeError):
            logger.error("a page that cannot be read", page=name)
            raise Unreadable from None

    def holds(self, page: Page, batch: Batch) -> bool:
        """Whether the batch is in the page's sums. Raises Problem, and Unreadable."""
        return page.holds(batch) or any(batch.id in self._archive(name) for name in page.archives(batch))

    def change(self, name: str, changed: Callable[[Page], Page], ends_at: float) -> Stored:
        """Write what becomes of the page, made anew of each that another wrote in between; a page that stays as it is
        is not written. Raises Problem, also when it did not succeed by `ends_at`, on the clock."""
        wait_s = 0.02
        while True:
            stored = self.read(name)
            page = changed(stored.page)
            if page is stored.page:
                return stored
            page = self._shortened(page)
            version = self._objects.write(name, page.dump(), stored.version)
            if version:
                return Stored(page, version)
            if self.late(ends_at):
                raise Problem("service_unavailable")
            self._sleep(random.uniform(0, wait_s))  # noqa: S311 -- jitter, no secret
            wait_s = min(wait_s * 2, 1.0)

    def _shortened(self, page: Page) -> Page:
        put_away = page.overfull()
        if not put_away:
            return page
        name, text = archive.dump(each.name for each in put_away)
        if self._objects.write(name, text, over="") is None:
            made = self._objects.read(name)  # by another ledger; or it is about to, and the next batch will find it
            if made is None or made.body != text.encode():
                return page
        return page.archived(name)

    def _read_archive(self, name: str) -> frozenset[str]:
        """Raises Problem, and Unreadable."""
        found = self._objects.read(name)
        try:
            return archive.parse(name, found.body if found else b"")
        except ValueError:
            logger.error("an archive that cannot be read", archive=name)
            raise Unreadable from None
