"""A line of the log as OpenAI's record, and a place in the log as its id."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.admin.organization import AuditLogListResponse

from pennyworth.errors import Problem
from services.admin.auditlog import parse, shown
from services.admin.organization.audit_logs import listing
from services.admin.trail import Cursor, Record, Trail

NOW = 1_800_000_000
LINE = {"message": "audit", "level": "INFO", "actor": "a", "target": "t", "source_ip": "192.0.2.7", "request_id": "r"}


def read(**line):
    record = shown(Record(Cursor(NOW * 1000 + 7, "12"), LINE | line), "ada@example.com")
    return AuditLogListResponse.model_validate(record, strict=True), record


@given(at=st.integers(0, 2**45), event=st.from_regex("[0-9]{1,60}", fullmatch=True))
def test_an_id_tells_its_place(at, event):
    cursor = Cursor(at, event)
    assert Cursor.parse(str(cursor)) == cursor


def test_a_rotation_is_an_update_that_says_so():
    record, raw = read(action="api_key.rotated", key_id="key_1", overlap_s=60)
    assert (record.type, record.api_key_updated.id) == ("api_key.updated", "key_1")
    assert raw["api_key.updated"]["changes_requested"] == {"overlap_s": 60, "rotated": True}
    assert raw["api_key.updated"]["user_id"] == "t"


def test_what_the_logger_adds_is_no_detail():
    _, raw = read(action="user.added", groups=["g"], xray_trace_id="1-2", location="x:1", timestamp="2027", service="s")
    assert raw["user.added"] == {"id": "t", "data": {"groups": ["g"]}}


class Log:
    """FilterLogEvents over events in memory, in pages of a size."""

    def __init__(self, events, size):
        self.events, self.size, self.calls = events, size, 0

    def filter_log_events(self, *, startTime, endTime, startFromHead, nextToken="0", **_):  # noqa: N803 -- AWS's names
        self.calls += 1
        found = [each for each in self.events if startTime <= each["timestamp"] <= endTime]
        found = found if startFromHead else found[::-1]
        first = int(nextToken)
        more = {"nextToken": str(first + self.size)} if first + self.size < len(found) else {}
        return {"events": found[first : first + self.size], **more}


def log(times, size=3):
    return Log(
        [
            {"timestamp": at, "eventId": str(n), "message": json.dumps(LINE | {"action": "user.deleted"})}
            for n, at in enumerate(sorted(times))
        ],
        size,
    )


class Nobody:
    def find(self, username):
        return None


@given(
    offsets=st.lists(st.integers(0, 5), max_size=12), limit=st.integers(1, 5), size=st.integers(1, 4)
)  # many within the same millisecond
def test_paging_shows_every_record_once_newest_first(offsets, limit, size):
    made = log([NOW * 1000 - 10 + each for each in offsets], size)
    seen, query = [], {"limit": [str(limit)]}
    while True:
        page = listing(Trail(made, "group"), Nobody(), parse(query, NOW))
        seen += [record["id"] for record in page["data"]]
        if not page["has_more"]:
            break
        query["after"] = [page["last_id"]]
    expected = [str(Cursor(each["timestamp"], each["eventId"])) for each in made.events]
    assert seen == expected[::-1]


def test_a_log_that_takes_too_long_is_given_up_with_a_remedy():
    readings = iter(range(0, 1000, 15))
    made = log([NOW * 1000 - each for each in range(1, 30)], size=1)
    with pytest.raises(Problem, match="Ask for less time"):
        list(Trail(made, "group", clock=lambda: next(readings)).newest_first(0, NOW * 1000))
    assert made.calls == 2


def test_nothing_before_2024_is_asked_for():
    made = log([NOW * 1000])
    assert len(list(Trail(made, "group").newest_first(0, NOW * 1000))) == 1
    assert not list(Trail(made, "group").newest_first(0, 1000))
    assert made.calls == 1
