"""Finding tools by words. Pure."""

import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, TypeVar

_WORD = re.compile(r"[A-Z]?[a-z0-9]+|[A-Z]+(?![a-z])|[^\W\d_A-Za-z]+")  # of snake_case, camelCase and prose
_WEIGHTS = {"name": 4.0, "title": 3.0, "parameters": 1.5, "description": 1.0}
_BEGINNING = 0.5  # of a word that only begins so: "issue" finds "issues"
_SHORTEST = 3  # characters that a beginning counts from

Found = TypeVar("Found")


def ranked(query: str, tools: Iterable[tuple[Found, Mapping[str, Any]]]) -> list[Found]:
    """Those that have to do with the query, what fits best first; of equal ones in the order they came.

    A word counts where it says most, once. A tool that has more of the words goes before one that has fewer.
    """
    wanted = list(dict.fromkeys(words(query)))
    scored: list[tuple[float, int, Found]] = []
    for place, (found, tool) in enumerate(tools):
        fields = {name: words(text) for name, text in _texts(tool).items()}
        scores = [_score(word, fields) for word in wanted]
        if any(scores):
            scored.append((-sum(map(bool, scores)) * 10 - sum(scores), place, found))
    return [found for _, _, found in sorted(scored, key=lambda each: each[:2])]


def words(text: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(text)]


def _texts(tool: Mapping[str, Any]) -> dict[str, str]:
    schema = tool.get("inputSchema")
    properties = schema.get("properties") if isinstance(schema, Mapping) else None
    texts = {name: str(tool.get(name) or "") for name in ("name", "title", "description")}
    return {**texts, "parameters": " ".join(properties) if isinstance(properties, Mapping) else ""}


def _score(word: str, fields: Mapping[str, Sequence[str]]) -> float:
    return max(_WEIGHTS[name] * _fit(word, found) for name, found in fields.items())


def _fit(word: str, found: Sequence[str]) -> float:
    if word in found:
        return 1
    begins = len(word) >= _SHORTEST and any(
        other.startswith(word) or (len(other) >= _SHORTEST and word.startswith(other)) for other in found
    )
    return _BEGINNING if begins else 0
