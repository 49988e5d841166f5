"""A string that matches a regular expression, for arguments whose schema has a `pattern`."""

import re
from typing import Any

# The parser behind `re`: private by name, unchanged in form since Python 2.
PARSER: Any = re._parser  # type: ignore[attr-defined]


def matching(pattern: str) -> str | None:
    """The plainest match of an unanchored or anchored pattern, or None where it is too clever for us."""
    try:
        text = "".join(map(emitted, PARSER.parse(pattern)))
        return text if re.search(pattern, text) else None
    except (re.error, NotImplementedError):
        return None


def emitted(node: tuple[Any, Any]) -> str:
    kind, value = str(node[0]), node[1]
    if kind == "LITERAL":
        return chr(value)
    if kind == "ANY":
        return "a"
    if kind == "AT":
        return ""
    if kind == "IN":
        return chosen(value)
    if kind in ("MAX_REPEAT", "MIN_REPEAT", "POSSESSIVE_REPEAT"):
        low, _, inner = value
        return "".join(map(emitted, inner)) * low
    if kind == "SUBPATTERN":
        return "".join(map(emitted, value[-1]))
    if kind == "BRANCH":
        return "".join(map(emitted, value[1][0]))
    raise NotImplementedError(kind)


CATEGORIES = {"CATEGORY_DIGIT": "0", "CATEGORY_WORD": "a", "CATEGORY_SPACE": " ", "CATEGORY_NOT_DIGIT": "a"}


def chosen(options: list[tuple[Any, Any]]) -> str:
    """One character of a set."""
    (kind, value), *_ = options
    name = str(kind)
    if name == "LITERAL":
        return chr(value)
    if name == "RANGE":
        return chr(value[0])
    if name == "CATEGORY" and str(value) in CATEGORIES:
        return CATEGORIES[str(value)]
    raise NotImplementedError(name)
