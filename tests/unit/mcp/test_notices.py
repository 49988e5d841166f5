"""Notifications before an answer: only those the client asked for, on that answer's own stream."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.mcp.endpoint import Answer, answer
from services.mcp.eras import LOG_LEVEL_KEY
from services.mcp.notices import LOG_LEVELS, MAX_BYTES, MAX_NOTICES, Notices
from services.mcp.source import Asked
from tests.mcp_posts import META, handshake, modern
from tests.mcp_sources import Shelf, server, text, tool


def progress(value: Any, **members: Any) -> dict[str, Any]:
    return {"method": "notifications/progress", "params": {"progress": value, **members}}


def log(level: Any = "info", **members: Any) -> dict[str, Any]:
    return {"method": "notifications/message", "params": {"level": level, "data": "said", **members}}


def talkative(*said: Mapping[str, Any]) -> Shelf:
    def speak(_name: str, _params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
        for notification in said:
            asked.progress(notification)
        return text("done")

    return Shelf(has={"tools": [tool("talk")]}, answers={"talk": speak})


def called(has: Shelf, meta: Mapping[str, Any], accept: str = "application/json, text/event-stream") -> Answer:
    params = {"name": "shelf_talk"}
    return answer(modern("tools/call", params, {"Accept": accept}, {**META, **meta}), server(has))


def test_progress_goes_out_under_the_clients_token() -> None:
    has = talkative(progress(0, total=100, progressToken="theirs"), progress(50, message="half way"))

    found = called(has, {"progressToken": "mine"})

    assert found.notices == [
        {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progress": 0, "total": 100, "progressToken": "mine"},
        },
        {
            "jsonrpc": "2.0",
            "method": "notifications/progress",
            "params": {"progress": 50, "message": "half way", "progressToken": "mine"},
        },
    ]
    assert found.body is not None
    assert "result" in found.body


def test_no_progress_without_a_token_and_no_logs_without_a_level() -> None:
    assert not called(talkative(progress(1), log("emergency")), {}).notices


def test_a_token_of_zero_is_one() -> None:
    assert len(called(talkative(progress(1)), {"progressToken": 0}).notices) == 1


@pytest.mark.parametrize("bad", [None, "1", True, [], progress])
def test_progress_that_is_no_number_is_dropped(bad: Any) -> None:
    assert not called(talkative(progress(bad)), {"progressToken": "t"}).notices


def test_progress_that_does_not_grow_is_dropped() -> None:
    has = talkative(*map(progress, (1, 1, 0.5, 2, 1.5, 3)))

    values = [notice["params"]["progress"] for notice in called(has, {"progressToken": "t"}).notices]

    assert values == [1, 2, 3]


@pytest.mark.parametrize("level", LOG_LEVELS)
def test_logs_go_out_from_the_level_that_was_asked_for(level: str) -> None:
    found = called(talkative(*map(log, LOG_LEVELS)), {LOG_LEVEL_KEY: level})

    levels = [notice["params"]["level"] for notice in found.notices]
    assert levels == list(LOG_LEVELS[LOG_LEVELS.index(level) :])


@pytest.mark.parametrize(
    "bad", [log("loud"), log([]), {"method": "notifications/message", "params": {"level": "info"}}]
)
def test_logs_that_are_none_are_dropped(bad: Mapping[str, Any]) -> None:
    assert not called(talkative(bad), {LOG_LEVEL_KEY: "debug"}).notices


@pytest.mark.parametrize(
    "other",
    [
        {"method": "notifications/tools/list_changed"},
        {"method": "sampling/createMessage", "id": 1, "params": {"messages": []}},
        {"params": {"progress": 1}},
        {"method": "notifications/progress", "params": []},
        {"method": "notifications/cancelled", "params": {"requestId": 1}},
    ],
)
def test_nothing_else_goes_out(other: Mapping[str, Any]) -> None:
    assert not called(talkative(other), {"progressToken": "t", LOG_LEVEL_KEY: "debug"}).notices


@pytest.mark.parametrize("accept", ["application/json", "*/*", "application/json, text/html"])
def test_a_client_that_reads_no_events_gets_the_answer_alone(accept: str) -> None:
    found = called(talkative(progress(1)), {"progressToken": "t"}, accept)

    assert not found.notices
    assert found.body is not None
    assert "result" in found.body


def test_an_old_client_hears_logs_but_not_those_for_debugging() -> None:
    has = talkative(log("debug"), log("info"), log("error"))

    found = answer(handshake("tools/call", {"name": "shelf_talk"}), server(has))

    assert [notice["params"]["level"] for notice in found.notices] == ["info", "error"]


def test_what_is_kept_has_bounds() -> None:
    many, large = Notices("t", None), Notices("t", None)
    for number in range(MAX_NOTICES + 10):
        many.take(progress(number))
    for number in range(10):
        large.take(progress(number, message="x" * (MAX_BYTES // 4)))

    assert len(many.frames) == MAX_NOTICES
    assert len(large.frames) == 3
