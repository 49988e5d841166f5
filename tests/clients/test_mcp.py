"""The Python SDK's first generation, which most servers and clients in the field are built on."""

import json
import os
from contextlib import asynccontextmanager
from importlib.metadata import version

import pytest
from mcp import ClientSession, McpError
from mcp.client.streamable_http import streamablehttp_client

URL = f"{os.environ['OPENAI_BASE_URL']}/mcp"


@asynccontextmanager
async def session(where=""):
    headers = {"authorization": f"Bearer {os.environ['OPENAI_API_KEY']}"}
    async with (
        streamablehttp_client(f"{URL}{where}", headers=headers) as (read, write, _),
        ClientSession(read, write) as found,
    ):
        found.opening = await found.initialize()
        yield found


async def test_it_is_the_first_generation_and_agrees_on_its_newest_revision():
    assert version("mcp").startswith("1.")
    async with session() as client:
        assert client.opening.protocolVersion == "2025-11-25"
        assert client.opening.serverInfo.name == "pennyworth"
        await client.send_ping()


async def test_tools_are_listed_and_called():
    async with session() as client:
        listed = await client.list_tools()
        result = await client.call_tool("list_models")

    assert {"chat", "list_models"} <= {tool.name for tool in listed.tools}
    assert not result.isError
    assert result.structuredContent["models"]
    assert json.loads(result.content[0].text) == result.structuredContent


async def test_prompts_resources_and_templates_are_listed():
    async with session() as client:
        assert (await client.list_prompts()).prompts is not None
        assert (await client.list_resources()).resources is not None
        assert (await client.list_resource_templates()).resourceTemplates is not None


async def test_an_unknown_tool_is_an_error():
    async with session() as client:
        with pytest.raises(McpError, match="Unknown tool"):
            await client.call_tool("nope")


@pytest.mark.parametrize(
    ("where", "why"), [("?toolset=nope", "There is no toolset 'nope'"), ("/nope", "no MCP server")]
)
async def test_a_mistake_in_the_address_is_told_in_words(where, why):
    with pytest.raises(BaseExceptionGroup) as raised:
        async with session(where):
            pass
    assert raised.group_contains(McpError, match=why)
