"""make run with servers that are each broken in another way, all at once, beside one that is well."""

import json
import socket
import time
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from tests.mcp_upstreams import Exchange, Respond, Scripted, modern, said, scripted, tool

TIMEOUT_S = 2  # of each server's answers
LIST_S = 12  # all lists side by side, TIMEOUT_S each; the rest is for a machine with much to do
MENDED_S = 90  # until a server that was left alone for half a minute has been asked again
MB = 1024 * 1024


def gone(exchange: Exchange) -> None:
    exchange.handler.connection.shutdown(socket.SHUT_RDWR)
    exchange.handler.close_connection = True


def silent(exchange: Exchange) -> None:
    time.sleep(4 * TIMEOUT_S)
    exchange.handler.close_connection = True


def drips(exchange: Exchange) -> None:
    exchange.answer(200, b"", content_length="1000000")
    for _ in range(60):
        exchange.handler.wfile.write(b" ")
        time.sleep(1)


def endless(exchange: Exchange) -> None:
    exchange.answer(200, b"", content_type="text/event-stream", content_length="1000000000")
    for _ in range(600):
        exchange.handler.wfile.write(b": still here\n\n")
        time.sleep(0.1)


def huge(exchange: Exchange) -> None:
    exchange.answer(200, b'"', content_length=str(50 * MB))
    for _ in range(50):
        exchange.handler.wfile.write(b"x" * MB)


def forgetful(exchange: Exchange) -> None:
    """It opens sessions of a handshake revision, and has forgotten each by the next request."""
    if exchange.body and exchange.message.get("method") == "initialize":
        within(exchange)
    else:
        exchange.answer(404)


def within(exchange: Exchange) -> None:
    """A server of a handshake revision, in sessions."""
    method = exchange.message.get("method") if exchange.body else ""
    if method == "initialize":
        result = {"protocolVersion": "2025-06-18", "capabilities": {"tools": {}}, "serverInfo": {}}
        exchange.result(result, mcp_session_id=f"s{time.monotonic_ns()}")
    elif method == "tools/list":
        exchange.result({"tools": [tool()]})
    elif method == "tools/call":
        exchange.result(said("well"))
    else:
        exchange.answer(202)


WELL = modern(tool(), call=lambda exchange: exchange.result(said("well")))
# By server: how it is broken, and what a call of its tool says then.
BROKEN: dict[str, tuple[Respond, str]] = {
    "deep": (lambda exchange: exchange.answer(200, b"[" * 10_000), "answered with JSON nested deeper than 64 levels"),
    "drips": (drips, "did not answer in time"),
    "endless": (endless, "did not answer in time"),
    "fails": (lambda exchange: exchange.answer(500), "answered with the status 500"),
    "forgetful": (forgetful, "answered with the status 404"),
    "garbage": (lambda exchange: exchange.answer(200, b"<html>"), "answered with something that is not JSON"),
    "gone": (gone, "cannot be reached"),
    "huge": (huge, "answered with more than the 1024 KB allowed"),
    "moved": (lambda exchange: exchange.answer(302, location="http://127.0.0.1:1/"), "answered with a redirect"),
    "silent": (silent, "did not answer in time"),
    "strange": (lambda exchange: exchange.answer(401), "does not accept the gateway's credentials"),
}


def misnamed(exchange: Exchange) -> None:
    """It answers under another id than it was asked by: there is one request to a POST, and no other it could mean."""
    before = exchange.body
    exchange.body = json.dumps({**exchange.message, "id": "another"}).encode()
    WELL(exchange)
    exchange.body = before


def answers_well(name: str) -> Respond:
    return within if name == "forgetful" else WELL


@dataclass
class World:
    gateway: Any
    servers: dict[str, Scripted]
    first: tuple[set[str], float]  # what the first list had, all of them broken, and the seconds it took

    def ask(self, method: str, **params: Any) -> Any:
        headers = {"authorization": f"Bearer {self.gateway.api_key}", "mcp-protocol-version": "2025-11-25"}
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params}
        with httpx.Client(timeout=40, trust_env=False) as http:
            return http.post(self.gateway.mcp_url, json=body, headers=headers).raise_for_status().json()["result"]

    def listed(self) -> set[str]:
        """The servers whose tool is in the list."""
        names = {one["name"] for one in self.ask("tools/list")["tools"]}
        return {name.removesuffix("_echo") for name in names if name.endswith("_echo")}

    def call(self, name: str) -> tuple[bool, str]:
        result = self.ask("tools/call", name=f"{name}_echo", arguments={})
        return result["isError"], result["content"][0]["text"]

    def mend(self) -> None:
        for name, server in self.servers.items():
            server.respond = answers_well(name)
        deadline = time.monotonic() + MENDED_S
        while (found := self.listed()) != {*BROKEN, "well", "misnamed"}:
            assert time.monotonic() < deadline, {*BROKEN} - found
            time.sleep(0.5)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    from tests.e2e.conftest import started

    with ExitStack() as stack:
        servers = {name: stack.enter_context(scripted(respond)) for name, (respond, _) in BROKEN.items()}
        well, wrong = stack.enter_context(scripted(WELL)), stack.enter_context(scripted(misnamed))
        rows = {name: {"url": server.url} for name, server in [*servers.items(), ("well", well), ("misnamed", wrong)]}
        said_of_all = {"type": "http", "private": True, "timeout_s": TIMEOUT_S}
        declared = {name: {**said_of_all, **row} for name, row in rows.items()}
        folder = tmp_path_factory.mktemp("trouble")
        gateway = stack.enter_context(started(folder, MCP_SERVERS=json.dumps(declared)))
        made = World(gateway, servers, (set(), 0))
        made.ask("ping")  # the function's own start is no part of the time
        began = time.monotonic()
        made.first = (made.listed(), time.monotonic() - began)
        yield made


def test_a_first_list_has_what_is_well_within_its_time(world):
    found, seconds = world.first
    assert found == {"well", "misnamed"}
    assert seconds < LIST_S
    began = time.monotonic()
    assert world.call("well") == (False, "well")  # nobody else is asked for it
    assert time.monotonic() - began < 2 * TIMEOUT_S
    for name in BROKEN:
        failed, text = world.call(name)
        assert (failed, f"'{name}'" in text) == (True, True), text


def test_each_comes_back_by_itself_and_its_calls_say_what_is_wrong_when_it_breaks_again(world):
    """Left alone after three failures, a server is asked again half a minute later, by one call."""
    world.mend()
    for name in ("well", "misnamed", *BROKEN):
        assert world.call(name) == (False, "well"), name
    for name, (respond, why) in BROKEN.items():
        world.servers[name].respond = respond
        began = time.monotonic()
        failed, text = world.call(name)
        assert (failed, text.startswith(f"The server '{name}' {why}")) == (True, True), text
        assert time.monotonic() - began < 4 * TIMEOUT_S, name
        assert world.call("well") == (False, "well")
    for name in ("gone", "strange"):  # which says that they are down, whatever was asked for
        texts = [world.call(name)[1] for _ in range(3)]
        assert "has failed several times and is asked again in" in texts[-1], texts
    assert world.call("well") == (False, "well")
