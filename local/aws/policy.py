"""IAM's policy evaluation: what an identity's policies allow within its permissions boundary. Pure.

An explicit Deny wins, without an Allow nothing is allowed, and a boundary must allow as well. What is not understood
raises ValueError. There is nothing here of session policies and of organisations' policies, which this system has
none of. Source: IAM user guide, policy evaluation logic, JSON policy elements (read 2026-11).
"""

import json
import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

Context = Mapping[str, str | tuple[str, ...]]  # by condition key in lower case
_NOTHING: Context = {}

_WITH_VARIABLES = "2012-10-17"
_ELEMENTS = {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition", "Principal"}
_VARIABLE = re.compile(r"\$\{([^}]*)\}")
_DEFAULTED = re.compile(r"([^,]+?)\s*,\s*'(.*)'")


class _Unknown(Exception):  # noqa: N818 -- not a fault: a variable that the request has no value for
    """The pattern that holds it matches nothing."""


@dataclass(frozen=True, slots=True)
class Test:
    """One key of a Condition: whether a request's values pass."""

    __test__ = False  # nothing of pytest's

    operator: str  # without its prefix and suffix, and not negated
    key: str
    values: tuple[str, ...]
    variables: bool
    quantifier: str = ""  # ForAnyValue, ForAllValues
    negated: bool = False
    if_exists: bool = False

    def passes(self, context: Context) -> bool:
        found = context.get(self.key)
        if self.operator == "Null":
            return (found is None) == (self.values[0].lower() == "true")
        if found is None:
            return self.if_exists or self.quantifier == "ForAllValues" or (self.negated and not self.quantifier)
        given = (found,) if isinstance(found, str) else found
        if self.quantifier == "ForAnyValue":
            return any(self._fits(value, context) for value in given)
        if self.quantifier == "ForAllValues":
            return all(self._fits(value, context) for value in given)
        # A key of several values wants a quantifier: without one nothing is sure.
        return self._fits(given[0], context) if len(given) == 1 else self.negated

    def _fits(self, value: str, context: Context) -> bool:
        equal = _OPERATORS[self.operator]
        return any(equal(value, each, context, self.variables) for each in self.values) != self.negated


def _is_equal(value: str, pattern: str, context: Context, variables: bool) -> bool:
    try:
        return value == _resolved(pattern, context) if variables else value == pattern
    except _Unknown:
        return False


def _is_alike(value: str, pattern: str, context: Context, variables: bool) -> bool:
    return _matches(value, pattern, context, variables=variables)


def _is_arn(value: str, pattern: str, context: Context, variables: bool) -> bool:
    return _matches(value, pattern, context, variables=variables, arn=True)


def _is_same(value: str, pattern: str, context: Context, variables: bool) -> bool:
    return _is_equal(value.lower(), pattern.lower(), context, variables)


_OPERATORS: dict[str, Callable[[str, str, Context, bool], bool]] = {
    "StringEquals": _is_equal,
    "StringEqualsIgnoreCase": _is_same,
    "StringLike": _is_alike,
    "ArnEquals": _is_arn,
    "ArnLike": _is_arn,
    "Bool": _is_same,
    "Null": _is_same,
}


@dataclass(frozen=True, slots=True)
class Statement:
    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    tests: tuple[Test, ...]
    other_actions: bool  # all but those: NotAction
    other_resources: bool
    variables: bool

    def fits(self, action: str, resource: str, context: Context) -> bool:
        return (
            any(_matches(action.lower(), each, _NOTHING) for each in self.actions) != self.other_actions
            and any(_matches(resource, each, context, variables=self.variables, arn=True) for each in self.resources)
            != self.other_resources
            and self.holds(context)
        )

    def holds(self, context: Context) -> bool:
        """Whether its Condition does."""
        return all(test.passes(context) for test in self.tests)


@lru_cache(maxsize=256)
def statements(document: str) -> tuple[Statement, ...]:
    """A policy document's. Raises ValueError for what is none, or not understood here."""
    policy = json.loads(document)
    if not isinstance(policy, dict) or "Statement" not in policy:
        raise ValueError("a policy is an object with a Statement")
    variables = policy.get("Version") == _WITH_VARIABLES
    return tuple(statement(each, variables) for each in _list(policy["Statement"]))


def statement(element: Mapping[str, Any], variables: bool = True) -> Statement:
    """`Principal` is for the caller to look at; where a trust policy has no Resource, every one is meant."""
    if unknown := element.keys() - _ELEMENTS:
        raise ValueError(f"a statement's {sorted(unknown)} is not understood")
    if element.get("Effect") not in ("Allow", "Deny"):
        raise ValueError("a statement's Effect is Allow or Deny")
    if ("Action" in element) == ("NotAction" in element) or ("Resource" in element and "NotResource" in element):
        raise ValueError("a statement has either Action or NotAction, and either Resource or NotResource")
    return Statement(
        element["Effect"] == "Allow",
        tuple(each.lower() for each in _list(element.get("Action", element.get("NotAction")))),
        tuple(_list(element.get("Resource", element.get("NotResource", "*")))),
        tuple(
            _test(operator, key, values, variables)
            for operator, tests in element.get("Condition", {}).items()
            for key, values in tests.items()
        ),
        "NotAction" in element,
        "NotResource" in element,
        variables,
    )


def _test(operator: str, key: str, values: Any, variables: bool) -> Test:
    quantifier, _, name = operator.rpartition(":")
    plain = name.removesuffix("IfExists")
    positive = plain.replace("Not", "", 1) if plain.startswith(("String", "Arn")) else plain
    if positive not in _OPERATORS or quantifier not in ("", "ForAnyValue", "ForAllValues"):
        raise ValueError(f"the condition operator {operator} is not understood")
    texts = tuple(str(each).lower() if isinstance(each, bool) else str(each) for each in _list(values))
    return Test(positive, key.lower(), texts, variables, quantifier, positive != plain, plain != name)


@dataclass(frozen=True, slots=True)
class Access:
    """What one principal may do. `policies` and `boundary` are documents; `context` holds the keys that are the
    principal's own, such as aws:principaltag/user."""

    policies: tuple[str, ...] = ()
    boundary: str | None = None
    context: Context = field(default_factory=dict)

    def refusal(self, action: str, resource: str, context: Context = _NOTHING) -> str | None:
        """Why AWS would refuse, as its messages end; None for what is allowed."""
        known = frozenset({**self.context, **context}.items())
        return _refusal(self.policies, self.boundary, action, resource, known)


@lru_cache(maxsize=4096)
def _refusal(
    policies: tuple[str, ...],
    boundary: str | None,
    action: str,
    resource: str,
    known: frozenset[tuple[str, str | tuple[str, ...]]],
) -> str | None:
    """Kept, for a client asks the same again and again, and a group's policy is long."""
    context = dict(known)
    found = [("an identity-based policy", effects(policies, action, resource, context))]
    if boundary is not None:
        found.append(("a permissions boundary", effects((boundary,), action, resource, context)))
    for kind, each in found:
        if False in each:
            return f"with an explicit deny in {kind}"
    for kind, each in found:
        if True not in each:
            return f"because no {kind.partition(' ')[2]} allows the {action} action"
    return None


def access(policies: Iterable[str], boundary: str | None, tags: Mapping[str, str]) -> Access:
    """Of a principal with these tags."""
    return Access(tuple(policies), boundary, {f"aws:principaltag/{name.lower()}": tags[name] for name in tags})


def effects(documents: Iterable[str], action: str, resource: str, context: Context) -> set[bool]:
    """Of the statements that fit: True for Allow, False for Deny."""
    return {
        each.allows for document in documents for each in statements(document) if each.fits(action, resource, context)
    }


def denied(principal: str, action: str, resource: str, reason: str) -> str:
    """AWS's message. Source: IAM user guide, troubleshoot access denied error messages (read 2026-11)."""
    return f"User: {principal} is not authorized to perform: {action} on resource: {resource} {reason}"


def _matches(text: str, pattern: str, context: Context, *, variables: bool = False, arn: bool = False) -> bool:
    if not variables or "${" not in pattern:
        return _expression(((pattern, True),), arn).fullmatch(text) is not None
    try:
        return _expression(tuple(_parts(pattern, context)), arn).fullmatch(text) is not None
    except _Unknown:
        return False


@lru_cache(maxsize=4096)
def _expression(parts: tuple[tuple[str, bool], ...], arn: bool) -> re.Pattern[str]:
    """Of texts, each with whether the signs in it are wildcards. `*` is any text and `?` one character; in an ARN they
    stay in their part between colons, but for a `*` at its end, which may reach beyond.

    Source: IAM user guide, JSON policy elements: Resource (read 2026-11).
    """
    signs = [(sign, wild) for text, wild in parts for sign in text]
    after = [*(sign for sign, _ in signs[1:]), ""]
    within = "[^:]" if arn else "."

    def expression(sign: str, wild: bool, following: str) -> str:
        if not wild or sign not in "*?":
            return re.escape(sign)
        return within if sign == "?" else ".*" if following in ("", ":") else f"{within}*"

    return re.compile("".join(expression(*each, following) for each, following in zip(signs, after, strict=True)), re.S)


def _parts(pattern: str, context: Context) -> Iterator[tuple[str, bool]]:
    """A wildcard in a variable's value is a character like any other."""
    end = 0
    for found in _VARIABLE.finditer(pattern):
        yield pattern[end : found.start()], True
        yield _value(found[1], context), False
        end = found.end()
    yield pattern[end:], True


def _resolved(pattern: str, context: Context) -> str:
    return "".join(text for text, _ in _parts(pattern, context))


def _value(variable: str, context: Context) -> str:
    if variable in ("*", "?", "$"):
        return variable
    defaulted = _DEFAULTED.fullmatch(variable)
    found = context.get((defaulted[1] if defaulted else variable).strip().lower())
    if isinstance(found, str):
        return found
    if found is None and defaulted:
        return defaulted[2]
    raise _Unknown  # a key of several values is no variable


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]
