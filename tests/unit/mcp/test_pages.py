"""Pages: whole, in order, and each begun where the one before it ended."""

from typing import Any

import pytest

from services.mcp import pages
from services.mcp.endpoint import answer
from services.mcp.protocol import RpcError
from tests.mcp_posts import modern
from tests.mcp_sources import Shelf, server, tool


def walked(has: Shelf, method: str = "tools/list", member: str = "tools") -> tuple[list[str], int]:
    """The names of all pages, and how many pages there were."""
    names: list[str] = []
    cursor, count = None, 0
    while True:
        body = answer(modern(method, {} if cursor is None else {"cursor": cursor}), server(has)).body
        assert body is not None
        names += [found["name"] for found in body["result"][member]]
        cursor, count = body["result"].get("nextCursor"), count + 1
        if cursor is None:
            return names, count


def test_a_list_that_fits_is_one_page() -> None:
    assert walked(Shelf(has={"tools": [tool("b"), tool("a")]})) == (["shelf_a", "shelf_b"], 1)


def test_many_come_in_pages_that_leave_nothing_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 7)
    names = [f"t{number:03}" for number in range(50)]

    found, count = walked(Shelf(has={"tools": [tool(name) for name in reversed(names)]}))

    assert found == [f"shelf_{name}" for name in names]
    assert count == 8


def test_large_ones_come_in_pages_too() -> None:
    description = "x" * (pages.PAGE_BYTES // 3)

    found, count = walked(Shelf(has={"tools": [tool(f"t{number}", description=description) for number in range(7)]}))

    assert len(found) == 7
    assert count == 4


def test_one_that_is_larger_than_a_page_is_a_page() -> None:
    huge = tool("huge", description="x" * (pages.PAGE_BYTES + 1))

    assert walked(Shelf(has={"tools": [huge, tool("z")]})) == (["shelf_huge", "shelf_z"], 2)


def test_what_comes_and_goes_between_two_pages_shifts_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 2)
    first = answer(modern("tools/list"), server(Shelf(has={"tools": [tool(name) for name in "bdfh"]}))).body
    assert first is not None
    cursor = first["result"]["nextCursor"]

    changed = server(Shelf(has={"tools": [tool(name) for name in "abcfgh"]}))  # d is gone, a, c and g are new
    second = answer(modern("tools/list", {"cursor": cursor}), changed).body

    assert second is not None
    assert [found["name"] for found in second["result"]["tools"]] == ["shelf_f", "shelf_g"]


def test_a_cursor_is_the_lists_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 1)
    has = Shelf(has={"tools": [tool("a"), tool("b")], "prompts": [{"name": "a"}, {"name": "b"}]})
    first = answer(modern("tools/list"), server(has)).body
    assert first is not None

    other = answer(modern("prompts/list", {"cursor": first["result"]["nextCursor"]}), server(has))

    assert (other.status, other.body and other.body["error"]["code"]) == (400, -32602)


@pytest.mark.parametrize("kind", ["prompts", "resources", "templates"])
def test_every_list_has_pages(kind: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "PAGE_ENTRIES", 1)
    key = {"prompts": "name", "resources": "uri", "templates": "uriTemplate"}[kind]
    has = Shelf(has={kind: [{"name": name, key: name} for name in "ab"]})
    method, member = {
        "prompts": ("prompts/list", "prompts"),
        "resources": ("resources/list", "resources"),
        "templates": ("resources/templates/list", "resourceTemplates"),
    }[kind]

    assert walked(has, method, member)[1] == 2


@pytest.mark.parametrize("change", [lambda c: c + "=", lambda c: c + "A", lambda c: c[:-1], lambda c: c.swapcase()])
def test_a_cursor_that_was_touched_is_unknown(change: Any) -> None:
    entries = [("s", "a"), ("s", "b" * pages.PAGE_BYTES)]
    _, cursor = pages.page(entries, lambda entry: entry, lambda entry: {"name": entry[1]}, "m", None)
    assert cursor is not None

    with pytest.raises(RpcError):
        pages.page(entries, lambda entry: entry, lambda entry: {"name": entry[1]}, "m", change(cursor))
