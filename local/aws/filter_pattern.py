"""CloudWatch's filter patterns, the part of them that is used here: fields of a JSON line that equal a text. Pure.

`{ $.message = "request" && $.kind = "*" }`: of a text `*` stands for any characters, so `"*"` alone is any text at all.
Source: Amazon CloudWatch Logs user guide, filter pattern syntax (read 2026-11).
"""

import json
import re
from collections.abc import Callable
from typing import Any

_FIELD = r'\$\.([A-Za-z_.]+) *= *"([^"\\]*)"'
_PATTERN = re.compile(rf"\{{ *{_FIELD}(?: *&& *{_FIELD})* *\}}")


def matching(pattern: str) -> Callable[[str], bool]:
    """Whether a line matches. Raises ValueError for a pattern that is not known here: it must not find everything."""
    if not pattern:
        return lambda _: True
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"This stand-in knows no such filter pattern: {pattern}")
    wanted = [(path, re.compile(_expression(text), re.DOTALL)) for path, text in re.findall(_FIELD, pattern)]

    def matches(message: str) -> bool:
        try:
            line = json.loads(message)
        except ValueError:
            return False
        return all(isinstance(value := _at(line, path), str) and text.fullmatch(value) for path, text in wanted)

    return matches


def _expression(text: str) -> str:
    return ".*".join(map(re.escape, text.split("*")))


def _at(line: Any, path: str) -> Any:
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line
