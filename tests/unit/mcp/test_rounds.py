"""Requests of several rounds: what comes back counts only where it was given, for whom, and in time."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mcp.endpoint import Server, answer
from services.mcp.eras import CAPABILITIES_KEY, HANDSHAKE
from services.mcp.protocol import RpcError
from services.mcp.rounds import MAX_STATE_BYTES, STATE_S, Rounds
from services.mcp.source import Asked
from tests.mcp_posts import META, handshake, modern
from tests.mcp_sources import ADA, NOW, PEPPER, Shelf, server, text, tool

NAME = {
    "method": "elicitation/create",
    "params": {"message": "Who?", "requestedSchema": {"type": "object", "properties": {}}},
}
THOUGHT = {"method": "sampling/createMessage", "params": {"messages": [], "maxTokens": 1}}
ANSWER = {"name": {"action": "accept", "content": {"name": "Ada"}}}


def asks_once(name: str, params: Mapping[str, Any], asked: Asked) -> Mapping[str, Any]:
    if asked.state == "step 1" and "name" in asked.input_responses:
        return text(f"Hello, {asked.input_responses['name']['content']['name']}")
    return {"resultType": "input_required", "inputRequests": {"name": NAME}, "requestState": "step 1"}


def shelf(**answers: Any) -> Shelf:
    has = {
        "tools": [tool("hello"), tool("other")],
        "prompts": [{"name": "hello"}],
        "resources": [{"uri": "test://hello", "name": "hello"}],
    }
    asking = dict.fromkeys(("hello", "other", "test://hello"), asks_once)
    return Shelf(has=has, answers={**asking, **answers})


def ask(
    params: Mapping[str, Any],
    behind: Server | None = None,
    method: str = "tools/call",
    capabilities: Mapping[str, Any] = {"elicitation": {}},
) -> dict[str, Any]:
    found = answer(modern(method, params, meta={**META, CAPABILITIES_KEY: capabilities}), behind or server(shelf()))
    assert found.body is not None
    return found.body


def state(behind: Server | None = None, arguments: Mapping[str, Any] | None = None) -> str:
    sealed = ask({"name": "shelf_hello", "arguments": arguments or {}}, behind)["result"]["requestState"]
    assert isinstance(sealed, str)
    return sealed


def retry(sealed: str, behind: Server | None = None, name: str = "shelf_hello", **params: Any) -> dict[str, Any]:
    return ask({"name": name, "arguments": {}, "inputResponses": ANSWER, "requestState": sealed, **params}, behind)


def test_a_question_goes_out_and_its_answer_comes_back() -> None:
    first = ask({"name": "shelf_hello", "arguments": {}})["result"]
    second = retry(first["requestState"])["result"]

    assert first["resultType"] == "input_required"
    assert first["inputRequests"] == {"name": NAME}
    assert "step 1" not in first["requestState"]
    assert second["resultType"] == "complete"
    assert second["content"] == text("Hello, Ada")["content"]


def test_a_source_sees_no_state_as_parameters() -> None:
    has = shelf()

    retry(state(), server(has))

    [(name, params, asked)] = has.asked
    assert name == "hello"
    assert params == {"name": "hello", "arguments": {}}
    assert (asked.state, asked.input_responses) == ("step 1", ANSWER)


def test_a_question_may_not_be_kept() -> None:
    found = ask({"uri": "test://hello"}, method="resources/read")["result"]

    assert found["resultType"] == "input_required"
    assert not {"ttlMs", "cacheScope"} & found.keys()


@pytest.mark.parametrize(
    ("method", "params"),
    [("prompts/get", {"name": "shelf_hello"}), ("resources/read", {"uri": "test://hello"})],
)
def test_prompts_and_resources_ask_too(method: str, params: Mapping[str, Any]) -> None:
    sealed = ask(params, method=method)["result"]["requestState"]

    body = ask({**params, "requestState": sealed, "inputResponses": {}}, method=method)

    assert body["result"]["resultType"] == "input_required"  # the state was taken, and an answer is missing


REFUSED: dict[str, Any] = {
    "touched at its end": lambda sealed: retry(sealed + "-TAMPERED"),
    "touched at its beginning": lambda sealed: retry("A" + sealed[1:] if sealed[0] != "A" else "B" + sealed[1:]),
    "without its signature": lambda sealed: retry(sealed.partition(".")[0]),
    "with an empty signature": lambda sealed: retry(sealed.partition(".")[0] + "."),
    "with another's signature": lambda sealed: retry(
        f"{sealed.partition('.')[0]}.{state(arguments={'a': 1}).partition('.')[2]}"
    ),
    "padded": lambda sealed: retry(sealed + "="),
    "with another argument": lambda sealed: retry(sealed, arguments={"all": True}),
    "with another tool": lambda sealed: retry(sealed, name="shelf_other"),
    "from another person": lambda sealed: retry(sealed, server(shelf(), caller="eve key_1")),
    "with another key": lambda sealed: retry(sealed, server(shelf(), caller="ada key_2")),
    "to another server": lambda sealed: retry(sealed, server(replace(shelf(), name="other")), name="other_hello"),
    "too late": lambda sealed: retry(sealed, server(shelf(), now=NOW + STATE_S)),
    "to a prompt of that name": lambda sealed: ask(
        {"name": "shelf_hello", "arguments": {}, "requestState": sealed}, method="prompts/get"
    ),
    "by the source's own state": lambda _: retry("step 1"),
}


@pytest.mark.parametrize("how", REFUSED)
def test_a_state_that_was_not_given_for_this_is_refused_and_nothing_is_run(how: str) -> None:
    body = REFUSED[how](state())

    assert body["error"]["code"] == -32602
    assert "requestState" in body["error"]["message"]


def test_a_state_holds_until_its_time_is_up() -> None:
    assert "result" in retry(state(), server(shelf(), now=NOW + STATE_S - 1))


def test_a_state_holds_at_the_servers_own_address_too() -> None:
    """It is the same tool there, under its own name."""
    assert "result" in retry(state(), server(shelf(), prefixed=False), name="hello")


def test_a_state_of_another_installation_is_refused() -> None:
    sealed = Rounds(ADA, NOW, lambda: b"q" * 32).sealed("s", "request")

    with pytest.raises(RpcError):
        Rounds(ADA, NOW, lambda: PEPPER).opened(sealed, "request")


@given(st.text(max_size=200), st.text(max_size=50), st.text(max_size=50))
def test_every_state_comes_back_as_it_went(content: str, caller: str, request: str) -> None:
    rounds = Rounds(caller, NOW, lambda: PEPPER)

    assert rounds.opened(rounds.sealed(content, request), request) == content


@given(st.text(max_size=200) | st.none() | st.integers() | st.binary(max_size=9))
def test_whatever_is_sent_as_a_state_is_refused_alike(sent: Any) -> None:
    with pytest.raises(RpcError, match="requestState"):
        Rounds(ADA, NOW, lambda: PEPPER).opened(sent, "request")


def test_parts_cannot_be_moved_from_the_caller_into_the_request() -> None:
    sealed = Rounds("ada", NOW, lambda: PEPPER).sealed("s", "request")

    with pytest.raises(RpcError):
        Rounds("adar", NOW, lambda: PEPPER).opened(sealed, "equest")


def test_the_pepper_is_read_only_where_there_is_a_state() -> None:
    def unread() -> bytes:
        raise AssertionError

    has = Shelf(has={"tools": [tool("plain")]})
    behind = replace(server(has), rounds=Rounds(ADA, NOW, unread))

    assert "result" in ask({"name": "shelf_plain"}, behind)


def asking(**questions: Any) -> Server:
    return server(shelf(hello=lambda *_: {"resultType": "input_required", "inputRequests": questions}))


@pytest.mark.parametrize(
    ("question", "declared", "missing"),
    [
        (NAME, {}, {"elicitation": {"form": {}}}),
        (NAME, {"elicitation": {"url": {}}}, {"elicitation": {"form": {}}}),
        (NAME, {"elicitation": {"form": {}}}, None),
        (NAME, {"elicitation": {}}, None),
        (
            {"method": "elicitation/create", "params": {"mode": "url", "message": "", "url": "https://example.com"}},
            {"elicitation": {}},
            {"elicitation": {"url": {}}},
        ),
        (THOUGHT, {"elicitation": {}}, {"sampling": {}}),
        (THOUGHT, {"sampling": {}}, None),
        (
            {**THOUGHT, "params": {**THOUGHT["params"], "tools": []}},  # type: ignore[dict-item]
            {"sampling": {}},
            {"sampling": {"tools": {}}},
        ),
        ({"method": "roots/list"}, {}, {"roots": {}}),
        ({"method": "roots/list"}, {"roots": {}}, None),
    ],
)
def test_nothing_is_asked_that_the_client_cannot_answer(question: Any, declared: Any, missing: Any) -> None:
    body = ask({"name": "shelf_hello"}, asking(one=question), capabilities=declared)

    if missing is None:
        assert body["result"]["inputRequests"] == {"one": question}
    else:
        assert body["error"]["code"] == -32021
        assert body["error"]["data"] == {"requiredCapabilities": missing}


@pytest.mark.parametrize("questions", [{}, {"one": {"method": "tools/call"}}, {"one": {}}])
def test_a_question_that_is_none_is_a_failure_of_the_tool(questions: Any) -> None:
    found = ask({"name": "shelf_hello"}, asking(**questions))["result"]

    assert found["isError"] is True


def test_a_state_too_large_to_be_carried_is_a_failure_of_the_tool() -> None:
    large = {"resultType": "input_required", "requestState": "x" * (MAX_STATE_BYTES + 1)}

    found = ask({"name": "shelf_hello"}, server(shelf(hello=lambda *_: large)))["result"]

    assert found["isError"] is True


@pytest.mark.parametrize("version", HANDSHAKE)
def test_an_old_client_is_told_that_it_cannot_be_asked(version: str) -> None:
    called = answer(handshake("tools/call", {"name": "shelf_hello"}, version=version), server(shelf())).body
    got = answer(handshake("prompts/get", {"name": "shelf_hello"}, version=version), server(shelf())).body

    assert called is not None
    assert called["result"]["isError"] is True
    assert "2026-07-28" in called["result"]["content"][0]["text"]
    assert not {"resultType", "inputRequests", "requestState"} & called["result"].keys()
    assert got is not None
    assert "2026-07-28" in got["error"]["message"]
