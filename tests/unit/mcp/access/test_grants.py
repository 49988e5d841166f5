"""What a caller may use: the group grants, deny wins, the key narrows, the toolset chooses."""

from typing import Any

import pytest

from pennyworth.principal import Principal, Tools
from services.mcp.access.grants import chosen, foreign, grants
from services.mcp.protocol import RpcError

TOOLSETS = {"issues": ("github_*issue*", "chat"), "reading": ("*_get_*",)}
ACTIONS = {"chat": "inference", "my_keys": "mcp", "my_usage": "usage"}


def caller(
    allow: tuple[str, ...] | None = None, deny: tuple[str, ...] = (), key: tuple[str, ...] = ("*",), **more: Any
) -> Principal:
    actions = frozenset(more.pop("actions", ("inference", "mcp")))
    return Principal("u", "n", "k", "g", "r", actions, ("*",), tools=Tools(allow, deny), key_tools=key, **more)


@pytest.mark.parametrize(
    ("who", "own", "theirs"),
    [
        (caller(), True, False),  # a group that says nothing: ours, and nobody else's
        (caller(("*",)), True, True),
        (caller(("github_*",)), False, True),
        (caller(("chat",)), True, False),
        (caller(()), False, False),
        (caller(("*",), ("github_*",)), True, False),
        (caller(("github_close_issue",), ("*_close_*",)), False, False),  # deny wins over the narrower allow
        (caller(None, ("chat",)), False, False),
        (caller(("*",), (), ("chat",)), True, False),
        (caller(("*",), (), ("github_*",)), False, True),
        (caller(("chat",), (), ("*",)), True, False),  # a key is never wider than its group
        (caller(("*",), ("*",), ("*",)), False, False),
        (caller(("*",), (), ("@issues",)), True, True),
        (caller(("*",), (), ("@reading",)), False, False),
        (caller(("*",), (), ("@gone",)), False, False),
        (caller(("*",), (), ("@gone", "chat")), True, False),
        (caller(("CHAT", "GitHub_*")), False, False),  # names are what they are
    ],
)
def test_what_is_granted(who: Principal, own: bool, theirs: bool) -> None:
    assert grants(who, None, TOOLSETS, ACTIONS)("chat") is own
    assert foreign(who, None, TOOLSETS)("github_close_issue") is theirs


def test_a_tool_of_ours_is_of_use_to_who_may_do_what_it_does() -> None:
    nothing = caller(("*",), actions=("mcp",))
    assert not grants(nothing, None, TOOLSETS, ACTIONS)("chat")
    assert grants(nothing, None, TOOLSETS, ACTIONS)("my_keys")
    assert not grants(nothing, None, TOOLSETS, ACTIONS)("my_usage")
    assert grants(caller(actions=("mcp", "usage")), None, TOOLSETS, ACTIONS)("my_usage")


def test_a_request_confines_itself_and_gets_no_more_for_it() -> None:
    confined = chosen("issues", TOOLSETS)
    assert foreign(caller(("*",)), confined, TOOLSETS)("github_close_issue")
    assert not foreign(caller(("*",)), confined, TOOLSETS)("github_get_repo")
    assert not foreign(caller(), confined, TOOLSETS)("github_close_issue")
    assert not foreign(caller(("*",), (), ("chat",)), confined, TOOLSETS)("github_close_issue")
    both = chosen("issues, reading", TOOLSETS)
    assert foreign(caller(("*",)), both, TOOLSETS)("github_get_repo")


@pytest.mark.parametrize("names", ["", " ", ",", ", ,"])
def test_no_toolset_is_no_confinement(names: str) -> None:
    assert chosen(names, TOOLSETS) is None


@pytest.mark.parametrize("names", ["isues", "issues,nope", "*", "@issues"])
def test_a_toolset_that_there_is_not_is_an_error_that_names_those_there_are(names: str) -> None:
    with pytest.raises(RpcError, match="There are: issues, reading") as raised:
        chosen(names, TOOLSETS)
    assert raised.value.status == 404


def test_what_the_authorizer_found_arrives_as_it_was() -> None:
    for who in (caller(), caller(("a*",), ("b",), ("c", "@d")), caller(()), caller(None, ("x",))):
        context = who.to_context()
        assert all(isinstance(value, str) for value in context.values())
        assert Principal.from_context(context) == who
    assert not {"tools", "key_tools"} & caller().to_context().keys()  # small for everyone who has none
