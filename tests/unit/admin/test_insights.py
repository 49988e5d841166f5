"""A query is waited for until its time is up, and not longer."""

import pytest
from botocore.exceptions import ClientError

from pennyworth.errors import Problem
from services.admin.insights import queries

GROUPS = ("/aws/lambda/a", "/aws/lambda/b")


class Logs:
    """CloudWatch Logs, whose queries take some polls; `refusals` are of StartQuery, first to last."""

    def __init__(self, *rows, polls=0, refusals=(), end="Complete"):
        self.rows, self.polls, self.refusals, self.end = rows, polls, list(refusals), end
        self.started, self.stopped, self.polled = [], [], 0

    def start_query(self, **wanted):
        self.started.append(wanted)
        if self.refusals and (code := self.refusals.pop(0)):
            raise ClientError({"Error": {"Code": code, "Message": "m"}}, "StartQuery")
        return {"queryId": f"q{len(self.started)}"}

    def get_query_results(self, queryId):  # noqa: N803 -- AWS's name
        self.polled += 1
        done = self.polled > self.polls
        rows = [[{"field": name, "value": value} for name, value in row.items()] for row in self.rows]
        told = {"statistics": {"bytesScanned": 10.0 * self.polled}} if self.polled > 1 else {}
        return {"status": self.end if done else "Running", "results": rows if done else [], **told}

    def stop_query(self, queryId):  # noqa: N803
        self.stopped.append(queryId)
        return {"success": True}


class Clock:
    def __init__(self):
        self.now = 1000.0

    def __call__(self):
        return self.now

    def sleep(self, seconds):
        self.now += seconds


def insights(logs):
    clock = Clock()
    return queries(logs, GROUPS, clock=clock, sleep=clock.sleep, now=clock)


def test_rows_are_fields_by_name_when_the_query_is_complete():
    logs = Logs({"a": "1"}, {"a": "2", "b": "x"}, polls=3)
    assert insights(logs).rows("fields a", 5, 9) == [{"a": "1"}, {"a": "2", "b": "x"}]
    assert logs.started == [
        {"logGroupNames": list(GROUPS), "startTime": 5, "endTime": 9, "queryString": "fields a", "limit": 10_000}
    ]
    assert (logs.polled, logs.stopped) == (4, [])


def test_how_much_was_looked_through_is_told_as_it_is_known():
    told = []
    insights(Logs(polls=2)).rows("fields a", 5, 9, scanned=told.append)
    assert told == [0, 20, 30]
    with pytest.raises(Problem):
        insights(Logs(polls=1, end="Failed")).rows("fields a", 5, 9, scanned=told.append)
    assert told[3:] == [0, 20]


def test_a_query_that_takes_too_long_is_stopped_and_says_what_helps():
    logs = Logs(polls=10**6)
    with pytest.raises(Problem, match=r"within 20 s.*start_time") as raised:
        insights(logs).rows("fields a", 5, 9)
    assert (raised.value.status, raised.value.code, logs.stopped) == (504, "query_timeout", ["q1"])
    assert raised.value.headers == {"x-should-retry": "false"}
    assert logs.polled < 40


def test_a_query_whose_rows_nobody_waits_for_any_more_is_stopped():
    logs = Logs(polls=10**6)

    def no_time_left(_scanned):
        raise TimeoutError

    with pytest.raises(TimeoutError):
        insights(logs).rows("fields a", 5, 9, scanned=no_time_left)
    assert logs.stopped == ["q1"]


@pytest.mark.parametrize("end", ["Failed", "Timeout", "Cancelled", "Unknown"])
def test_a_query_that_ends_otherwise_may_be_tried_again(end):
    with pytest.raises(Problem) as raised:
        insights(Logs(end=end)).rows("fields a", 5, 9)
    assert (raised.value.status, raised.value.retry_after_s) == (503, 2)


def test_a_time_before_all_logs_has_no_rows():
    logs = Logs({"a": "1"}, refusals=["MalformedQueryException", None])
    assert insights(logs).rows("fields a", 5, 9) == []
    assert [each["queryString"] for each in logs.started] == ["fields a"] * 2
    assert (logs.started[1]["startTime"], logs.started[1]["endTime"]) == (940, 1000)


def test_the_query_that_tells_a_time_before_all_logs_is_stopped_and_counts():
    """Whoever asks for such a time again and again would look through the log unbounded."""
    told, logs = [], Logs(refusals=["MalformedQueryException", None])
    logs.polled = 1
    assert insights(logs).rows("fields a", 5, 9, scanned=told.append) == []
    assert (logs.stopped, told) == (["q2"], [20])


def test_a_malformed_query_is_our_fault(log):
    with pytest.raises(Problem) as raised:
        insights(Logs(refusals=["MalformedQueryException"] * 2)).rows("nonsense", 5, 9)
    assert raised.value.code == "internal_error"
    assert [(line["operation"], line["aws_code"]) for line in log()] == [("StartQuery", "MalformedQueryException")]


def test_too_many_queries_at_once_are_a_429():
    with pytest.raises(Problem) as raised:
        insights(Logs(refusals=["LimitExceededException"])).rows("fields a", 5, 9)
    assert (raised.value.status, raised.value.retry_after_s) == (429, 2)
