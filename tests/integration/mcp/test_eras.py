"""The official SDK's server, asked in every revision it serves, over real HTTP."""

import time
from collections.abc import Iterator
from typing import Any

import pytest

from services.mcp.protocol import INVALID_PARAMS, RpcError
from services.mcp.source import Asked
from tests.mcp_upstreams import Running, running

ERAS = ["", "2026-07-28", "2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"]


@pytest.fixture(scope="module", params=["streams", "json", "stateless"])
def server(request: pytest.FixtureRequest) -> Iterator[Running]:
    options = {"streams": {}, "json": {"json_response": True}, "stateless": {"stateless_http": True}}[request.param]
    with running(**options) as system:
        yield system


def asked(**members: Any) -> Asked:
    return Asked("2026-07-28", members.pop("capabilities", {}), time.monotonic() + 10, **members)


@pytest.mark.parametrize("era", ERAS)
def test_a_server_is_spoken_to_in_its_revision(server, upstream, era):
    there = upstream(url=server.url, era=era)

    assert {tool["name"] for tool in there.tools()} == {"add", "slowly", "fails", "greet"}
    assert [prompt["name"] for prompt in there.prompts()] == ["review"]
    assert [resource["uri"] for resource in there.resources()] == ["fixture://readme"]
    assert [template["uriTemplate"] for template in there.templates()] == ["fixture://users/{name}"]

    result = there.call_tool("add", {"arguments": {"a": 2, "b": 3}}, asked())
    assert (result["content"][0]["text"], result.get("isError", False)) == ("5", False)
    failure = there.call_tool("fails", {}, asked())
    assert failure["isError"]
    assert "the disk is full" in failure["content"][0]["text"]

    prompt = there.get_prompt("review", {"arguments": {"code": "x"}}, asked())
    assert prompt["messages"][0]["content"]["text"] == "Please review x"
    assert there.read_resource("fixture://users/ada", {}, asked())["contents"][0]["text"] == "User ada"
    with pytest.raises(RpcError) as refused:
        there.read_resource("fixture://missing", {}, asked())
    assert refused.value.code == INVALID_PARAMS


@pytest.mark.parametrize("era", ["", "2025-11-25"])
def test_progress_and_logs_come_before_the_result(upstream, era):
    heard: list[Any] = []
    with running() as server:
        there = upstream(url=server.url, era=era)
        result = there.call_tool(
            "slowly", {"arguments": {"steps": 2}}, asked(progress=heard.append, token="mine", log_level="info")
        )
    assert result["content"][0]["text"] == "done"
    progress = [each["params"] for each in heard if each["method"] == "notifications/progress"]
    assert progress == [
        {"progress": 1, "total": 2, "message": "step 1"},
        {"progress": 2, "total": 2, "message": "step 2"},
    ]
    assert [each["params"]["data"] for each in heard if each["method"] == "notifications/message"] == ["did 1", "did 2"]


def test_questions_of_several_rounds_pass_through(upstream):
    with running() as server:
        there = upstream(url=server.url)
        able = {"elicitation": {"form": {}}}
        first = there.call_tool("greet", {}, asked(capabilities=able))
        assert first["resultType"] == "input_required"
        assert first["inputRequests"]["name"]["method"] == "elicitation/create"
        answer = {"name": {"action": "accept", "content": {"name": "Ada"}}}
        last = there.call_tool(
            "greet", {}, asked(capabilities=able, input_responses=answer, state=first["requestState"])
        )
        assert last["content"][0]["text"] == "Hello Ada (round one)"


def test_each_call_has_a_session_of_its_own_and_ends_it(upstream):
    with running() as server:
        there = upstream(url=server.url, era="2025-11-25")
        for _ in range(2):
            there.call_tool("add", {"arguments": {"a": 1, "b": 1}}, asked())
        sessions = [each["mcp-session-id"] for each in server.requests if "mcp-session-id" in each]
        assert len(set(sessions)) == 3  # of the lists, and of each call
        assert server.methods.count("DELETE") == 2


def test_a_session_can_be_shared_where_that_is_declared(upstream):
    with running() as server:
        there = upstream(url=server.url, era="2025-11-25", shared_session=True)
        for _ in range(2):
            there.call_tool("add", {"arguments": {"a": 1, "b": 1}}, asked())
        assert len({each["mcp-session-id"] for each in server.requests if "mcp-session-id" in each}) == 1


def test_a_server_that_forgot_its_sessions_is_greeted_again(upstream):
    """It was started anew: 404 says that the session is unknown, and nothing was done."""
    with running() as server:
        there = upstream(url=server.url, era="2025-11-25", shared_session=True)
        assert there.tools()
        session = there._served().backend._era.session_id
        there._served().backend._era = type(there._served().backend._era)("2025-11-25", {"tools": {}}, "forgotten")
        assert there.call_tool("add", {"arguments": {"a": 1, "b": 1}}, asked())["content"][0]["text"] == "2"
        assert there._served().backend._era.session_id not in ("forgotten", session)
