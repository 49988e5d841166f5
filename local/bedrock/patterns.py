"""A string that matches a regular expression, for arguments whose schema has a `pattern`."""

import re
from typing import Any

# The parser behind `re`: private by name, unchanged in form since Python 2.
PARSER: Any = re._parser  # type: ignore[attr-defined]
CHARACTERS = [*"aA0 ", *map(chr, range(33, 0x250))]  # the plainest first
CATEGORIES = {"DIGIT": r"\d", "WORD": r"\w", "SPACE": r"\s"}


def matching(pattern: str) -> str | None:
    """The plainest match of an unanchored or anchored pattern, or None where it is too clever for us."""
    try:
        text = "".join(map(emitted, PARSER.parse(pattern)))
        return text if re.search(pattern, text) else None
    except (re.error, NotImplementedError, StopIteration):
        return None


def emitted(node: tuple[Any, Any]) -> str:
    kind, value = str(node[0]), node[1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "ANY":
        return "a"
    if kind == "AT":
        return ""
    if kind in ("IN", "NOT_LITERAL"):
        options = value if kind == "IN" else [("NEGATE", None), ("LITERAL", value)]
        return next(character for character in CHARACTERS if allowed(options, character))
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, _, inner = value
        return "".join(map(emitted, inner)) * low
    if kind == "SUBPATTERN":
        return "".join(map(emitted, value[-1]))
    if kind == "BRANCH":
        return "".join(map(emitted, value[1][0]))
    raise NotImplementedError(kind)


def allowed(options: list[tuple[Any, Any]], character: str) -> bool:
    """Is the character in a set such as `[^a-z_]`?"""
    negated = str(options[0][0]) == "NEGATE"
    return any(covers(str(kind), value, character) for kind, value in options) != negated


def covers(kind: str, value: Any, character: str) -> bool:
    if kind == "LITERAL":
        return ord(character) == value
    if kind == "RANGE":
        return value[0] <= ord(character) <= value[1]
    if kind == "CATEGORY":
        letter = CATEGORIES[str(value).removeprefix("CATEGORY_").removeprefix("NOT_")]
        return bool(re.match(letter, character)) != ("NOT_" in str(value))
    return False
