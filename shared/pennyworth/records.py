"""What is asked of the usage records: the query that sums them, and what its rows say. Pure. See docs/usage.md."""

import re
from collections.abc import Mapping, Sequence
from decimal import Decimal

MODEL = re.compile(r"[!#-\[\]-~ ]{1,256}")  # printable, but neither a quote nor a backslash

Row = Mapping[str, str]  # what is shown of each field; a sum that no record had is left out

_SUMS = (
    "count(*) as requests",
    "sum(prompt_tokens) as prompt",
    "sum(cached_tokens) as cached",
    "sum(cache_write_tokens) as written",
    "sum(completion_tokens) as completion",
    "sum(cost_microusd) as microusd",
)


def sums(conditions: Sequence[str], start: int, end: int, by: Sequence[str]) -> str:
    """The query for the records of a time from `start` to before `end`, in unix seconds. CloudWatch's own limits
    include their last second, so the time is in the query too."""
    wanted = [
        'message = "request"',
        *conditions[:1],
        # what no model worked on and no tool was paid for counts nowhere: its status says why
        "(ispresent(prompt_tokens) or ispresent(completion_tokens) or ispresent(cost_microusd))",
        f"toMillis(@timestamp) >= {start * 1000} and toMillis(@timestamp) < {end * 1000}",
        *conditions[1:],
    ]
    return "\n| ".join(
        [f"filter {' and '.join(wanted)}", f"stats {', '.join(_SUMS)} by {', '.join(by)}", "limit 10000"]
    )


def one_of(fields: Sequence[str], values: Sequence[str]) -> str:
    """The condition that one of the fields has one of the values. Raises ValueError as `literal` does."""
    listed = ", ".join(map(literal, values))
    return f"({' or '.join(f'{field} in [{listed}]' for field in fields)})"


def literal(value: str) -> str:
    """A text of the query language. Raises ValueError for one that could end itself."""
    if not MODEL.fullmatch(value):
        raise ValueError("no text for a query")
    return f'"{value}"'


def count(row: Row, name: str) -> int:
    """CloudWatch leaves out what no record had, and may write large sums with an exponent."""
    return int(Decimal(row.get(name) or 0))
