"""What one person's questions may look through of the log."""

from types import SimpleNamespace

import pytest

from pennyworth.allowance import AT_ONCE, Allowance, Questions
from pennyworth.errors import Problem

NOW = 1_795_000_000.5
MOST = 10 * 10**9
NAME = "ledger/questions/u.json"


class Bucket(dict):
    """Objects with versions; `moved` writes are refused."""

    moved = 0

    def read(self, name):
        return SimpleNamespace(body=self[name].encode(), version=self[name]) if name in self else None

    def write(self, name, text, over):
        if self.moved or over != self.get(name, ""):
            self.moved -= 1
            return None
        self[name] = text
        return text

    @property
    def kept(self):
        return Allowance.parse(self[NAME].encode())


class Log:
    """Insights, of which each question looks through so many bytes; `meanwhile` happens while it does."""

    def __init__(self, scans, fails=None, meanwhile=lambda: None):
        self.scans, self.fails, self.meanwhile, self.asked = scans, fails, meanwhile, 0

    def rows(self, *_, scanned, **__):
        self.asked += 1
        scanned(1)
        scanned(self.scans)
        self.meanwhile()
        if self.fails:
            raise self.fails
        return [{"a": "1"}]


@pytest.fixture
def bucket():
    return Bucket()


def ask(log, bucket, now=NOW):
    return Questions(log, bucket, "u", MOST, lambda: now).rows("fields a", 5, 9, within_s=1)


def refused(log, bucket, now=NOW):
    with pytest.raises(Problem) as raised:
        ask(log, bucket, now)
    return raised.value


def test_questions_are_answered_until_they_have_looked_through_a_days_bytes(bucket):
    """The bound of docs/usage.md: whoever asks in a loop pays for so much, and for the last question."""
    log = Log(3 * 10**9)
    for _ in range(4):
        assert ask(log, bucket) == [{"a": "1"}]
    problem = refused(log, bucket)
    assert (log.asked, bucket.kept.scanned) == (4, 12 * 10**9)
    assert (problem.status, problem.code) == (429, "query_limit_exceeded")
    assert "10 GB" in problem.message
    assert 0 < int(problem.headers["retry-after"]) <= 86_400
    midnight = int(NOW) + problem.retry_after_s
    assert refused(log, bucket, midnight - 1).code == "query_limit_exceeded"
    assert ask(log, bucket, midnight)
    assert bucket.kept.scanned == 3 * 10**9


def test_another_person_has_an_allowance_of_their_own(bucket):
    bucket[NAME] = Allowance("2026-11-18", MOST).dump()
    assert refused(Log(1), bucket)
    assert Questions(Log(1), bucket, "v", MOST, lambda: NOW).rows("fields a", 5, 9)


def test_so_many_are_under_way_at_once_and_no_more(bucket):
    found = []

    def another():
        found.append(ask(Log(1, meanwhile=another), bucket) if len(found) < 10 else None)

    problem = refused(Log(1, meanwhile=another), bucket)
    assert (problem.status, problem.code, problem.retry_after_s) == (429, "rate_limit_exceeded", 2)
    assert bucket.kept == Allowance("2026-11-18", AT_ONCE)  # each ended, and is counted
    assert ask(Log(1), bucket)


def test_one_that_never_ended_is_under_way_for_a_minute(bucket):
    bucket[NAME] = Allowance("2026-11-18", 0, (int(NOW),) * AT_ONCE).dump()
    assert refused(Log(1), bucket).code == "rate_limit_exceeded"
    assert ask(Log(1), bucket, NOW + 60)


@pytest.mark.parametrize("ahead", [1, 30])
def test_whoever_began_before_those_under_way_finds_them_under_way(bucket, ahead):
    """One that looked at its clock and then came late to the object, or whose clock is behind."""
    bucket[NAME] = Allowance("2026-11-18", 0, (int(NOW) + ahead,) * AT_ONCE).dump()
    assert refused(Log(1), bucket).code == "rate_limit_exceeded"
    assert ask(Log(1), bucket, NOW + ahead + 60)


def test_those_under_way_at_midnight_still_are_after_it(bucket):
    midnight = int(NOW) // 86_400 * 86_400 + 86_400
    bucket[NAME] = Allowance("2026-11-18", MOST, (midnight - 1,) * AT_ONCE).dump()
    assert refused(Log(1), bucket, midnight).code == "rate_limit_exceeded"
    assert ask(Log(1), bucket, midnight + 59)
    assert bucket.kept.scanned == 1


def test_a_question_that_fails_has_looked_through_the_log_as_well(bucket):
    assert refused(Log(7, fails=Problem("query_timeout", limit="20 s")), bucket).code == "query_timeout"
    assert bucket.kept == Allowance("2026-11-18", 7)


def test_others_that_write_meanwhile_are_waited_for_and_not_for_ever(bucket):
    bucket.moved = 3
    assert ask(Log(1), bucket)
    bucket.moved = 99
    log = Log(1)
    assert refused(log, bucket).code == "rate_limit_exceeded"
    assert log.asked == 0


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"day": "2026-11-18", "scanned": "x", "under_way": []}'])
def test_what_is_no_allowance_is_a_new_one(bucket, text):
    bucket[NAME] = text or " "
    assert ask(Log(5), bucket)
    assert bucket.kept.scanned == 5
