"""Several sources as one: whose name is whose, what a failing one spoils, and what is hidden."""

import time
from dataclasses import replace
from typing import Any

import pytest

from services.mcp.aggregate import fits
from services.mcp.endpoint import answer
from services.mcp.eras import HANDSHAKE, SUPPORTED
from services.mcp.protocol import RpcError
from tests.mcp_posts import MODERN, modern, speak
from tests.mcp_sources import Dead, Shelf, builtin, server, tool

LISTS = {
    "tools/list": "tools",
    "prompts/list": "prompts",
    "resources/list": "resources",
    "resources/templates/list": "resourceTemplates",
}


def full(name: str) -> Shelf:
    return Shelf(
        name,
        {
            "tools": [tool("find"), tool("chat")],
            "prompts": [{"name": "greet"}],
            "resources": [{"uri": f"{name}://one", "name": "one"}],
            "templates": [{"uriTemplate": f"{name}://{{id}}/data", "name": "data"}],
        },
    )


def body(method: str, params: dict[str, Any] | None = None, *sources: Any, version: str = MODERN, **how: Any) -> Any:
    behind = server(*(sources or (builtin(), full("b"), full("a"))), **how)
    found = answer(speak(version, method, params), behind)
    assert found.body is not None
    return found.body


def names(method: str, *sources: Any, **how: Any) -> list[str]:
    listed = body(method, None, *sources, **how)["result"][LISTS[method]]
    return [one.get("uriTemplate") or one.get("uri") or one["name"] for one in listed]


def test_ours_come_first_then_each_source_under_its_name() -> None:
    assert names("tools/list") == [
        "chat",
        "count_tokens",
        "embed",
        "list_models",
        "a_chat",
        "a_find",
        "b_chat",
        "b_find",
    ]
    assert names("prompts/list") == ["a_greet", "b_greet"]
    assert names("resources/list") == ["a://one", "b://one"]
    assert names("resources/templates/list") == ["a://{id}/data", "b://{id}/data"]


def test_the_order_is_the_same_however_the_sources_come() -> None:
    assert names("tools/list", full("a"), full("b"), builtin()) == names("tools/list", builtin(), full("b"), full("a"))


def test_at_its_own_address_a_source_has_its_own_names() -> None:
    assert names("tools/list", full("a"), prefixed=False) == ["chat", "find"]
    assert (
        body("tools/call", {"name": "find"}, full("a"), prefixed=False)["result"]["content"][0]["text"] == "a did find"
    )
    assert body("tools/call", {"name": "a_find"}, full("a"), prefixed=False)["error"]["code"] == -32602


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_call_reaches_the_source_it_names_under_its_own_name(version: str) -> None:
    assert body("tools/call", {"name": "a_chat"}, version=version)["result"]["content"][0]["text"] == "a did chat"
    got = body("prompts/get", {"name": "b_greet"}, version=version)["result"]
    assert got["messages"][0]["content"]["text"] == "b says greet"
    for uri in ("a://one", "a://7/data"):
        read = body("resources/read", {"uri": uri}, version=version)["result"]
        assert read["contents"] == [{"uri": uri, "text": f"a has {uri}"}]


def test_completion_reaches_the_source_of_what_it_completes() -> None:
    argument = {"name": "id", "value": ""}
    for ref, own in (
        ({"type": "ref/prompt", "name": "b_greet"}, {"type": "ref/prompt", "name": "greet"}),
        ({"type": "ref/resource", "uri": "b://{id}/data"}, {"type": "ref/resource", "uri": "b://{id}/data"}),
    ):
        b = full("b")
        found = body("completion/complete", {"ref": ref, "argument": argument}, full("a"), b)
        assert found["result"]["completion"] == {"values": ["b"]}
        assert b.asked[0][1] == {"ref": own, "argument": argument}


def test_of_a_completion_only_the_first_hundred_values_go_out() -> None:
    many = {"complete": lambda *_: {"completion": {"values": [str(number) for number in range(150)], "total": 150}}}
    has = Shelf("a", {"prompts": [{"name": "greet"}]}, many)
    params = {"ref": {"type": "ref/prompt", "name": "a_greet"}, "argument": {"name": "n", "value": ""}}

    completion = body("completion/complete", params, has)["result"]["completion"]

    assert len(completion["values"]) == 100
    assert (completion["total"], completion["hasMore"]) == (150, True)


def test_two_names_that_read_alike_are_one_and_the_first_has_it() -> None:
    first, second = Shelf("a", {"tools": [tool("b_c")]}), Shelf("a_b", {"tools": [tool("c")]})

    assert names("tools/list", second, first) == ["a_b_c"]
    assert body("tools/call", {"name": "a_b_c"}, second, first)["result"]["content"][0]["text"] == "a did b_c"


def test_nobody_takes_the_name_of_one_of_ours() -> None:
    thief = Shelf("list", {"tools": [tool("models")]})

    assert names("tools/list", thief, builtin()) == ["chat", "count_tokens", "embed", "list_models"]
    assert (
        body("tools/call", {"name": "list_models"}, thief, builtin())["result"]["content"][0]["text"] == "list_models"
    )
    assert not thief.asked


@pytest.mark.parametrize("method", LISTS)
def test_a_dead_source_is_left_out_of_a_list_and_reported(method: str) -> None:
    reports: list[tuple[str, Exception]] = []

    found = names(method, full("a"), Dead("dead"), reports=reports)

    assert found == names(method, full("a"))
    assert [source for source, _ in reports] == ["dead"]


@pytest.mark.parametrize("version", SUPPORTED)
def test_a_call_to_a_dead_source_says_so_to_the_model(version: str) -> None:
    found = body("tools/call", {"name": "dead_find"}, full("a"), Dead("dead"), version=version)["result"]

    assert found["isError"] is True
    assert "'dead' does not answer" in found["content"][0]["text"]
    assert "10.0.0.7" not in str(found)


def test_a_prompt_of_a_dead_source_is_an_error_that_names_it() -> None:
    error = body("prompts/get", {"name": "dead_greet"}, full("a"), Dead("dead"))["error"]

    assert error["code"] == -32603
    assert "'dead' does not answer" in error["message"]


def test_a_dead_source_keeps_nobody_from_the_resources_of_others() -> None:
    read = body("resources/read", {"uri": "a://one"}, Dead("aa"), full("a"), Dead("dead"))
    assert read["result"]["contents"][0]["text"] == "a has a://one"
    assert body("resources/read", {"uri": "x://y"}, Dead("dead"), full("a"))["error"]["code"] == -32602


@pytest.mark.parametrize("item", [{}, {"name": None}, {"name": 7}])
def test_what_has_no_name_is_not_listed(item: Any) -> None:
    assert names("tools/list", Shelf("a", {"tools": [item, tool("find")]})) == ["a_find"]


def test_a_source_that_lists_nonsense_is_a_dead_one() -> None:
    assert names("tools/list", Shelf("a", {"tools": [None, "x"]}), full("b")) == ["b_chat", "b_find"]  # type: ignore[list-item]


@pytest.mark.parametrize(
    ("method", "name", "call", "member"),
    [
        ("tools/list", "a_find", "tools/call", "name"),
        ("tools/list", "chat", "tools/call", "name"),
        ("prompts/list", "b_greet", "prompts/get", "name"),
        ("resources/list", "a://one", "resources/read", "uri"),
    ],
)
def test_what_is_hidden_is_neither_listed_nor_there(method: str, name: str, call: str, member: str) -> None:
    known = [full("a"), full("b"), Shelf("", {"tools": [tool("chat")]})]
    hidden = [replace(source, hidden=(name.removeprefix(f"{source.name}_"),)) for source in known]
    called = body(call, {member: name}, *hidden)

    assert set(names(method, *known)) - set(names(method, *hidden)) >= {name}
    assert called == body(call, {member: name}, builtin({}))  # word for word what one hears of what does not exist
    assert called["error"]["code"] == -32602


def test_what_is_hidden_is_hidden_at_the_sources_own_address_too() -> None:
    hidden = replace(full("a"), hidden=("find", "link://from-a-tool"))

    assert names("tools/list", hidden, prefixed=False) == ["chat"]
    assert body("tools/call", {"name": "find"}, hidden, prefixed=False)["error"]["code"] == -32602
    assert body("resources/read", {"uri": "link://from-a-tool"}, hidden, prefixed=False)["error"]["code"] == -32602


def test_a_hidden_tool_of_a_dead_source_is_unknown() -> None:
    error = body("tools/call", {"name": "dead_find"}, Dead("dead", hidden=("find",)))["error"]

    assert error["code"] == -32602


def test_a_hidden_template_opens_no_resource() -> None:
    hidden = replace(full("a"), hidden=("a://{id}/data",))

    assert body("resources/read", {"uri": "a://7/data"}, hidden)["error"]["code"] == -32602


def test_alone_a_server_is_asked_for_resources_that_no_list_has() -> None:
    read = body("resources/read", {"uri": "link://from-a-tool"}, full("a"), prefixed=False)

    assert read["result"]["contents"][0]["text"] == "a has link://from-a-tool"


@pytest.mark.parametrize(("version", "code"), [(MODERN, -32602), *((version, -32002) for version in HANDSHAKE)])
def test_a_resource_that_its_source_does_not_have_is_named_in_the_error(version: str, code: int) -> None:
    def missing(*_: Any) -> Any:
        raise RpcError(-32602, "The server has no such resource.")

    has = Shelf("a", {"templates": full("a").templates()}, {"a://7/data": missing})

    error = body("resources/read", {"uri": "a://7/data"}, has, version=version)["error"]

    assert error == {"code": code, "message": "The server has no such resource.", "data": {"uri": "a://7/data"}}


@pytest.mark.parametrize(
    ("uri", "template", "found"),
    [
        ("test://7/data", "test://{id}/data", True),
        ("test://a/b/data", "test://{+path}/data", True),
        ("test://7/info", "test://{id}/data", False),
        ("other://7/data", "test://{id}/data", False),
        ("test://data", "test://{id}/data", False),
        ("test://fixed", "test://fixed", True),
        ("test://fixed/", "test://fixed", False),
        ("a/b/c", "{x}/b/{y}", True),
        ("a/c", "{x}/b/{y}", False),
        ("aba", "ab{x}ba", False),
        ("test://a?q=1", "test://a{?q,r}", True),
        ("anything", "{+all}", True),
    ],
)
def test_a_template_has_the_uris_that_hold_its_fixed_parts(uri: str, template: str, found: bool) -> None:
    assert fits(uri, template) is found


def test_a_template_made_to_take_long_does_not() -> None:
    started = time.monotonic()

    fits("a" * 100_000 + "!", "{x}a" * 1_000 + "{x}b")

    assert time.monotonic() - started < 1


def test_a_source_never_sees_what_proves_the_caller() -> None:
    has = full("a")
    headers = {
        "Authorization": "Bearer sk-pw-secret",
        "X-Api-Key": "sk-pw-secret",
        "Cookie": "session=secret",
        "Proxy-Authorization": "Basic c2VjcmV0",
        "X-Tenant": "blue",
    }

    answer(modern("tools/call", {"name": "a_find"}, headers), server(has))

    [(_, params, asked)] = has.asked
    assert asked.headers["x-tenant"] == "blue"
    assert "secret" not in str(asked.headers)
    assert "_meta" not in params


@pytest.mark.parametrize(
    ("method", "params", "kinds"),
    [
        ("resources/read", {"uri": "x://y"}, ["resources", "templates"]),
        ("tools/call", {"name": "a_find"}, []),  # its name says whose it is
    ],
)
def test_sources_are_told_before_all_of_them_are_looked_through(method: str, params: Any, kinds: list[str]) -> None:
    told: list[str] = []
    behind = server(full("a"), full("b"))
    offer = replace(behind.offer(), ahead=told.append)

    answer(speak(MODERN, method, params), replace(behind, offer=lambda: offer))

    assert told == kinds


def test_a_template_of_anything_takes_no_reads_from_others() -> None:
    """The attack: a server that is put first by its name offers to read whatever is asked for."""
    for greedy in ("{x}", "{+x}", "{x}{y}", "{scheme}://{+rest}", "/{x}", "b{x}"):
        thief = Shelf("a", {"templates": [{"uriTemplate": greedy, "name": "all"}]})
        assert body("resources/read", {"uri": "b://7/data"}, thief, full("b"))["result"]["contents"][0][
            "text"
        ].startswith("b")
        assert body("resources/read", {"uri": "c://7/data"}, thief, full("b"))["error"]["code"] == -32602
        alone = body("resources/read", {"uri": "b://7/data"}, thief, prefixed=False)
        assert alone["result"]["contents"][0]["text"] == "a has b://7/data"


def test_of_templates_that_fit_the_one_that_says_more_has_it() -> None:
    wide = Shelf("a", {"templates": [{"uriTemplate": "docs://{+path}", "name": "wide"}]})
    close = Shelf("b", {"templates": [{"uriTemplate": "docs://users/{name}", "name": "close"}]})

    assert body("resources/read", {"uri": "docs://users/ada"}, wide, close)["result"]["contents"][0]["text"][0] == "b"
    assert body("resources/read", {"uri": "docs://groups/a"}, wide, close)["result"]["contents"][0]["text"][0] == "a"
