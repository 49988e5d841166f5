"""What a Logs Insights query finds in a log's events. Pure.

Source: Amazon CloudWatch Logs user guide, Logs Insights query language; supported logs and discovered fields (read
2026-11).
"""

import json
import math
import operator
from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

from local.aws.query_language import AGGREGATES, Call, Command, Field, Literal, MalformedQueryError, Operation, Period

Row = Mapping[str, Any]

DEFAULT_LIMIT = 1000
_DISCOVERED = 200  # fields of a JSON event
_ARITHMETIC: dict[str, Callable[[float, float], float]] = {
    "+": operator.add,
    "-": operator.sub,
    "*": operator.mul,
    "/": operator.truediv,
}
_ORDERS: dict[str, Callable[[Any, Any], bool]] = {
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
}


class Moment(int):
    """Unix milliseconds that are shown as a time."""


class Event(NamedTuple):
    at_ms: int
    message: str
    log: str  # `account:group`
    stream: str


def fields(event: Event) -> dict[str, Any]:
    """CloudWatch's own, and those of a JSON event: flat, with the names of nested ones joined by points."""
    own = {"@timestamp": Moment(event.at_ms), "@message": event.message, "@log": event.log, "@logStream": event.stream}
    try:
        line = json.loads(event.message)
    except ValueError:
        return own
    if not isinstance(line, dict):
        return own
    found = _flat(line, "")
    return own | {name: value for (name, value), _ in zip(found, range(_DISCOVERED), strict=False)}


def _flat(value: Any, name: str) -> Iterator[tuple[str, Any]]:
    if isinstance(value, dict):
        for key, each in value.items():
            yield from _flat(each, f"{name}.{key}" if name else key)
    elif isinstance(value, list):
        for index, each in enumerate(value):
            yield from _flat(each, f"{name}.{index}")
    elif value is not None:
        yield name, int(value) if isinstance(value, bool) else value


def results(commands: list[Command], events: Iterable[Event], most: int = DEFAULT_LIMIT) -> list[dict[str, str]]:
    """The rows, each of fields by name as they are shown; newest first, unless the query orders them. `most`: where
    the query has no limit of its own. Raises MalformedQueryError."""
    rows: list[Row] = [fields(event) for event in sorted(events, key=lambda event: -event.at_ms)]
    shown: tuple[str, ...] | None = None
    for command in commands:
        match command.name:
            case "filter":
                rows = [row for row in rows if _value(command.condition, row)]
            case "fields":
                made = [
                    {**row, **{each.name: _value(each.expression, row) for each in command.columns}} for row in rows
                ]
                rows, shown = made, (*(shown or ()), *(each.name for each in command.columns))
            case "stats":
                rows = _aggregated(command, rows)
                shown = tuple(each.name for each in (*command.by, *command.columns))
            case "sort":
                for name, descending in reversed(command.order):
                    rows = sorted(rows, key=lambda row: _rank(row.get(name)), reverse=descending)
            case "limit":
                most = command.limit
    names = shown or ("@timestamp", "@message")
    return [{name: _shown(row[name]) for name in names if row.get(name) is not None} for row in rows[:most]]


def _aggregated(command: Command, rows: Iterable[Row]) -> list[Row]:
    for each in command.columns:
        if not _has_aggregate(each.expression):
            raise MalformedQueryError(f"stats takes aggregations, and {each.name} is none")
    groups: dict[tuple[Any, ...], list[Row]] = {}
    for row in rows:
        groups.setdefault(tuple(_value(each.expression, row) for each in command.by), []).append(row)
    if not command.by:
        groups = groups or {(): []}
    return [_summary(command, key, members) for key, members in groups.items()]


def _summary(command: Command, key: tuple[Any, ...], members: list[Row]) -> Row:
    by = {each.name: value for each, value in zip(command.by, key, strict=True)}
    return by | {each.name: _over(each.expression, members) for each in command.columns}


def _has_aggregate(expression: Any) -> bool:
    if isinstance(expression, Operation):
        return any(map(_has_aggregate, expression.operands))
    return isinstance(expression, Call) and expression.name in AGGREGATES


def _over(expression: Any, members: list[Row]) -> Any:
    """An expression of aggregations, over a group's rows."""
    if isinstance(expression, Operation):
        left, right = (_over(each, members) for each in expression.operands)
        return _calculated(expression.sign, left, right)
    if isinstance(expression, Call) and expression.name in AGGREGATES:
        if not expression.arguments:
            return len(members)
        found = [value for row in members if (value := _value(expression.arguments[0], row)) is not None]
        return _aggregate(expression, found)
    if isinstance(expression, Literal):
        return expression.value
    raise MalformedQueryError("what stats shows is an aggregation, or calculated of some")


def _aggregate(call: Call, found: list[Any]) -> Any:
    if call.name == "count":
        return len(found)
    if call.name == "count_distinct":
        return len(set(found))
    numbers = [number for value in found if (number := _number(value)) is not None]
    if not numbers:
        return None
    match call.name:
        case "sum":
            return sum(numbers)
        case "avg":
            return sum(numbers) / len(numbers)
        case "min":
            return min(numbers)
        case "max":
            return max(numbers)
    percent = call.arguments[1]
    if not isinstance(percent, Literal) or not 0 <= percent.value <= 100:
        raise MalformedQueryError("pct takes a field and a number up to 100")
    return sorted(numbers)[max(0, math.ceil(len(numbers) * percent.value / 100) - 1)]


def _value(expression: Any, row: Row) -> Any:
    match expression:
        case Literal(value):
            return value
        case Field(name):
            return row.get(name)
        case Call("ispresent", (argument,)):
            return _value(argument, row) is not None
        case Call("tomillis", (argument,)):
            at = _value(argument, row)
            return int(at) if isinstance(at, Moment) else None
        case Call("bin", (Period(ms),)):
            return Moment(row["@timestamp"] // ms * ms)
        case Call(name):
            raise MalformedQueryError(f"{name} belongs into stats")
        case Operation(sign, operands):
            return _operated(sign, operands, row)
    raise MalformedQueryError("no expression")


def _operated(sign: str, operands: tuple[Any, ...], row: Row) -> Any:
    match sign:
        case "and":
            return all(_value(each, row) for each in operands)
        case "or":
            return any(_value(each, row) for each in operands)
        case "not":
            return not _value(operands[0], row)
    left = _value(operands[0], row)
    if sign == "in":
        return any(_equal(left, each) for each in operands[1])
    if sign == "like":
        return left is not None and operands[1].search(_shown(left)) is not None
    right = _value(operands[1], row)
    if sign in ("=", "!="):
        return _equal(left, right) == (sign == "=")
    if sign in _ARITHMETIC:
        return _calculated(sign, left, right)
    one, other = _number(left), _number(right)
    return one is not None and other is not None and _ORDERS[sign](one, other)


def _equal(left: Any, right: Any) -> bool:
    """A number equals the text that says it."""
    if left is None or right is None:
        return False
    one, other = _number(left), _number(right)
    return one == other if one is not None and other is not None else str(left) == str(right)


def _calculated(sign: str, left: Any, right: Any) -> Any:
    one, other = _number(left), _number(right)
    if one is None or other is None or (sign == "/" and other == 0):
        return None
    return _ARITHMETIC[sign](one, other)


def _number(value: Any) -> float | int | None:
    if isinstance(value, int | float):
        return value
    try:
        return float(value) if isinstance(value, str) and value.strip().lower() not in ("nan", "inf") else None
    except ValueError:
        return None


def _rank(value: Any) -> tuple[int, float, str]:
    number = _number(value)
    return (0, 0, "") if value is None else (1, number, "") if number is not None else (2, 0, str(value))


def _shown(value: Any) -> str:
    if isinstance(value, Moment):
        at = datetime.fromtimestamp(value // 1000, UTC)
        return f"{at:%Y-%m-%d %H:%M:%S}.{value % 1000:03d}"
    if isinstance(value, bool):
        return str(int(value))
    if isinstance(value, float):
        rounded = round(value, 4)
        return str(int(rounded)) if rounded == int(rounded) else str(rounded)
    return str(value)
