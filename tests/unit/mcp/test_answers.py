"""What is answered when all is well."""

from typing import Any

import pytest

from services.mcp.endpoint import Server, answer
from services.mcp.eras import CACHING, HANDSHAKE, SERVER_KEY, SUPPORTED
from services.mcp.tools import ToolResult
from tests.mcp_posts import MODERN, handshake, modern, speak
from tests.mcp_sources import Shelf, builtin
from tests.mcp_sources import server as made


def server(result: ToolResult | None = None, calls: list[Any] | None = None) -> Server:
    def call(name: str, arguments: Any) -> ToolResult:
        if calls is not None:
            calls.append((name, arguments))
        return result or ToolResult(("ok",), {"text": "ok"})

    return made(builtin(call=call))


def result(post: Any, behind: Server | None = None) -> dict[str, Any]:
    found = answer(post, behind or server())
    assert found.status == 200
    assert found.body is not None
    return found.body["result"]


def test_discovery_names_every_version_newest_first_and_what_can_be_done() -> None:
    found = result(modern("server/discover"))

    assert found["supportedVersions"] == list(SUPPORTED) == sorted(SUPPORTED, reverse=True)
    assert found["capabilities"] == {name: {} for name in ("completions", "logging", "prompts", "resources", "tools")}
    assert (found["ttlMs"], found["cacheScope"]) == (3_600_000, "public")


@pytest.mark.parametrize("method", ["server/discover", "tools/list", "tools/call"])
def test_every_modern_result_says_its_type_and_who_answered(method: str) -> None:
    found = result(modern(method, {"name": "list_models"} if method == "tools/call" else None))

    assert found["resultType"] == "complete"
    assert found["_meta"] == {SERVER_KEY: {"name": "pennyworth", "version": "0.1.0"}}


def test_a_list_may_be_kept_by_the_key_that_asked_and_a_call_by_nobody() -> None:
    assert result(modern("tools/list")) | {"ttlMs": 300_000, "cacheScope": "private"} == result(modern("tools/list"))
    assert "ttlMs" not in result(modern("tools/call", {"name": "list_models"}))


@pytest.mark.parametrize("method", [method for method in CACHING if method.endswith("/list")])
def test_every_list_may_be_kept_by_the_key_that_asked(method: str) -> None:
    found = result(modern(method))

    assert (found["ttlMs"], found["cacheScope"]) == (300_000, "private")


@pytest.mark.parametrize(
    ("said", "kept"),
    [({}, 0), ({"ttlMs": 5_000, "cacheScope": "public"}, 5_000), ({"ttlMs": -1}, 0), ({"ttlMs": 10**12}, 3_600_000)],
)
def test_a_resource_may_be_kept_as_long_as_its_source_says_but_by_nobody_else(said: dict[str, Any], kept: int) -> None:
    has = Shelf(
        has={"resources": [{"uri": "test://a", "name": "a"}]},
        answers={"test://a": lambda *_: {"contents": [{"uri": "test://a", "text": "a"}], **said}},
    )

    found = result(modern("resources/read", {"uri": "test://a"}), made(has))

    assert (found["ttlMs"], found["cacheScope"]) == (kept, "private")


@pytest.mark.parametrize("version", HANDSHAKE)
def test_initialize_agrees_to_a_version_it_knows(version: str) -> None:
    found = result(handshake("initialize", {"protocolVersion": version}, version=None))

    assert found["protocolVersion"] == version
    assert found["serverInfo"] == {"name": "pennyworth", "version": "0.1.0"}
    since_2024 = {"logging", "prompts", "resources", "tools"}
    assert found["capabilities"].keys() == since_2024 | ({"completions"} if version > "2024-11-05" else set())


@pytest.mark.parametrize("version", ["2030-01-01", MODERN, "", "latest"])
def test_initialize_offers_its_newest_handshake_version_otherwise(version: str) -> None:
    assert (
        result(handshake("initialize", {"protocolVersion": version}, version=None))["protocolVersion"] == HANDSHAKE[0]
    )


@pytest.mark.parametrize("version", HANDSHAKE)
def test_the_handshake_eras_see_nothing_of_the_modern_frame(version: str) -> None:
    for post in (speak(version, "tools/list"), speak(version, "tools/call", {"name": "list_models"})):
        assert not result(post).keys() & {"resultType", "ttlMs", "cacheScope", "_meta"}
    assert result(speak(version, "ping")) == {}


@pytest.mark.parametrize(
    ("version", "hidden"),
    [
        (MODERN, set()),
        ("2025-06-18", set()),
        ("2025-03-26", {"title", "outputSchema"}),
        ("2024-11-05", {"title", "outputSchema", "annotations"}),
    ],
)
def test_a_version_is_shown_only_the_members_it_knows(version: str, hidden: set[str]) -> None:
    everything = {"name", "title", "description", "inputSchema", "outputSchema", "annotations"}

    for tool in result(speak(version, "tools/list"))["tools"]:
        assert tool.keys() == everything - hidden
    called = result(speak(version, "tools/call", {"name": "list_models"}))
    assert ("structuredContent" in called) == ("outputSchema" not in hidden)


def test_tools_come_in_the_same_order_every_time() -> None:
    names = [tool["name"] for tool in result(modern("tools/list"))["tools"]]

    assert names == ["chat", "count_tokens", "embed", "list_models"]
    assert names == [tool["name"] for tool in result(handshake("tools/list"))["tools"]]


def test_a_call_passes_its_arguments_on() -> None:
    calls: list[Any] = []

    result(modern("tools/call", {"name": "chat", "arguments": {"model": "m", "prompt": "Hi"}}), server(calls=calls))

    assert calls == [("chat", {"model": "m", "prompt": "Hi"})]


@pytest.mark.parametrize("version", SUPPORTED)
def test_wrong_arguments_are_a_result_that_names_the_field_and_nothing_is_called(version: str) -> None:
    calls: list[Any] = []
    post = speak(version, "tools/call", {"name": "chat", "arguments": {"prompt": "Hi"}})

    found = result(post, server(calls=calls))

    assert found["isError"] is True
    assert found["content"] == [{"type": "text", "text": "'model' is missing."}]
    assert "structuredContent" not in found
    assert calls == []
