"""make run MCP_SERVERS=…: other servers behind the gateway, asked by the official SDK's client with a key of ours."""

import json
import socket
from collections.abc import Awaitable, Callable
from typing import Any

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.exceptions import MCPError
from mcp_types import ElicitResult, PromptReference

from tests.e2e.test_mcp_sdks import OPENINGS
from tests.e2e.test_mcp_sdks import talk as typescript
from tests.mcp_upstreams import Exchange, broken_behind_its_lists, running, scripted

MODES = ["auto", "legacy"]
API = {
    "openapi": "3.1.0",
    "info": {"title": "Pets", "version": "1"},
    "servers": [{"url": "/api"}],
    "paths": {
        "/pets/{id}": {
            "get": {
                "operationId": "getPet",
                "parameters": [{"name": "id", "in": "path", "required": True, "schema": {"type": "string"}}],
                "responses": {"200": {"description": "It"}},
            }
        }
    },
}


def pets(exchange: Exchange) -> None:
    if exchange.path == "/openapi.json":
        exchange.answer(200, API)
    elif exchange.headers.get("x-api-key") == "pets-secret":
        exchange.answer(200, {"id": exchange.path.rpartition("/")[2], "seen": exchange.headers.get("x-tenant")})
    else:
        exchange.answer(401)


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    """A gateway with six servers behind it: one of each era, an API, a dead one, one that needs approval and one that
    fails at whatever it is asked for."""
    from tests.e2e.conftest import started

    with socket.create_server(("127.0.0.1", 0)) as listener:
        dead = listener.getsockname()[1]
    with running() as new, running() as old, scripted(pets) as api, scripted(broken_behind_its_lists) as broken:
        declared = {
            "new": {"type": "http", "url": new.url, "auth": {"type": "header"}, "secret": "new-secret"},
            "old": {"type": "http", "url": old.url, "era": "2025-06-18"},
            "pets": {
                "type": "openapi",
                "document": api.url.replace("/mcp", "/openapi.json"),
                "auth": {"type": "header", "header": "X-Api-Key"},
                "secret": "pets-secret",
                "forward": ["X-Tenant"],
            },
            "dead": {"type": "http", "url": f"http://127.0.0.1:{dead}/mcp"},
            "broken": {"type": "http", "url": broken.url},
            "pinned": {"type": "http", "url": new.url, "approved": {"add": "x" * 43}},
        }
        rows = {name: {"private": True, **row} for name, row in declared.items()}
        with started(tmp_path_factory.mktemp("local"), MCP_SERVERS=json.dumps(rows)) as gateway:
            yield gateway, new, old, api


def talk(gateway: Any, mode: str, story: Callable[[Client], Awaitable[Any]], path: str = "", **options: Any) -> Any:
    async def run() -> Any:
        headers = {"Authorization": f"Bearer {gateway.api_key}", "X-Tenant": "blue"}
        with anyio.fail_after(60):
            async with (
                httpx2.AsyncClient(trust_env=False, headers=headers, timeout=40) as http,
                Client(
                    streamable_http_client(f"{gateway.mcp_url}{path}", http_client=http), mode=mode, **options
                ) as client,
            ):
                return await story(client)

    return anyio.run(run)


async def names(client: Client) -> list[str]:
    found, cursor = [], None
    while True:
        page = await client.list_tools(cursor=cursor)
        found += [tool.name for tool in page.tools]
        cursor = page.next_cursor
        if cursor is None:
            return found


@pytest.mark.parametrize("mode", MODES)
def test_all_tools_stand_side_by_side_and_a_dead_server_takes_none_away(world, mode):
    gateway, *_ = world
    listed = talk(gateway, mode, names)
    theirs = {"add", "fails", "greet", "slowly"}
    assert {name for name in listed if not name.startswith(("new_", "old_", "pets_"))} >= {"list_models", "chat"}
    assert {name for name in listed if name.startswith("new_")} == {f"new_{name}" for name in theirs}
    assert {name for name in listed if name.startswith("old_")} == {f"old_{name}" for name in theirs}
    assert [name for name in listed if name.startswith("pets_")] == ["pets_getPet"]
    assert not [name for name in listed if name.startswith(("dead_", "pinned_"))]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("server", ["new", "old"])
def test_a_tool_of_either_era_is_called_from_either_era(world, mode, server):
    gateway, *_ = world

    async def story(client: Client) -> Any:
        return await client.call_tool(f"{server}_add", {"a": 2, "b": 40})

    result = talk(gateway, mode, story)
    assert (result.content[0].text, result.is_error) == ("42", False)


@pytest.mark.parametrize("mode", MODES)
def test_a_server_has_an_address_of_its_own(world, mode):
    gateway, *_ = world

    async def story(client: Client) -> Any:
        prompt = await client.get_prompt("review", {"code": "x = 1"})
        resource = await client.read_resource("fixture://users/ada")
        return await names(client), prompt.messages[0].content.text, resource.contents[0].text

    listed, prompt, resource = talk(gateway, mode, story, "/new")
    assert listed == ["add", "fails", "greet", "slowly"]
    assert (prompt, resource) == ("Please review x = 1", "User ada")


def test_an_operation_of_an_api_is_a_tool(world):
    gateway, _, _, api = world
    result = talk(gateway, "auto", lambda client: client.call_tool("pets_getPet", {"id": "7/../8"}))
    assert result.structured_content == {"id": "7%2F..%2F8", "seen": "blue"}
    assert api.seen[-1].path == "/api/pets/7%2F..%2F8"


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize(
    ("ask", "said"),
    [
        (lambda client: client.get_prompt("broken_gone"), "The server 'broken' answered with the status 503."),
        (lambda client: client.read_resource("broken://gone"), "The server 'broken' answered with the status 503."),
        (
            lambda client: client.complete(PromptReference(name="broken_gone"), {"name": "a", "value": "b"}),
            "The server 'broken' refused: the index is rebuilt",
        ),
    ],
    ids=["prompt", "resource", "completion"],
)
def test_what_a_server_does_not_give_is_an_error_of_the_protocol_with_its_text(world, mode, ask, said):
    gateway, *_ = world

    async def story(client: Client) -> tuple[int, str]:
        with pytest.raises(MCPError) as raised:
            await ask(client)
        return raised.value.code, raised.value.message

    code, message = talk(gateway, mode, story)
    assert code == -32603
    # Asked once too often in a row it is left alone for a while, and that is said instead.
    assert message == said or message.startswith("The server 'broken' has failed several times")


@pytest.mark.parametrize(("generation", "mode"), OPENINGS)
def test_the_typescript_sdk_is_told_it_too(world, generation, mode):
    gateway, *_ = world
    refused = typescript(gateway, generation, mode, "list_models", "broken_gone")["refused"]
    assert refused["code"] == -32603
    assert "The server 'broken'" in refused["message"]


@pytest.mark.parametrize("mode", MODES)
def test_a_call_of_a_dead_server_names_it(world, mode):
    gateway, *_ = world
    result = talk(gateway, mode, lambda client: client.call_tool("dead_anything", {}))
    assert result.is_error
    assert "The server 'dead'" in result.content[0].text


def test_a_tool_that_was_not_approved_as_it_is_is_withheld_and_reported(world):
    gateway, *_ = world

    async def story(client: Client) -> None:
        with pytest.raises(MCPError, match="Unknown tool: pinned_add"):
            await client.call_tool("pinned_add", {"a": 1, "b": 1})

    talk(gateway, "auto", story)
    log = (gateway.folder / "log").read_text()
    assert "mcp tool withheld" in log
    assert "changed since it was approved" in log


def test_a_question_of_the_server_reaches_the_user(world):
    gateway, *_ = world

    async def answer(_context: Any, _params: Any) -> ElicitResult:
        return ElicitResult(action="accept", content={"name": "Ada"})

    result = talk(gateway, "auto", lambda client: client.call_tool("new_greet", {}), elicitation_callback=answer)
    assert result.content[0].text == "Hello Ada (round one)"


@pytest.mark.parametrize("mode", MODES)
def test_progress_comes_through(world, mode):
    gateway, *_ = world
    heard: list[Any] = []

    async def progress(done: float, total: float | None, message: str | None) -> None:
        heard.append((done, total, message))

    talk(gateway, mode, lambda client: client.call_tool("new_slowly", {"steps": 2}, progress_callback=progress))
    assert heard == [(1, 2, "step 1"), (2, 2, "step 2")]


def test_no_server_ever_saw_the_callers_key_and_no_log_a_secret(world):
    gateway, new, old, api = world
    assert {headers["authorization"] for headers in new.requests if "authorization" in headers} == {"Bearer new-secret"}
    seen = json.dumps([new.requests, old.requests, [dict(each.headers) for each in api.seen]])
    assert gateway.api_key not in seen
    assert "sk-pw-" not in seen
    log = (gateway.folder / "log").read_text()
    assert not [secret for secret in ("new-secret", "pets-secret", gateway.api_key) if secret in log]
