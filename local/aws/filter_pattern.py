"""CloudWatch's filter patterns, the part of them that is used here: fields of a JSON line that equal a text, or are
more than a number. Pure.

`{ $.message = "request" && $.kind = "*" }`: of a text `*` stands for any characters, so `"*"` alone is any text at all.
`{ $.cost_microusd > 0 }`: a field that is not there, or is no number, is not more.
Source: Amazon CloudWatch Logs user guide, filter pattern syntax (read 2026-11).
"""

import json
import re
from collections.abc import Callable
from typing import Any

_TEST = r'\$\.([A-Za-z_.]+) *(?:= *"([^"\\]*)"|> *(\d+))'
_PATTERN = re.compile(rf"\{{ *{_TEST}(?: *&& *{_TEST})* *\}}")


def matching(pattern: str) -> Callable[[str], bool]:
    """Whether a line matches. Raises ValueError for a pattern that is not known here: it must not find everything."""
    if not pattern:
        return lambda _: True
    if not _PATTERN.fullmatch(pattern):
        raise ValueError(f"This stand-in knows no such filter pattern: {pattern}")
    tests = [(path, _over(int(most)) if most else _like(text)) for path, text, most in re.findall(_TEST, pattern)]

    def matches(message: str) -> bool:
        try:
            line = json.loads(message)
        except ValueError:
            return False
        return all(holds(_at(line, path)) for path, holds in tests)

    return matches


def _like(text: str) -> Callable[[Any], bool]:
    wanted = re.compile(".*".join(map(re.escape, text.split("*"))), re.DOTALL)
    return lambda value: isinstance(value, str) and wanted.fullmatch(value) is not None


def _over(most: int) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, int | float) and not isinstance(value, bool) and value > most


def _at(line: Any, path: str) -> Any:
    for name in path.split("."):
        line = line.get(name) if isinstance(line, dict) else None
    return line
