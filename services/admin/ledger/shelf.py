"""The edge to S3: pages of the book, each written only over the page that was read.

S3 refuses a write whose condition fails: `If-None-Match: *` where there is an object, `If-Match` where it is another
one (412, or 404 where it is gone), and either while another write of it is under way (409). Source: Amazon S3 user
guide, conditional writes (read 2026-11).
"""

import random
import re
import time
from collections.abc import Callable
from hashlib import sha256
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.logs import logger
from services.admin.aws import Fault, call
from services.admin.ledger.book import Page

_PLAIN = re.compile(r"[A-Za-z0-9_+=,.@-]{1,128}")  # what Terraform lets a group's name be
_MOVED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
# Who may not list the bucket is not told that there is no such object, but that they may not read it.
_ABSENT = ("NoSuchKey", "AccessDenied")


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
        client: Any,
        bucket: str,
        clock: Callable[[], float] = time.monotonic,
        sleep: Callable[[float], None] = time.sleep,
    ) -> None:
        self._client, self._bucket, self._clock, self._sleep = client, bucket, clock, sleep

    def late(self, ends_at: float) -> bool:
        return self._clock() >= ends_at

    def read(self, name: str) -> Stored:
        """The page, a blank one where there is none. Raises Problem."""
        try:
            answer = call(self._client, "GetObject", {"Bucket": self._bucket, "Key": name}, answers=_ABSENT)
        except Fault as fault:
            if fault.aws_code in _ABSENT:
                return Stored(Page(), "")
            raise
        try:
            return Stored(Page.parse(answer["Body"].read()), answer["ETag"])
        except (ValueError, KeyError, TypeError):
            logger.error("a page that cannot be read", page=name)
            raise Problem("internal_error") from None

    def change(self, name: str, changed: Callable[[Page], Page], ends_at: float) -> Stored:
        """Write what becomes of the page, made anew of each that another wrote in between; a page that stays as it is
        is not written. Raises Problem, also when it did not succeed by `ends_at`, on the clock."""
        wait_s = 0.02
        while True:
            stored = self.read(name)
            page = changed(stored.page)
            if page is stored.page:
                return stored
            version = self._write(name, page, stored.version)
            if version:
                return Stored(page, version)
            if self.late(ends_at):
                raise Problem("service_unavailable")
            self._sleep(random.uniform(0, wait_s))  # noqa: S311 -- jitter, no secret
            wait_s = min(wait_s * 2, 1.0)

    def _write(self, name: str, page: Page, over: str) -> str | None:
        """The new version; None where it would not have been over the page that was read."""
        condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}
        wanted = {"Bucket": self._bucket, "Key": name, "Body": page.dump().encode(), **condition}
        try:
            answer = call(self._client, "PutObject", {**wanted, "ContentType": "application/json"}, answers=_MOVED)
        except Fault as fault:
            if fault.aws_code in _MOVED:
                return None
            raise
        return str(answer["ETag"])
