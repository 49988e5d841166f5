"""Tools found by words."""

import time
from typing import Any

import pytest

from services.mcp.access.search import ranked, words

TOOLS: dict[str, dict[str, Any]] = {
    "github_create_issue": {"description": "Open a new issue in a repository"},
    "github_list_issues": {"description": "List the issues of a repository"},
    "github_closePullRequest": {"description": "Close a pull request"},
    "jira_add": {"description": "Creates an issue in a project", "title": "Add issue"},
    "weather_get": {
        "description": "The forecast",
        "inputSchema": {"type": "object", "properties": {"city": {}, "days": {}}},
    },
}


def found(query: str) -> list[str]:
    return ranked(query, ((name, {"name": name, **tool}) for name, tool in TOOLS.items()))


@pytest.mark.parametrize(
    ("query", "first"),
    [
        ("create issue", "github_create_issue"),
        ("list issues", "github_list_issues"),
        ("close pull request", "github_closePullRequest"),
        ("CLOSE PULL", "github_closePullRequest"),
        ("forecast for a city", "weather_get"),
        ("city", "weather_get"),
        ("jira issue", "jira_add"),
    ],
)
def test_what_fits_best_comes_first(query: str, first: str) -> None:
    assert found(query)[0] == first


def test_a_word_is_found_by_its_beginning_and_less_than_by_itself() -> None:
    assert found("issue")[:2] == ["github_create_issue", "jira_add"]
    assert "github_list_issues" in found("issue")


@pytest.mark.parametrize("query", ["", "?!", "zzz", "  "])
def test_what_nothing_fits_finds_nothing(query: str) -> None:
    assert found(query) == []


def test_names_are_read_as_the_words_they_are_made_of() -> None:
    assert words("closePullRequest get_HTTPStatus x2 ärger") == [
        *("close", "pull", "request", "get", "http", "status", "x2"),
        *words("ärger"),
    ]


def test_a_server_that_describes_nothing_or_nonsense_is_searched_too() -> None:
    odd: list[Any] = [{"name": "a_tool"}, {"name": "b_tool", "description": None, "inputSchema": []}]
    assert ranked("tool", ((tool["name"], tool) for tool in odd)) == ["a_tool", "b_tool"]


def test_a_thousand_tools_are_searched_in_no_time() -> None:
    many = [{"name": f"server_{n}_do_{n}", "description": "a word " * 200} for n in range(1000)]
    started_at = time.perf_counter()
    ranked("do word " * 100, ((tool["name"], tool) for tool in many))
    assert time.perf_counter() - started_at < 5
