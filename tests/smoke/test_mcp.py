"""The MCP endpoint, by the official SDK, in both eras of the protocol."""

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}


def talk(target, mode, story):
    """What `story` returns, told to a client that opens in the given mode."""

    async def run():
        headers = {"authorization": f"Bearer {target.key}"}
        with anyio.fail_after(60):
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60) as http,
                Client(streamable_http_client(f"{target.base_url}/mcp", http_client=http), mode=mode) as client,
            ):
                return await story(client)

    return anyio.run(run)


@pytest.mark.parametrize("mode", MODES)
def test_a_client_connects_and_lists_the_tools(keyed, mode):
    async def story(client):
        return client.protocol_version, await client.list_tools()

    version, listed = talk(keyed, mode, story)
    assert version == MODES[mode]
    # What the key's group and the environment's servers add to these differs from one installation to another.
    assert {tool.name for tool in listed.tools} >= {"list_models", "chat", "embed", "count_tokens"}


def test_a_tool_asks_a_model(keyed):
    arguments = {"model": keyed.model, "prompt": "Say good evening."}
    result = talk(keyed, "auto", lambda client: client.call_tool("chat", arguments))
    assert not result.is_error, result.content
    assert result.structured_content["text"]
    assert result.structured_content["usage"]["total_tokens"] > 0
