"""The ledger over a bucket in memory: batches that come again, at any traffic."""

import io
from random import Random
from types import SimpleNamespace

import pytest
from botocore.exceptions import ClientError

from pennyworth.errors import Problem
from services.admin.ledger import book
from services.admin.ledger.archive import FOLDER
from services.admin.ledger.batch import Batch, Use
from services.admin.ledger.book import CLOCKS_S, KEPT_S, Counted, Page
from services.admin.ledger.ledger import Ledger
from services.admin.ledger.shelf import Shelf, user_page
from services.admin.objects import Objects

ADA = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
PAGE = user_page(ADA)
NOW = 1_795_000_000


class S3:
    """A bucket with conditional writes; `refuses` has a code for each write of a name that is to be refused."""

    def __init__(self):
        self.objects, self.reads, self.refuses = {}, [], {}

    def get_object(self, *, Bucket, Key):  # noqa: N803 -- S3's names
        self.reads.append(Key)
        if Key not in self.objects:
            raise ClientError({"Error": {"Code": "AccessDenied"}}, "GetObject")
        body = self.objects[Key]
        return {"Body": io.BytesIO(body), "ETag": str(hash(body))}

    def put_object(self, *, Bucket, Key, Body, ContentType, IfMatch=None, IfNoneMatch=None):  # noqa: N803
        there = self.objects.get(Key)
        code = next((code for part, code in self.refuses.items() if part in Key), None)
        if code or (IfNoneMatch and there is not None) or (IfMatch and IfMatch != str(hash(there))):
            raise ClientError({"Error": {"Code": code or "PreconditionFailed"}}, "PutObject")
        self.objects[Key] = Body
        return {"ETag": str(hash(Body))}

    @property
    def page(self):
        return Page.parse(self.objects[PAGE])

    @property
    def archives(self):
        return sorted(name for name in self.objects if name.startswith(FOLDER))


@pytest.fixture
def s3():
    return S3()


@pytest.fixture
def count(s3):
    """Have a batch counted: its number, the moment it was written, and the one at which it comes."""
    clock = SimpleNamespace(now=NOW)
    shelf = Shelf(Objects(s3, "bucket"), lambda: 0, lambda _: None)
    cognito = SimpleNamespace(admin_update_user_attributes=lambda **_: {})
    ledger = Ledger(shelf, cognito, "pool", lambda: clock.now)

    def counted(number, at=NOW, now=None):
        clock.now = at if now is None else now
        ledger.count(Batch(f"{number:024x}", (Use("2026-11", ADA, "", "", 1, 1),), at), ends_at=1)

    return counted


@pytest.fixture
def small(monkeypatch):
    monkeypatch.setattr(book, "MOST", 20)


def test_two_batches_a_second_for_hours_each_come_again_and_count_once(s3, count, small):
    """A page that names 20 has at this traffic forgotten a batch after ten seconds."""
    random, coming = Random(7), []  # noqa: S311 -- no secret
    for number in range(2000):
        at = NOW + number / 2
        count(number, at)
        coming.append((at + random.expovariate(1 / 300), number, at))
        for late in sorted(each for each in coming if each[0] <= at):
            coming.remove(late)
            count(late[1], late[2], now=at)
    assert s3.page.cost_microusd == 2000
    for _, number, at in coming:
        count(number, at, now=NOW + 6 * 3600)
    assert s3.page.cost_microusd == 2000
    assert len(s3.page.dump()) < 20_000


def test_a_batch_that_comes_for_the_first_time_has_no_archive_read(s3, count, small):
    for number in range(100):
        count(number, NOW + number * CLOCKS_S)
    assert s3.archives
    assert not [name for name in s3.reads if name.startswith(FOLDER)]


def test_a_batch_that_was_late_and_never_counted_is_counted(s3, count, small):
    for number in range(100):
        count(number, NOW + number)
    count(1000, NOW, now=NOW + 3600)
    count(1000, NOW, now=NOW + 3700)
    assert s3.page.cost_microusd == 101


def test_a_ledger_broken_off_between_archive_and_page_has_changed_nothing(s3, count, small):
    for number in range(20):
        count(number, NOW + number)
    before = s3.objects[PAGE]
    s3.refuses = {"users/": "InternalError"}
    with pytest.raises(Problem):
        count(20, NOW + 20)
    assert (s3.objects[PAGE], len(s3.archives)) == (before, 1)
    s3.refuses = {}
    count(20, NOW + 20, now=NOW + 90)
    assert len(s3.archives) == 1  # the same batches, the same name
    for number in range(21):
        count(number, NOW + number, now=NOW + 100)
    assert s3.page.cost_microusd == 21


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict"])
def test_a_page_forgets_nothing_while_its_archive_is_not_there(s3, count, small, code):
    for number in range(20):
        count(number, NOW + number)
    s3.refuses = {FOLDER: code}
    for number in range(20, 30):
        count(number, NOW + number)
    assert (len(s3.page.counted), s3.archives) == (30, [])
    s3.refuses = {}
    count(30, NOW + 30)
    assert len(s3.archives) == 1
    count(0, NOW, now=NOW + 60)
    assert s3.page.cost_microusd == 31


@pytest.mark.parametrize("body", [None, b"", b"[]"], ids=["gone", "empty", "another"])
def test_where_an_archive_cannot_be_read_what_may_be_in_it_is_not_counted(s3, count, small, log, body):
    """No sum is better than a wrong one; and all that cannot be in it is counted on."""
    for number in range(21):
        count(number, NOW + number)
    (name,) = s3.archives
    s3.objects.pop(name)
    if body is not None:
        s3.objects[name] = body
    with pytest.raises(Problem):
        count(0, NOW, now=NOW + 3600)
    assert [line["archive"] for line in log() if line["level"] == "ERROR"] == [name]
    count(21, NOW + 3600)
    assert s3.page.cost_microusd == 22
    count(22, NOW + KEPT_S + 60)  # until it is older than a batch that comes again can be
    count(23, NOW, now=NOW + KEPT_S + 60)
    assert s3.page.cost_microusd == 24


def test_a_page_of_a_release_without_archives_is_read_and_shortened(s3, count):
    old = Page("2026-11", 5000, counted=tuple(Counted(f"{number:024x}", NOW) for number in range(5000)))
    s3.objects[PAGE] = old.dump().encode()
    count(5000, NOW + 1000)
    assert (len(s3.archives), len(s3.page.counted)) == (1, 2502)
    for number in (0, 2499, 2500, 4999, 5000):
        count(number, NOW, now=NOW + 2000)
    assert s3.page.cost_microusd == 5001
