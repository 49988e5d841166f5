"""Answers that break what their tool promises: an error to whoever was promised it, and free, whatever the way."""

from collections.abc import Mapping
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from pennyworth.principal import Principal
from pennyworth.settings import ToolTerms
from services.mcp.access.crowd import Crowd
from services.mcp.access.guarded import guarded
from services.mcp.access.usage import Rates, Usage
from services.mcp.endpoint import Server, answer
from services.mcp.eras import HANDSHAKE, SUPPORTED
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.outputs import misfit
from services.mcp.upstream.pages import Listed
from services.mcp.upstream.upstream import Served, Upstream
from tests.mcp_posts import MODERN, speak
from tests.mcp_sources import server, tool

CALLER = Principal("u", "n", "k", "g", "r", frozenset({"mcp"}), ("*",))
PRICE = 500  # micro-dollars
MADE = {"type": "object", "properties": {"made": {"type": "integer"}}, "required": ["made"]}
SAID = [{"type": "text", "text": "many"}]
GOOD = {"content": SAID, "structuredContent": {"made": 1}}
BROKEN = {"content": SAID, "structuredContent": {"made": "many"}}


class Backend:
    """A server with one tool."""

    def __init__(self, promised: object, result: Mapping[str, Any]) -> None:
        self.tool, self.result = tool("make", **({} if promised is None else {"outputSchema": promised})), dict(result)

    def listed(self, *_: object) -> Listed:
        return Listed([self.tool], 60_000)

    def request(self, *_: object) -> dict[str, Any]:
        return self.result

    def shows(self, _text: str) -> bool:
        return False

    def close(self) -> None: ...


def called(
    result: Mapping[str, Any], promised: object = MADE, version: str = MODERN, found: bool = False
) -> tuple[dict[str, Any], int]:
    """The result a client gets, and what the call cost; of a tool called by its name, or as one that was found."""
    served = Served(Declared.of("there", '{"type": "http", "url": "https://a.example/mcp"}'), Backend(promised, result))
    usage = Usage(CALLER, (ToolTerms("there_make", PRICE),), Rates(lambda: 0.0))
    behind = server(guarded(Upstream("there", lambda: served), lambda _: True, usage.counts), ends_at=1e18)
    offer = behind.offer()
    crowd = Crowd(offer.sources, offer.report, limit=0)
    asked = {"name": "call_tool", "arguments": {"name": "there_make"}} if found else {"name": "there_make"}
    body = answer(
        speak(version, "tools/call", asked), Server(behind.version, lambda: crowd, behind.rounds, behind.ends_at)
    ).body
    assert body is not None
    return body["result"], usage.fields().get("cost_microusd", 0)


@pytest.mark.parametrize("found", [False, True], ids=["by its name", "through call_tool"])
def test_an_answer_that_is_not_what_was_promised_is_a_failure_that_says_where_and_costs_nothing(found: bool) -> None:
    result, cost = called(BROKEN, found=found)

    assert result["isError"] is True
    assert "'made' must be of type integer" in result["content"][0]["text"]
    assert result["content"][1:] == SAID
    assert "structuredContent" not in result
    assert cost == 0
    assert called(GOOD, found=found)[1] == PRICE


@pytest.mark.parametrize("found", [False, True], ids=["by its name", "through call_tool"])
def test_data_that_was_promised_and_did_not_come_is_a_failure_too(found: bool) -> None:
    """The official SDKs' clients raise an exception for it, and show a model nothing of what was said."""
    result, cost = called({"content": SAID}, found=found)

    assert result["isError"] is True
    assert "structuredContent is missing" in result["content"][0]["text"]
    assert result["content"][1:] == SAID
    assert cost == 0


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_promise_counts_for_clients_that_were_shown_it(version: str) -> None:
    """Those of before 2025-06-18 know no outputSchema, and until 2026-07-28 it described objects alone."""
    for promised, result, shown in (
        (MADE, BROKEN, version >= "2025-06-18"),
        (MADE, {"content": SAID}, version >= "2025-06-18"),
        ({"type": "array"}, BROKEN, version not in HANDSHAKE),
    ):
        told, cost = called(result, promised, version)
        assert (told.get("isError", False), cost) == (shown, 0 if shown else PRICE)


def test_a_failure_needs_not_fit_what_was_promised() -> None:
    failure = {"content": [], "structuredContent": {"why": "x"}, "isError": True}

    assert called(failure)[0]["structuredContent"] == {"why": "x"}


def test_a_question_needs_not_fit_either() -> None:
    assert called({"resultType": "input_required", "requestState": "x"})[0]["resultType"] == "input_required"


def test_what_promises_nothing_may_answer_anything() -> None:
    for result in (BROKEN, {"content": SAID}, {"content": [], "structuredContent": [1]}):
        assert called(result, None)[1] == PRICE


def test_no_reference_is_followed() -> None:
    promised = {"type": "object", "properties": {"made": {"$ref": "https://evil.example.net/schema.json"}}}

    assert called(GOOD, promised)[0].get("isError") is None


values = st.recursive(
    st.none() | st.booleans() | st.integers(-9, 9) | st.sampled_from([0.5, 1.0]) | st.sampled_from(["", "a"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
    max_leaves=8,
)
kinds = st.sampled_from(["object", "array", "string", "boolean", "integer", "number", "null"])
schemas: st.SearchStrategy[Any] = st.recursive(
    st.booleans() | st.fixed_dictionaries({}, optional={"type": kinds | st.lists(kinds, min_size=1, unique=True)}),
    lambda inner: st.fixed_dictionaries(
        {},
        optional={
            "type": kinds,
            "properties": st.dictionaries(st.sampled_from("abc"), inner, max_size=3),
            "required": st.lists(st.sampled_from("abc"), unique=True),
            "additionalProperties": inner,
            "patternProperties": st.dictionaries(st.sampled_from(["a", "^b"]), inner, max_size=1),
            "items": inner,
            "prefixItems": st.lists(inner, min_size=1, max_size=2),
            "enum": st.lists(values, min_size=1, max_size=2),
            "minLength": st.integers(0, 2),
        },
    ),
    max_leaves=6,
)


@given(values, schemas)
def test_what_is_found_not_to_fit_does_not(value: Any, schema: Any) -> None:
    if misfit(value, schema) is not None:
        assert not Draft202012Validator(schema).is_valid(value)


SIMPLE = st.recursive(
    st.fixed_dictionaries({"type": kinds}),
    lambda inner: (
        st.fixed_dictionaries(
            {"type": st.just("object"), "properties": st.dictionaries(st.sampled_from("abc"), inner)},
            optional={
                "required": st.lists(st.sampled_from("abc"), unique=True),
                "additionalProperties": st.just(False),
            },
        )
        | st.fixed_dictionaries({"type": st.just("array"), "items": inner})
    ),
    max_leaves=6,
)


@given(values, SIMPLE)
def test_for_what_schemas_mostly_consist_of_everything_is_found(value: Any, schema: Any) -> None:
    assert (misfit(value, schema) is None) == Draft202012Validator(schema).is_valid(value)
