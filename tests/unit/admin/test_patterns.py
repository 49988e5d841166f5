"""Patterns against patterns, held to fnmatch by names."""

from fnmatch import fnmatchcase

import pytest
from hypothesis import given
from hypothesis import strategies as st

from services.admin.patterns import covers, meets

PATTERNS = st.text("ab*?", max_size=5)
NAMES = st.text("ab", max_size=6)


@given(PATTERNS, PATTERNS, NAMES)
def test_what_covers_matches_all_that_the_other_does(wide, narrow, name):
    if covers(wide, narrow) and fnmatchcase(name, narrow):
        assert fnmatchcase(name, wide)


@given(PATTERNS, PATTERNS, NAMES)
def test_two_that_match_one_name_meet(one, other, name):
    if fnmatchcase(name, one) and fnmatchcase(name, other):
        assert meets(one, other)


@pytest.mark.parametrize(
    ("wide", "narrow", "expected"),
    [
        ("*", "*", True),
        ("nova-*", "nova-pro", True),
        ("nova-*", "nova-*-v1", True),
        ("nova-?", "nova-*", False),
        ("nova-pro", "nova-*", False),
        ("nova-*", "claude-*", False),
        ("*-mini", "nova-mini", True),
        ("", "", True),
        ("a" * 2000 + "*", "a" * 2000, True),
    ],
)
def test_covers(wide, narrow, expected):
    assert covers(wide, narrow) is expected


@pytest.mark.parametrize(
    ("one", "other", "expected"),
    [
        ("nova-*", "*-mini", True),
        ("nova-*", "claude-*", False),
        ("nova-?", "nova-pro", False),
        ("n*a", "n?a", True),
        ("", "*", True),
    ],
)
def test_meets(one, other, expected):
    assert meets(one, other) is meets(other, one) is expected
