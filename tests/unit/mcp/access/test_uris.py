"""No other spelling of a URI is a way round a pattern."""

from fnmatch import fnmatchcase
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.mcp.access.guarded import guarded
from services.mcp.access.uris import plain
from services.mcp.endpoint import answer
from services.mcp.protocol import INVALID_PARAMS
from tests.mcp_posts import MODERN, speak
from tests.mcp_sources import Shelf, server

SECRET = [
    "file:///secret/x",
    "FILE:///secret/x",
    "file:/secret/x",
    "file:////secret/x",
    "file://localhost/secret/x",
    "file://LOCALHOST//secret/./x",
    "file:///handbook/../secret/x",
    "file:///handbook/..%2Fsecret/x",
    "file:///handbook/%2e%2E/secret/x",
    "file:///handbook/%252e%252e/secret/x",
    "file:///%73ecret/x",
    "file:///%2573ecret/x",
    "file:///handbook\\..\\secret\\x",
    "file:///handbook/%5c..%5c../secret/x",
    "file:///../../secret/x",
]


def read(uri: str, *, deny: str = "", allow: str = "*", prefixed: bool = True) -> Any:
    shelf = Shelf("docs", {"templates": [{"uriTemplate": "file:///{+path}", "name": "f"}]})

    def grants(name: str) -> bool:
        return fnmatchcase(name, allow) and not (deny and fnmatchcase(name, deny))

    source = guarded(shelf, grants, lambda _tool, _source, ask: ask())
    found = answer(speak(MODERN, "resources/read", {"uri": uri}), server(source, prefixed=prefixed))
    return found.body


@pytest.mark.parametrize("uri", SECRET)
def test_all_spellings_of_a_uri_come_to_one(uri: str) -> None:
    assert plain(uri) == SECRET[0]


@pytest.mark.parametrize("prefixed", [True, False])
@pytest.mark.parametrize("uri", SECRET)
def test_what_is_denied_is_not_read_by_another_spelling(uri: str, prefixed: bool) -> None:
    assert read(uri, deny="docs_file:///secret*", prefixed=prefixed)["error"]["code"] == INVALID_PARAMS
    assert read(uri, allow="docs_file:///handbook/*", prefixed=prefixed)["error"]["code"] == INVALID_PARAMS


@pytest.mark.parametrize("uri", ["file:///handbook/a", "file:///handbook/a%20b?x=1#y"])
def test_what_is_allowed_is_read(uri: str) -> None:
    assert read(uri, allow="docs_file:///handbook/*", prefixed=False)["result"]["contents"]


@pytest.mark.parametrize(
    ("uri", "expected"),
    [
        ("pennyworth://models", "pennyworth://models"),
        ("Git://Host.Example/A/B/", "git://host.example/A/B/"),
        ("urn:isbn:0451450523", "urn:isbn:0451450523"),
        ("https://a.example/x?next=/../y", "https://a.example/x?next=/../y"),
        ("https://a.example/a%20b%C3%A9", "https://a.example/a%20b%C3%A9"),
        ("no uri", "no uri"),
        ("", ""),
    ],
)
def test_what_means_something_else_stays(uri: str, expected: str) -> None:
    assert plain(uri) == expected


@given(st.text(alphabet="ab:/.%25eE2F\\?#", max_size=30))
def test_a_plain_uri_is_plain(uri: str) -> None:
    once = plain("file:///" + uri)
    assert once.startswith("file:///") or once == "file://" or once.startswith(("file://?", "file://#"))
    assert "/../" not in once.partition("?")[0].partition("#")[0]
