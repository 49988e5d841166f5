import json

import pytest

from local.aws.filter_pattern import matching

USAGE = '{ $.message = "request" && $.kind = "*" }'


@pytest.mark.parametrize(
    ("line", "found"),
    [
        ({"message": "request", "kind": "completion"}, True),
        ({"message": "request", "kind": "embedding", "more": 1}, True),
        ({"message": "request"}, False),
        ({"message": "request", "kind": None}, False),
        ({"message": "request", "kind": 7}, False),
        ({"message": "requested", "kind": "completion"}, False),
        ({"message": "audit", "kind": "completion"}, False),
        (["request"], False),
        ("START RequestId: …", False),
    ],
)
def test_a_star_alone_is_any_text_that_is_there(line, found):
    assert matching(USAGE)(line if isinstance(line, str) else json.dumps(line)) is found


@pytest.mark.parametrize(
    ("text", "value", "found"),
    [("a*", "abc", True), ("*c", "abc", True), ("a*c", "abc", True), ("a.c", "abc", False), ("b*", "abc", False)],
)
def test_a_star_stands_for_any_characters_and_nothing_else_does(text, value, found):
    assert matching(f'{{ $.a.b = "{text}" }}')(json.dumps({"a": {"b": value}})) is found


def test_no_pattern_is_every_line():
    assert matching("")("anything")


@pytest.mark.parametrize(
    ("value", "found"),
    [(1, True), (0.5, True), (0, False), (-1, False), (True, False), ("1", False), (None, False), ([1], False)],
)
def test_more_than_a_number_is_a_number_that_is_more(value, found):
    pattern = '{ $.kind = "*" && $.cost_microusd > 0 }'
    assert matching(pattern)(json.dumps({"kind": "tool", "cost_microusd": value})) is found
    assert not matching(pattern)(json.dumps({"cost_microusd": value}))
    assert not matching(pattern)(json.dumps({"kind": "tool"}))


@pytest.mark.parametrize(
    "pattern",
    ["[a, b]", "error", "{ $.a = b }", "{ $.a >= 1 }", "{ $.a > b }", "{ $.a > 1", '{ $.a = "1" || $.b = "2" }'],
)
def test_a_pattern_that_is_not_known_finds_nothing_by_mistake(pattern):
    with pytest.raises(ValueError, match="no such filter pattern"):
        matching(pattern)
