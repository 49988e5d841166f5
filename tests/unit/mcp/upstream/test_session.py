"""What was agreed on with a server, and for how long."""

from collections.abc import Mapping
from typing import Any

import pytest

from services.mcp.upstream.channel import SESSION, Message, Reply
from services.mcp.upstream.faults import BadStatus, Unreachable
from services.mcp.upstream.session import Session

DISCOVERY = {"supportedVersions": ["2026-07-28"], "resultType": "complete", "cacheScope": "public"}
PROMPTS = {"prompts": [{"name": "new"}], "ttlMs": 0, "resultType": "complete", "cacheScope": "private"}


class Server:
    """A channel to a server of either era, whose capabilities may change."""

    def __init__(self, *, modern: bool, ttl_ms: object = None) -> None:
        self.modern, self.ttl_ms = modern, ttl_ms
        self.capabilities: dict[str, Any] = {"tools": {}}
        self.asked: list[str] = []
        self.ended: list[str] = []
        self.fault: Unreachable | None = None

    def post(self, message: Message, headers: Mapping[str, str], deadline: float) -> Reply:
        method = str(message["method"])
        self.asked.append(method)
        if self.fault:
            raise self.fault
        if method == "server/discover" and not self.modern:
            raise BadStatus(400)
        if method == "initialize":
            session = {SESSION: f"session-{self.asked.count(method)}"}
            result = {"protocolVersion": "2025-11-25", "capabilities": dict(self.capabilities), "serverInfo": {}}
            return Reply(session, iter(({"id": message["id"], "result": result},)))
        if method == "server/discover":
            said = {} if self.ttl_ms is None else {"ttlMs": self.ttl_ms}
            result = {**DISCOVERY, **said, "capabilities": dict(self.capabilities)}
            return Reply({}, iter(({"id": message["id"], "result": result},)))
        return Reply({}, iter(({"id": message["id"], "result": PROMPTS},) if "id" in message else ()))

    def end(self, headers: Mapping[str, str], deadline: float) -> None:
        self.ended.append(headers[SESSION])

    def shows(self, text: str) -> bool:
        return False

    def close(self) -> None: ...


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.mark.parametrize(
    ("ttl_ms", "life_s"),
    [(None, 3600), (0, 300), (600_000, 600), (10**400, 3600), (-1, 3600), (1.5, 3600), ("1", 3600)],
)
def test_what_a_server_has_is_asked_for_anew_when_it_said(ttl_ms: object, life_s: float) -> None:
    clock, server = Clock(), Server(modern=True, ttl_ms=ttl_ms)
    session = Session(server, {}, 10_000, clock=clock)
    assert not session.listed("prompts", 0).items
    server.capabilities["prompts"] = {}
    clock.now += life_s - 1
    assert not session.listed("prompts", 0).items
    clock.now += 1
    assert [item["name"] for item in session.listed("prompts", 0).items] == ["new"]
    assert server.asked == ["server/discover", "server/discover", "prompts/list"]


def test_a_session_of_a_handshake_revision_is_left_for_the_new_one() -> None:
    clock, server = Clock(), Server(modern=False)
    session = Session(server, {}, 10_000, clock=clock)
    assert not session.listed("prompts", 0).items
    server.capabilities["prompts"] = {}
    clock.now += 3600
    assert session.listed("prompts", 0).items
    assert server.ended == ["session-1"]


def test_a_server_that_learned_another_revision_is_found_out() -> None:
    clock, server = Clock(), Server(modern=False)
    session = Session(server, {}, 10_000, clock=clock)
    session.listed("prompts", 0)
    server.modern, server.capabilities["prompts"] = True, {}
    clock.now += 3600
    assert session.listed("prompts", 0).items
    assert server.asked[-2:] == ["server/discover", "prompts/list"]


def test_while_it_does_not_answer_what_was_agreed_on_stays() -> None:
    clock, server = Clock(), Server(modern=True)
    session = Session(server, {}, 10_000, clock=clock)
    assert not session.listed("prompts", 0).items
    clock.now += 3600
    server.fault = Unreachable("is gone")
    with pytest.raises(Unreachable, match="is gone"):
        session.listed("prompts", 0)
    server.fault = None
    server.capabilities["prompts"] = {}
    assert session.listed("prompts", 0).items
