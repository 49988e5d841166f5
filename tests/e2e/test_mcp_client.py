"""The official MCP SDK against the running system, in both eras."""

import json

import anyio
import httpx2
import pytest
from mcp import Client
from mcp.client.streamable_http import streamable_http_client

MODES = {"auto": "2026-07-28", "legacy": "2025-11-25"}


def talk(gateway, mode, story, api_key=None):
    """What `story` returns, told to a client that opens in the given mode."""

    async def run():
        headers = {"authorization": f"Bearer {api_key or gateway.api_key}"}
        with anyio.fail_after(60):
            async with (
                httpx2.AsyncClient(headers=headers, timeout=60, trust_env=False) as http,
                Client(streamable_http_client(gateway.mcp_url, http_client=http), mode=mode) as client,
            ):
                return await story(client)

    return anyio.run(run)


@pytest.mark.parametrize("mode", MODES)
def test_a_client_connects_in_its_era_and_lists_the_tools(gateway, mode):
    async def story(client):
        return client.protocol_version, await client.list_tools()

    version, listed = talk(gateway, mode, story)

    assert version == MODES[mode]
    ours = ["chat", "count_tokens", "embed", "list_models", "my_keys", "my_usage"]
    assert [tool.name for tool in listed.tools] == ours


@pytest.mark.parametrize("mode", MODES)
def test_the_models_listed_are_those_of_the_openai_api(gateway, mode):
    result = talk(gateway, mode, lambda client: client.call_tool("list_models"))

    models = [{"id": model.id, "owned_by": model.owned_by} for model in gateway.openai().models.list()]
    assert not result.is_error
    assert result.structured_content == {"models": models}
    assert json.loads(result.content[0].text) == result.structured_content


@pytest.mark.parametrize("mode", MODES)
def test_a_model_answers_a_prompt(gateway, mode):
    result = talk(gateway, mode, lambda client: client.call_tool("chat", {"model": gateway.model, "prompt": "Hello"}))

    assert not result.is_error
    structured = result.structured_content
    assert structured["text"]
    assert result.content[0].text == structured["text"]
    assert structured["model"] == gateway.model
    assert structured["finish_reason"] == "stop"
    assert structured["usage"]["total_tokens"] > 0


def test_bedrock_is_called_as_the_caller(gateway, calls):
    talk(gateway, "auto", lambda client: client.call_tool("chat", {"model": gateway.model, "prompt": "Hello"}))
    through_mcp = calls()[-1]
    chat = {"model": gateway.model, "messages": [{"role": "user", "content": "Hello"}], "stream": True}
    list(gateway.openai().chat.completions.create(**chat))

    assert through_mcp["principal_arn"] == calls()[-1]["principal_arn"]


def test_a_refusal_reaches_the_client_in_words(gateway):
    result = talk(gateway, "auto", lambda client: client.call_tool("chat", {"model": "no-such", "prompt": "Hello"}))

    assert result.is_error
    assert "'no-such' does not exist here" in result.content[0].text


def test_a_fault_of_the_model_is_a_result_too(gateway, fault):
    fault(error="ThrottlingException", times=10)

    result = talk(gateway, "auto", lambda client: client.call_tool("chat", {"model": gateway.model, "prompt": "Hello"}))

    assert result.is_error
    assert "Too many requests" in result.content[0].text


def test_a_key_without_the_action_does_not_come_in(gateway):
    user = gateway.user("mcp-restricted@example.com", group="restricted")
    key = gateway.key(user)["value"]

    with gateway.http(key) as http:
        reply = http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "ping"})

    assert reply.status_code == 403
    assert reply.json()["error"]["type"] == "permission_error"


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_there_is_no_stream_and_no_session_to_ask_for(gateway, method):
    with gateway.http() as http:
        reply = http.request(method, "/mcp")

    assert reply.status_code == 405
    assert {"POST", "OPTIONS"} >= set(reply.headers["allow"].split(", ")) >= {"POST"}


def test_a_page_of_another_name_is_refused(gateway):
    with gateway.http() as http:
        reply = http.post(
            "/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"origin": "https://evil.example.net"},
        )

    assert reply.status_code == 403


def test_a_name_rebound_to_this_address_is_refused(gateway):
    with gateway.http() as http:
        reply = http.post(
            "/mcp",
            json={"jsonrpc": "2.0", "id": 1, "method": "ping"},
            headers={"origin": "http://evil.example.net", "host": "evil.example.net"},
        )

    assert reply.status_code == 403
