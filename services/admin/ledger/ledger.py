"""Counting a batch once into the book, and mirroring the book in the attribute that the authorizer reads.

Every step may be broken off and done again: a page knows which batches are in it, and the mirror is made of the pages
alone. Groups are counted before users, so that whoever mirrors a user's page finds their group's at least as new.
"""

import time
from collections import defaultdict
from collections.abc import Callable
from functools import partial
from typing import Any

from pennyworth.budgets import SPEND, Spend
from pennyworth.errors import Problem
from pennyworth.logs import logger
from services.admin.aws import Fault, call
from services.admin.ledger.batch import Batch, Use
from services.admin.ledger.book import Page
from services.admin.ledger.shelf import Shelf, Unreadable, group_page, user_page


class Ledger:
    def __init__(self, shelf: Shelf, cognito: Any, pool_id: str, clock: Callable[[], float] = time.time) -> None:
        self._shelf, self._cognito, self._pool_id, self._clock = shelf, cognito, pool_id, clock

    def count(self, batch: Batch, ends_at: float) -> None:
        """Have the batch in the book, and the book in the mirrors of its users. Raises Problem where that fails for
        a group or a user, when all others are done; `ends_at` is the shelf's to read."""
        groups: dict[str, list[Use]] = defaultdict(list)
        users: dict[str, list[Use]] = defaultdict(list)
        for use in batch.uses:
            users[use.user_id].append(use)
            if use.group:
                groups[use.group].append(use)
        failed: list[Problem] = []
        for group, uses in sorted(groups.items()):
            try:
                self._enter(group_page(group), batch, uses, ends_at, of_group=True)
            except Problem as problem:
                logger.warning("not counted", batch=batch.id, group=group, code=problem.code)
                failed.append(problem)
        for user_id, uses in users.items():
            try:
                self._enter(user_page(user_id), batch, uses, ends_at, of_group=False)
                self._mirror(user_id, ends_at)
            except Problem as problem:
                logger.warning("not counted or not mirrored", batch=batch.id, user_id=user_id, code=problem.code)
                failed.append(problem)
        if failed:
            raise failed[0]

    def _enter(self, name: str, batch: Batch, uses: list[Use], ends_at: float, *, of_group: bool) -> None:
        def changed(page: Page) -> Page:
            if self._shelf.holds(page, batch):
                return page
            return page.with_(batch, uses, self._clock(), of_group=of_group)

        self._shelf.change(name, changed, ends_at)

    def _mirror(self, user_id: str, ends_at: float) -> None:
        """Write the user's mirror until it is of the page that is there: two that write at once could leave the older
        one's, since Cognito knows no condition."""
        read = partial(self._shelf.read, user_page(user_id))
        stored = read()
        while True:
            self._write(user_id, self._spend(stored.page))
            newest = read()
            if newest.version == stored.version:
                return
            if self._shelf.late(ends_at):
                raise Problem("service_unavailable")
            stored = newest

    def _spend(self, page: Page) -> Spend:
        pages = {group: self._page_of(group) for group in page.groups}
        sums = {group: each.cost_microusd for group, each in pages.items() if each.month == page.month}
        return Spend(page.month, page.cost_microusd, sums, page.keys)

    def _page_of(self, group: str) -> Page:
        """A blank one where it cannot be read, which is logged: the user's own sum is not to wait for that."""
        try:
            return self._shelf.read(group_page(group)).page
        except Unreadable:
            return Page()

    def _write(self, user_id: str, spend: Spend) -> None:
        attribute = {"Name": SPEND, "Value": spend.dump()}
        wanted = {"UserPoolId": self._pool_id, "Username": user_id, "UserAttributes": [attribute]}
        try:
            call(self._cognito, "AdminUpdateUserAttributes", wanted, subject=user_id)
        except Fault as fault:
            if fault.aws_code != "UserNotFoundException":  # deleted since: nobody's mirror is missing
                raise
