"""An authorizer's policy document, read as API Gateway reads it."""

import re
from collections.abc import Iterable
from typing import Any, NamedTuple

_VERSIONS = ("2012-10-17", "2008-10-17")
_ACTION = "execute-api:Invoke"
_KEYS = frozenset({"Sid", "Effect", "Action", "Resource"})


class _Statement(NamedTuple):
    allows: bool
    resources: tuple[re.Pattern[str], ...]


class Policy:
    """Raises ValueError for a document that says something else, or something that is not understood here."""

    def __init__(self, document: Any) -> None:
        if not isinstance(document, dict) or document.get("Version") not in _VERSIONS:
            raise ValueError(f"policyDocument must be an object of Version {_VERSIONS[0]}")
        statements = document.get("Statement")
        if isinstance(statements, dict):
            statements = [statements]
        if not isinstance(statements, list) or not statements:
            raise ValueError("policyDocument.Statement must be a list")
        read = [_statement(each) for each in statements]
        self._statements = [each for each in read if each is not None]

    def allows(self, arn: str) -> bool:
        """Whether a method may be called: a Deny that fits wins, without an Allow that fits it may not."""
        fitting = [each.allows for each in self._statements if any(one.fullmatch(arn) for one in each.resources)]
        return bool(fitting) and all(fitting)


def _statement(statement: Any) -> _Statement | None:
    """None for a statement about other actions."""
    if not isinstance(statement, dict) or statement.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("a statement must be an object with the Effect Allow or Deny")
    if unknown := statement.keys() - _KEYS:
        raise ValueError(f"a statement's {sorted(unknown)} are not understood")
    actions, resources = _texts(statement, "Action"), _texts(statement, "Resource")
    if not any(_pattern(action, re.IGNORECASE).fullmatch(_ACTION) for action in actions):
        return None
    return _Statement(statement["Effect"] == "Allow", tuple(_pattern(resource) for resource in resources))


def _texts(statement: dict[str, Any], key: str) -> Iterable[str]:
    value = statement.get(key)
    texts = [value] if isinstance(value, str) else value
    if not isinstance(texts, list) or not texts or not all(isinstance(text, str) and text for text in texts):
        raise ValueError(f"a statement's {key} must be a text or a list of them")
    return texts


def _pattern(text: str, flags: int = 0) -> re.Pattern[str]:
    """`*` is any text, slashes included; `?` one character."""
    parts = (".*" if part == "*" else "." if part == "?" else re.escape(part) for part in re.split(r"([*?])", text))
    return re.compile("".join(parts), flags | re.DOTALL)
