"""CloudWatch Logs Insights' query language, as far as it is known here: from text to commands. Pure.

What is not known is refused, as AWS refuses what it does not know, rather than passed over. Source: Amazon CloudWatch
Logs user guide, Logs Insights query language (read 2026-11).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, NamedTuple

AGGREGATES = {"avg", "count", "count_distinct", "max", "min", "pct", "sum"}
FUNCTIONS = {"ispresent": 1, "tomillis": 1, "bin": 1}  # how many arguments each takes
_UNITS_MS = {
    **dict.fromkeys(("ms", "msec", "millisecond"), 1),
    **dict.fromkeys(("s", "sec", "second"), 1000),
    **dict.fromkeys(("m", "min", "minute"), 60_000),
    **dict.fromkeys(("h", "hr", "hour"), 3_600_000),
    **dict.fromkeys(("d", "day"), 86_400_000),
    **dict.fromkeys(("w", "week"), 604_800_000),
}
_TOKEN = re.compile(
    r"""\s*(?:
    (?P<text>"(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*')
  | (?P<period>\d+[A-Za-z]+)
  | (?P<number>\d+(?:\.\d+)?)
  | (?P<regex>(?<=like\ )/(?:[^/\\]|\\.)+/)
  | (?P<name>[@A-Za-z_][\w.@]*|`[^`]+`)
  | (?P<sign>!=|<=|>=|=~|[=<>()\[\],|+\-*/])
)""",
    re.VERBOSE,
)
_MOST = 10_000  # characters of a query; results of one


class MalformedQueryError(ValueError):
    """What MalformedQueryException says."""


@dataclass(frozen=True)
class Literal:
    value: Any


@dataclass(frozen=True)
class Field:
    name: str


@dataclass(frozen=True)
class Period:
    ms: int


@dataclass(frozen=True)
class Call:
    name: str
    arguments: tuple[Any, ...]


@dataclass(frozen=True)
class Operation:
    """`sign`: of arithmetic or a comparison, or and, or, not, in, like."""

    sign: str
    operands: tuple[Any, ...]


class Named(NamedTuple):
    """An expression and what its column is called."""

    name: str
    expression: Any


class Command(NamedTuple):
    name: str
    columns: tuple[Named, ...] = ()  # of fields and stats
    by: tuple[Named, ...] = ()
    condition: Any = None
    order: tuple[tuple[str, bool], ...] = ()  # columns, and whether descending
    limit: int = 0


class _Token(NamedTuple):
    kind: str
    text: str
    start: int
    end: int


def parse(query: str) -> list[Command]:
    """Raises MalformedQueryError."""
    if len(query) > _MOST:
        raise MalformedQueryError(f"a query has at most {_MOST} characters")
    reader = _Reader(query)
    commands = [reader.command()]
    while reader.take("|"):
        commands.append(reader.command())
    reader.end()
    if len([each for each in commands if each.name == "stats"]) > 1:
        raise MalformedQueryError("this stand-in knows one stats command a query")
    return commands


def _tokens(query: str) -> Iterator[_Token]:
    at = 0
    while query[at:].strip():
        found = _TOKEN.match(query, at)
        if found is None:
            raise MalformedQueryError(f"unexpected character at {at}: {query[at : at + 20]!r}")
        assert found.lastgroup
        yield _Token(found.lastgroup, found[found.lastgroup], found.start(found.lastgroup), found.end())
        at = found.end()
    yield _Token("end", "", at, at)


class _Reader:
    """Recursive descent, each method a rule of the grammar."""

    def __init__(self, query: str) -> None:
        self._query, self._tokens, self._at = query, list(_tokens(query)), 0
        self._aggregating = False  # whether an aggregation may stand here

    @property
    def _next(self) -> _Token:
        return self._tokens[self._at]

    def take(self, *texts: str) -> str:
        """The next token, if it is one of these signs or words: in lower case. Else empty."""
        token = self._next
        if token.kind in ("sign", "name") and token.text.lower() in texts:
            self._at += 1
            return token.text.lower()
        return ""

    def _need(self, text: str) -> None:
        if not self.take(text):
            raise self._unexpected(f"expected {text!r}")

    def _unexpected(self, why: str) -> MalformedQueryError:
        return MalformedQueryError(f"{why} at {self._next.start}, not {self._next.text!r}")

    def end(self) -> None:
        if self._next.kind != "end":
            raise self._unexpected("expected the end")

    def command(self) -> Command:
        match self.take("fields", "filter", "stats", "sort", "limit"):
            case "fields":
                return Command("fields", columns=self._columns())
            case "filter":
                return Command("filter", condition=self._either())
            case "stats":
                self._aggregating = True
                columns = self._columns()
                self._aggregating = False
                by = self._columns() if self.take("by") else ()
                return Command("stats", columns=columns, by=by)
            case "sort":
                order = [self._order()]
                while self.take(","):
                    order.append(self._order())
                return Command("sort", order=tuple(order))
            case "limit":
                return Command("limit", limit=self._limit())
        raise self._unexpected("expected a command")

    def _columns(self) -> tuple[Named, ...]:
        columns = [self._column()]
        while self.take(","):
            columns.append(self._column())
        return tuple(columns)

    def _column(self) -> Named:
        start = self._next.start
        expression = self._sum()
        name = self._query[start : self._tokens[self._at - 1].end].strip("`")
        return Named(self._name() if self.take("as") else name, expression)

    def _order(self) -> tuple[str, bool]:
        name = self._name()
        return name, self.take("asc", "desc") != "asc"  # newest and largest first, unless told

    def _limit(self) -> int:
        token = self._next
        if token.kind != "number" or not token.text.isdecimal() or not 1 <= int(token.text) <= _MOST:
            raise self._unexpected(f"limit takes 1 to {_MOST}")
        self._at += 1
        return int(token.text)

    def _name(self) -> str:
        token = self._next
        if token.kind != "name":
            raise self._unexpected("expected a name")
        self._at += 1
        return token.text.strip("`")

    def _either(self) -> Any:
        found = self._both()
        while self.take("or"):
            found = Operation("or", (found, self._both()))
        return found

    def _both(self) -> Any:
        found = self._condition()
        while self.take("and"):
            found = Operation("and", (found, self._condition()))
        return found

    def _condition(self) -> Any:
        if self.take("not"):
            return Operation("not", (self._condition(),))
        left = self._sum()
        if sign := self.take("=", "!=", "<", "<=", ">", ">="):
            return Operation(sign, (left, self._sum()))
        denied = bool(self.take("not"))
        match self.take("in", "like"):
            case "in":
                found = Operation("in", (left, self._list()))
            case "like":
                found = Operation("like", (left, self._pattern()))
            case _:
                if denied or not (isinstance(left, Operation) or _is_test(left)):
                    raise self._unexpected("expected a comparison")
                return left
        return Operation("not", (found,)) if denied else found

    def _list(self) -> tuple[Any, ...]:
        self._need("[")
        values = [self._literal()]
        while self.take(","):
            values.append(self._literal())
        self._need("]")
        return tuple(values)

    def _literal(self) -> Any:
        found = self._factor()
        if not isinstance(found, Literal):
            raise self._unexpected("expected a text or a number")
        return found.value

    def _pattern(self) -> re.Pattern[str]:
        token = self._next
        self._at += 1
        if token.kind == "text":
            return re.compile(re.escape(_unquoted(token.text)))
        if token.kind == "regex":
            return re.compile(token.text[1:-1])
        self._at -= 1
        raise self._unexpected("expected a text or a regular expression")

    def _sum(self) -> Any:
        found = self._product()
        while sign := self.take("+", "-"):
            found = Operation(sign, (found, self._product()))
        return found

    def _product(self) -> Any:
        found = self._factor()
        while sign := self.take("*", "/"):
            found = Operation(sign, (found, self._factor()))
        return found

    def _factor(self) -> Any:
        if self.take("("):
            found = self._either()
            self._need(")")
            return found
        token = self._next
        self._at += 1
        match token.kind:
            case "text":
                return Literal(_unquoted(token.text))
            case "number":
                return Literal(float(token.text) if "." in token.text else int(token.text))
            case "period":
                return _period(token.text)
            case "name":
                return self._call(token.text) if self.take("(") else Field(token.text.strip("`"))
        self._at -= 1
        raise self._unexpected("expected a value")

    def _call(self, written: str) -> Call:
        name = written.lower()
        if name in AGGREGATES and not self._aggregating:
            raise MalformedQueryError(f"{written} belongs into what stats shows, and into no other")
        aggregating, self._aggregating = self._aggregating, False
        if name == "count" and self.take("*"):
            arguments: tuple[Any, ...] = ()
        elif name == "count" and self._next.text == ")":
            arguments = ()
        else:
            first = [self._sum()]
            while self.take(","):
                first.append(self._sum())
            arguments = tuple(first)
        self._need(")")
        self._aggregating = aggregating
        wanted = FUNCTIONS.get(name, 2 if name == "pct" else 1)
        if name not in FUNCTIONS and name not in AGGREGATES:
            raise MalformedQueryError(f"this stand-in knows no function {written}")
        if len(arguments) != wanted and not (name == "count" and not arguments):
            raise MalformedQueryError(f"{written} takes {wanted} arguments")
        if (name == "bin") != any(isinstance(each, Period) for each in arguments):
            raise MalformedQueryError("bin takes a period, such as 5m, and nothing else does")
        return Call(name, arguments)


def _is_test(expression: Any) -> bool:
    return isinstance(expression, Call) and expression.name == "ispresent"


def _unquoted(text: str) -> str:
    return re.sub(r"\\(.)", r"\1", text[1:-1])


def _period(text: str) -> Period:
    amount, unit = re.fullmatch(r"(\d+)([A-Za-z]+)", text).groups()  # type: ignore[union-attr]  # as the token has it
    unit_ms = _UNITS_MS.get(unit) or _UNITS_MS.get(unit.removesuffix("s"))
    if unit_ms is None or int(amount) == 0:
        raise MalformedQueryError(f"no period: {text}")
    return Period(int(amount) * unit_ms)
