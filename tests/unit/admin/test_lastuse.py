"""One search of the log for everybody, however many ask, in however many processes."""

import io

import pytest
from botocore.exceptions import ClientError

from services.admin.insights import queries
from services.admin.lastuse import LastUse
from services.admin.objects import Objects
from services.admin.sightings import LOOKED_BACK_S, OVERLAP_S
from tests.unit.admin.test_insights import GROUPS, Clock, Logs

ROWS = ({"key_id": "key_a", "used_ms": "1.7E12"}, {"key_id": "key_b", "used_ms": "1700000001999"}, {"used_ms": "1"})
NOW = 1_700_000_100.0


class S3:
    """One object, and how often it was asked for; `down` refuses all."""

    def __init__(self):
        self.body, self.version, self.reads, self.writes, self.down = None, 0, 0, 0, False

    def get_object(self, **_):
        self.reads += 1
        self._answer("GetObject", "AccessDenied" if self.body is None else "")
        return {"Body": io.BytesIO(self.body), "ETag": f'"{self.version}"'}

    def put_object(self, **asked):
        self.writes += 1
        there = f'"{self.version}"' if self.body is not None else None
        moved = asked.get("IfMatch") != there or (asked.get("IfNoneMatch") and there)
        self._answer("PutObject", "PreconditionFailed" if moved else "")
        self.body, self.version = asked["Body"], self.version + 1
        return {"ETag": f'"{self.version}"'}

    def _answer(self, operation, code):
        if self.down or code:
            raise ClientError({"Error": {"Code": "SlowDown" if self.down else code}}, operation)


@pytest.fixture
def clock():
    clock = Clock()
    clock.now = NOW
    return clock


@pytest.fixture
def s3():
    return S3()


@pytest.fixture
def process(clock, s3):
    """A process of the function, asking these logs."""
    return lambda logs: LastUse(
        queries(logs, GROUPS, clock=clock, sleep=clock.sleep, now=clock), Objects(s3, "bucket"), clock
    )


def spans(logs):
    return [(each["startTime"], each["endTime"]) for each in logs.started]


def test_all_keys_of_a_list_are_one_query(process):
    logs = Logs(*ROWS)
    uses = process(logs)
    assert uses.of(["key_a", "key_b", "key_c"]) == {"key_a": 1_700_000_000, "key_b": 1_700_000_001, "key_c": None}
    assert spans(logs) == [(NOW - LOOKED_BACK_S, NOW)]


def test_no_keys_are_no_query(process, s3):
    logs = Logs(*ROWS)
    assert process(logs).of([]) == {}
    assert (logs.started, s3.reads) == ([], 0)


def test_who_lists_all_day_searches_the_log_once_a_minute_and_each_line_three_times(process, clock):
    """The attack: in many processes, for keys of one's own that are new each time."""
    logs = Logs(*ROWS)
    processes = [process(logs) for _ in range(5)]
    for number in range(600):
        processes[number % 5].of([f"key_{number}"])
        clock.sleep(1)
    assert len(logs.started) == 10
    first, *others = spans(logs)
    assert first[1] - first[0] == LOOKED_BACK_S
    assert all(end - start <= 60 + OVERLAP_S for start, end in others)


def test_what_one_process_found_the_others_show(process, clock, s3):
    logs = Logs(*ROWS)
    process(logs).of(["key_a"])
    other = process(logs)
    assert other.of(["key_b"]) == {"key_b": 1_700_000_001}
    reads = s3.reads
    assert other.of(["key_a"]) == {"key_a": 1_700_000_000}
    assert (len(logs.started), s3.reads) == (1, reads)  # kept in the process, too
    clock.sleep(61)
    logs.rows = ({"key_id": "key_a", "used_ms": "1700000150000"},)
    assert other.of(["key_a", "key_b"]) == {"key_a": 1_700_000_150, "key_b": 1_700_000_001}


def test_of_two_at_once_one_asks(process, s3):
    """The other shows what was known before."""
    logs = Logs(*ROWS)
    second = process(logs)

    class Overtaken(S3):
        """The object, changed by another process just before each first write."""

        def put_object(self, **asked):
            process(logs).of(["key_a"])
            return s3.put_object(**asked)

    slow = LastUse(second._insights, Objects(Overtaken(), "bucket"), second._clock)
    assert slow.of(["key_a"]) == {"key_a": None}
    assert len(logs.started) == 1


@pytest.mark.parametrize(
    "logs",
    [
        Logs(polls=10**6),
        Logs(refusals=["LimitExceededException"]),
        Logs(refusals=["ServiceUnavailableException"]),
        Logs(refusals=["AccessDeniedException"]),
        Logs(end="Failed"),
    ],
    ids=["slow", "too many", "down", "denied", "failed"],
)
def test_a_list_of_keys_never_fails_waits_three_seconds_at_most_and_asks_again_in_a_minute(logs, process, clock):
    uses = process(logs)
    assert uses.of(["key_a"]) == {"key_a": None}
    assert clock() - NOW <= 3
    logs.refusals, logs.polls, logs.end, logs.rows = [], 0, "Complete", ROWS
    assert uses.of(["key_a"]) == {"key_a": None}
    assert len(logs.started) == 1  # one that failed was billed, too
    clock.sleep(60)
    assert uses.of(["key_a"]) == {"key_a": 1_700_000_000}


def test_a_search_that_takes_too_long_is_half_as_long_next_time_in_any_process(process, clock):
    logs = Logs(polls=10**6)
    for _ in range(3):
        process(logs).of(["key_a"])
        clock.sleep(60)
    lengths = [end - start for start, end in spans(logs)]
    assert lengths == [LOOKED_BACK_S, LOOKED_BACK_S // 2, LOOKED_BACK_S // 4]


def test_where_the_bucket_does_not_answer_the_log_is_not_asked(process, clock, s3):
    """Nothing would bound how often."""
    logs = Logs(*ROWS)
    uses = process(logs)
    s3.down = True
    assert uses.of(["key_a"]) == {"key_a": None}
    assert uses.of(["key_a"]) == {"key_a": None}
    assert (logs.started, s3.reads) == ([], 1)
    s3.down = False
    clock.sleep(60)
    assert uses.of(["key_a"]) == {"key_a": 1_700_000_000}


def test_a_body_that_breaks_off_is_no_failure_either(process, s3, monkeypatch):
    from botocore.exceptions import IncompleteReadError

    logs = Logs(*ROWS)
    process(logs).of(["key_a"])

    class Broken:
        def read(self):
            raise IncompleteReadError(actual_bytes=1, expected_bytes=2)

    monkeypatch.setattr(s3, "get_object", lambda **_: {"Body": Broken(), "ETag": '"1"'})
    assert process(logs).of(["key_a"]) == {"key_a": None}
    assert len(logs.started) == 1
