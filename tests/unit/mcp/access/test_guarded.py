"""Lists and calls agree, whatever the way; calls are counted, priced and held to a rate."""

from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from pennyworth.principal import Principal, Spent
from pennyworth.settings import ToolTerms
from services.mcp.access.crowd import Crowd
from services.mcp.access.guarded import guarded
from services.mcp.access.usage import Rates, Usage
from services.mcp.endpoint import Server, answer
from services.mcp.protocol import INVALID_PARAMS
from services.mcp.source import Changing
from tests.mcp_posts import MODERN, speak
from tests.mcp_sources import Dead, Shelf, server, text, tool

CALLER = Principal("u", "n", "k", "g", "r", frozenset({"mcp"}), ("*",))


def shelf(**answers: Any) -> Shelf:
    return Shelf(
        "git",
        {
            "tools": [tool("close"), tool("open")],
            "prompts": [{"name": "close"}, {"name": "open"}],
            "resources": [{"uri": "git://close", "name": "a"}, {"uri": "git://open", "name": "b"}],
            "templates": [{"uriTemplate": "file:///{path}", "name": "c"}],
        },
        answers,
    )


def free(_tool: str, _source: str, ask: Callable[[], Any]) -> Any:
    return ask()


def body(method: str, params: dict[str, Any] | None, *hidden: str, source: Any = None, prefixed: bool = True) -> Any:
    """What /mcp answers to a caller from whom these are hidden."""
    known = source or shelf()
    source = guarded(known, lambda name: name not in hidden, free)
    return _answered(server(source, prefixed=prefixed), method, params)


def _answered(behind: Server, method: str, params: dict[str, Any] | None) -> Any:
    found = answer(speak(MODERN, method, params), behind)
    assert found.body is not None
    return found.body


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_hidden_tool_is_in_no_list_and_unknown(prefixed: bool) -> None:
    name = "git_close" if prefixed else "close"
    listed = body("tools/list", None, "git_close", prefixed=prefixed)["result"]["tools"]
    assert [one["name"] for one in listed] == ["git_open" if prefixed else "open"]
    hidden = body("tools/call", {"name": name, "arguments": {}}, "git_close", prefixed=prefixed)["error"]
    never = body("tools/call", {"name": "git_never", "arguments": {}}, prefixed=prefixed)["error"]
    assert hidden["code"] == never["code"] == INVALID_PARAMS
    assert hidden["message"].replace(name, "X") == never["message"].replace("git_never", "X")


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_hidden_tool_of_a_server_that_does_not_answer_is_unknown_too(prefixed: bool) -> None:
    """That it does not answer is for those to know who may use it."""
    name = "git_close" if prefixed else "close"
    dead = body("tools/call", {"name": name}, "git_close", source=Dead("git"), prefixed=prefixed)
    assert dead == body("tools/call", {"name": name}, "git_close", prefixed=prefixed)
    assert dead["error"]["code"] == INVALID_PARAMS
    seen = body("tools/call", {"name": name}, source=Dead("git"), prefixed=prefixed)
    assert "does not answer" in seen["result"]["content"][0]["text"]


def test_a_hidden_prompt_is_in_no_list_and_unknown() -> None:
    assert [one["name"] for one in body("prompts/list", None, "git_close")["result"]["prompts"]] == ["git_open"]
    assert body("prompts/get", {"name": "git_close"}, "git_close")["error"]["code"] == INVALID_PARAMS
    ref = {"ref": {"type": "ref/prompt", "name": "git_close"}, "argument": {"name": "a", "value": ""}}
    assert body("completion/complete", ref, "git_close")["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize("prefixed", [True, False])
def test_a_hidden_resource_is_not_read_by_its_template_either(prefixed: bool) -> None:
    listed = body("resources/list", None, "git_git://close", prefixed=prefixed)["result"]["resources"]
    assert [one["uri"] for one in listed] == ["git://open"]
    for uri in ("git://close", "file:///etc/shadow"):
        hidden = body("resources/read", {"uri": uri}, "git_git://close", "git_file:///etc/shadow", prefixed=prefixed)
        assert hidden["error"]["code"] == INVALID_PARAMS, uri
    assert body("resources/read", {"uri": "file:///etc/hosts"}, prefixed=prefixed)["result"]["contents"]


def test_a_source_whose_lists_change_stays_one() -> None:
    class Moving(Shelf):
        def ttl_ms(self, kind: str) -> int:
            return 5

    assert isinstance(guarded(Moving("m"), lambda _: True, free), Changing)
    assert not isinstance(guarded(shelf(), lambda _: True, free), Changing)


def used(tool_name: str, result: Any, *terms: ToolTerms, rates: Rates | None = None) -> tuple[Any, Usage]:
    usage = Usage(CALLER, terms, rates or Rates(lambda: 0.0))
    return usage.counts(tool_name, "git", lambda: result), usage


def test_a_call_is_a_usage_record_with_the_first_price_that_fits() -> None:
    terms = (ToolTerms("git_c*", 500), ToolTerms("git_*", 7), ToolTerms("*", 1))
    record = {"kind": "tool", "provider": "git"}
    for name, cost in (("git_close", 500), ("git_open", 7), ("web_get", 1)):
        _, usage = used(name, text("done"), *terms)
        assert usage.fields() == {**record, "model": name, "served": name, "cost_microusd": cost}
    assert "cost_microusd" not in used("git_open", text("done"))[1].fields()


@pytest.mark.parametrize(
    ("result", "failed"), [({**text("no"), "isError": True}, True), ({"resultType": "input_required"}, False)]
)
def test_what_failed_or_only_asked_back_costs_nothing_and_is_recorded(result: Any, failed: bool) -> None:
    _, usage = used("git_close", result, ToolTerms("*", 9))
    assert usage.fields()["kind"] == "tool"
    assert usage.fields().get("failed", False) is failed
    assert "cost_microusd" not in usage.fields()


def test_what_raised_is_recorded_and_costs_nothing() -> None:
    usage = Usage(CALLER, (ToolTerms("*", 9),), Rates(lambda: 0.0))

    def broken() -> Any:
        raise Problem("upstream_error")

    with pytest.raises(Problem):
        usage.counts("git_close", "git", broken)
    assert (usage.fields()["kind"], usage.fields()["failed"]) == ("tool", True)
    assert "cost_microusd" not in usage.fields()


def test_what_has_a_price_is_not_to_be_had_for_a_spent_budget() -> None:
    spent = Principal("u", "n", "k", "g", "r", frozenset({"mcp"}), ("*",), spent=Spent("user", 2_000_000_000))
    asked: list[int] = []
    usage = Usage(spent, (ToolTerms("git_*", 9),), Rates(lambda: 0.0))
    with pytest.raises(Problem) as raised:
        usage.counts("git_close", "git", lambda: asked.append(1) or {})
    assert raised.value.code == "insufficient_quota"
    assert asked == []
    assert usage.fields() == {}
    assert usage.counts("web_get", "web", lambda: text("done")) == text("done")


def test_a_rate_is_each_callers_own_and_comes_back_with_time() -> None:
    now = [0.0]
    rates = Rates(lambda: now[0])
    terms = ToolTerms("git_*", rate_per_s=0.5, burst=2)
    assert [rates.wait_s("a", terms) for _ in range(3)] == [0, 0, 2]
    assert rates.wait_s("b", terms) == 0
    now[0] = 2
    assert rates.wait_s("a", terms) == 0
    assert rates.wait_s("a", terms) == 2
    now[0] = 1000
    assert [rates.wait_s("a", terms) for _ in range(3)] == [0, 0, 2]  # never more than the burst
    assert rates.wait_s("a", ToolTerms("*")) == 0


CALLS = st.lists(st.tuples(st.integers(0, 3), st.sampled_from([0.0, 0.1, 1.0, 7.0])), max_size=80)


@given(CALLS, st.sampled_from([0.1, 0.5, 3.0]), st.integers(1, 5))
def test_n_instances_let_through_n_times_the_rate_and_no_more(calls: Any, per_s: float, burst: int) -> None:
    """`calls`: which of four instances, and how many seconds after the one before."""
    now = [0.0]
    instances = [Rates(lambda: now[0]) for _ in range(4)]
    terms, through = ToolTerms("*", rate_per_s=per_s, burst=burst), 0
    for instance, after_s in calls:
        now[0] += after_s
        through += instances[instance].wait_s("key", terms) == 0
        assert through <= 4 * (burst + per_s * now[0]) + 1e-6


def test_a_call_too_many_says_when_to_come_back_and_is_not_made() -> None:
    rates, terms = Rates(lambda: 0.0), ToolTerms("*", 5, rate_per_s=1, burst=1)
    assert "isError" not in used("git_close", text("done"), terms, rates=rates)[0]
    result, usage = used("git_close", text("done"), terms, rates=rates)
    assert result["isError"] is True
    assert "Try again in 1.0 seconds" in result["content"][0]["text"]
    assert usage.fields() == {"tool": "git_close", "refused": "rate"}  # no usage record


def crowd(limit: int, many: int = 5, hidden: tuple[str, ...] = (), usage: Usage | None = None) -> tuple[Any, Shelf]:
    """Ours and those of `git`, in a list of a limit, as the endpoint has them."""
    ours = Shelf("", {"tools": [tool("chat")]})
    theirs = Shelf("git", {"tools": [{**tool(f"make_{n}"), "description": f"Makes thing {n}"} for n in range(many)]})
    counts = usage.counts if usage else free
    sources = [guarded(one, lambda name: name not in hidden, counts) for one in (ours, theirs)]
    behind = server(*sources)
    offer = behind.offer()
    found = Crowd(offer.sources, offer.report, limit=limit)
    return Server(behind.version, lambda: found, behind.rounds, behind.ends_at), theirs


def names(behind: Server) -> list[str]:
    return [one["name"] for one in _answered(behind, "tools/list", None)["result"]["tools"]]


def run(behind: Server, name: str, /, **arguments: Any) -> Any:
    return _answered(behind, "tools/call", {"name": name, "arguments": arguments})


def test_up_to_the_limit_everything_is_listed_and_nothing_else_is_there() -> None:
    behind, _ = crowd(6)
    assert names(behind) == ["chat", *(f"git_make_{n}" for n in range(5))]
    for name in ("search_tools", "call_tool"):
        assert run(behind, name, query="make", name="chat")["error"]["code"] == INVALID_PARAMS


def test_beyond_it_the_list_has_ours_and_what_finds_and_calls_the_others() -> None:
    behind, theirs = crowd(5)
    assert names(behind) == ["call_tool", "chat", "search_tools"]
    found = run(behind, "search_tools", query="make 3", limit=2)["result"]["structuredContent"]
    assert found["tools"][0] == {
        "name": "git_make_3",
        "description": "Makes thing 3",
        "inputSchema": theirs.tools()[3]["inputSchema"],
    }
    assert (len(found["tools"]), found["found"]) == (2, 5)
    assert (
        run(behind, "call_tool", name="git_make_3", arguments={"a": 1})["result"]["content"][0]["text"]
        == "git did make_3"
    )
    [(name, params, _)] = theirs.asked
    assert (name, params["name"], params["arguments"]) == ("make_3", "make_3", {"a": 1})
    assert run(behind, "git_make_3")["result"]["content"][0]["text"] == "git did make_3"


def test_neither_finds_nor_calls_what_is_hidden() -> None:
    behind, theirs = crowd(3, hidden=("git_make_3",))
    found = run(behind, "search_tools", query="make 3", limit=20)["result"]["structuredContent"]
    assert "git_make_3" not in [one["name"] for one in found["tools"]]
    assert found["found"] == 4
    for how in ({"name": "git_make_3"}, {"name": "git_never"}, {"name": "call_tool"}):
        assert run(behind, "call_tool", **how)["error"]["code"] == INVALID_PARAMS
    assert theirs.asked == []


def test_what_is_called_by_another_is_counted_by_its_own_name() -> None:
    usage = Usage(CALLER, (ToolTerms("git_make_1", 9),), Rates(lambda: 0.0))
    behind, _ = crowd(3, usage=usage)
    run(behind, "call_tool", name="git_make_1")
    assert (usage.fields()["model"], usage.fields()["cost_microusd"]) == ("git_make_1", 9)


@pytest.mark.parametrize(
    ("name", "arguments"),
    [
        ("search_tools", {}),
        ("search_tools", {"query": ""}),
        ("search_tools", {"query": "x", "limit": 0}),
        ("search_tools", {"query": "x", "limit": 21}),
        ("call_tool", {}),
        ("call_tool", {"name": "git_make_1", "arguments": []}),
    ],
)
def test_what_they_are_asked_wrongly_the_model_is_told(name: str, arguments: dict[str, Any]) -> None:
    behind, _ = crowd(3)
    body = _answered(behind, "tools/call", {"name": name, "arguments": arguments})
    assert body["result"]["isError"] is True
