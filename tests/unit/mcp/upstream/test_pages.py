"""A list is held to its bound in the bytes it takes on the wire."""

import json

import pytest

from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.pages import whole

TOOLS = [{"name": f"tool-{number}", "inputSchema": {"type": "object", "properties": {}}} for number in range(100)]


def size(items: object) -> int:
    return len(json.dumps(items, separators=(",", ":"), ensure_ascii=False).encode())


def test_a_list_that_fits_an_answer_is_not_too_long_for_a_list() -> None:
    assert whole("tools", lambda _: {"tools": TOOLS}, size(TOOLS)).items == TOOLS
    with pytest.raises(Unreachable, match="allowed"):
        whole("tools", lambda _: {"tools": TOOLS}, size(TOOLS) - 1)


def test_other_alphabets_count_as_the_bytes_they_are() -> None:
    named = [{"name": "a", "description": "\u540d" * 1000}]
    assert whole("tools", lambda _: {"tools": named}, size(named)).items == named
    with pytest.raises(Unreachable, match="allowed"):
        whole("tools", lambda _: {"tools": named}, size(named) - 1)


def test_pages_count_together() -> None:
    def page(at: object) -> dict[str, object]:
        return {"tools": TOOLS} if at else {"tools": TOOLS, "nextCursor": "2"}

    assert len(whole("tools", page, 2 * size(TOOLS)).items) == 200
    with pytest.raises(Unreachable, match="allowed"):
        whole("tools", page, 2 * size(TOOLS) - 1)
