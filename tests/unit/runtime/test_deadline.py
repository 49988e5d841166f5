"""The alarm before the last one: what a function makes of the end of its time."""

import json
import time
from math import inf

import pytest

from pennyworth.runtime import deadline
from pennyworth.runtime.deadline import Alarm, TimeIsUp, each_in_time, ends_at, in_time

LISTENING = """
    import contextlib, json, socket, time
    from pennyworth.runtime.deadline import TimeIsUp, each_in_time, ends_at, in_time
    def wait():
        silent = socket.create_server(("127.0.0.1", 0))
        with silent:
            silent.accept()  # for ever
    def items(event):
        yield "first "
        if event == "busy":
            while True:
                yield ""
        wait()
    def chunks(event):
        try:
            yield from each_in_time(items(event))
        except TimeIsUp:
            yield "and last"
        if event == "twice":
            try:
                yield from each_in_time(iter(["too late"]))
            except TimeIsUp:
                yield ", at once"
        if event == "deaf":
            wait()
    def handler(event, context):
        if event == "fine":
            return {"statusCode": 200, "body": "fine"}
        if event == "left":
            return {"statusCode": 200, "body": str(ends_at() - time.monotonic())}
        if event == "handler":
            try:
                with in_time():
                    wait()
            except TimeIsUp:
                return {"statusCode": 504, "body": "late"}
        return {"statusCode": 200, "body": chunks(event)}
"""
TIME_S = 2  # a quarter of it is for the end


@pytest.mark.parametrize(
    ("event", "body"),
    [("silent", b"first and last"), ("busy", b"first and last"), ("twice", b"first and last, at once")],
)
def test_a_stream_whose_time_is_up_ends_as_it_likes(platform, start, event, body):
    function = start(LISTENING)
    platform.call("fine")
    post = platform.call(event, time_s=TIME_S)
    assert (post.body, post.trailers) == (body, {})
    assert platform.call("fine").body == b"fine"
    assert function.output() == ""


def test_a_handler_whose_time_is_up_may_still_choose_a_status(platform, start):
    start(LISTENING)
    platform.call("fine")
    post = platform.call("handler", time_s=TIME_S)
    assert (post.prelude["statusCode"], post.body) == (504, b"late")
    assert platform.call("fine").body == b"fine"


def test_an_end_that_takes_too_long_is_ended_by_the_last_alarm(platform, start):
    function = start(LISTENING)
    platform.call("fine")
    post = platform.call("deaf", time_s=TIME_S)
    assert post.body == b"first and last"
    assert post.trailers["lambda-runtime-function-error-type"] == "Runtime.DeadlineExceeded"
    assert platform.call("fine").body == b"fine"
    assert json.loads(function.output().splitlines()[0])["error"] == "Runtime.DeadlineExceeded"


def test_a_function_knows_when_it_must_end(platform, start):
    start(LISTENING)
    assert 894 < float(platform.call("left", time_s=900).body) < 896
    assert 23 < float(platform.call("left", time_s=29).body) < 25
    assert float(platform.call("left", time_s=4).body) < 3.2


def test_without_an_alarm_no_end_is_in_sight():
    assert ends_at() == inf
    with in_time():
        assert list(each_in_time(iter("ab"))) == ["a", "b"]


@pytest.fixture
def up(monkeypatch):
    """The alarm rang a moment ago, while nobody listened."""
    monkeypatch.setattr(deadline._Invocation, "up", True)


def test_once_the_time_is_up_no_wait_begins(up):
    asked = []
    with pytest.raises(TimeIsUp):
        list(each_in_time(asked.append(item) or item for item in "ab"))
    with pytest.raises(TimeIsUp), in_time():
        asked.append("c")
    assert asked == []
    assert not deadline._Invocation.listening


def test_a_block_within_another_leaves_it_listening():
    with in_time():
        with in_time():
            pass
        assert deadline._Invocation.listening
    assert not deadline._Invocation.listening


def test_the_end_of_the_time_is_no_failure_that_a_handler_could_swallow():
    assert not issubclass(TimeIsUp, Exception)


def test_an_alarm_that_is_put_off_leaves_nothing_behind():
    alarm = Alarm()
    alarm.arm(int((time.time() + 60) * 1000))
    assert ends_at() < time.monotonic() + 60
    alarm.disarm()
    assert ends_at() == inf
