"""Usage and costs as rows of a table, and their sums. Pure.

Money is added as decimals: floats would be off by the micro-dollar.
"""

from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from pennyworth_cli.amounts import usd

COUNTS = {
    "REQUESTS": "num_model_requests",
    "INPUT": "input_tokens",
    "CACHED": "input_cached_tokens",
    "OUTPUT": "output_tokens",
}


class Line(NamedTuple):
    """A result of a bucket: since when, of whom or what, and how much."""

    start_time: int
    groups: tuple[str, ...]
    counts: tuple[int, ...]  # in the order of COUNTS
    usd: Decimal | None


def lines(buckets: Iterable[Mapping[str, Any]], fields: Sequence[str]) -> list[Line]:
    """All results of OpenAI's usage or costs buckets; `fields`: what they are grouped by."""
    return [
        Line(
            bucket["start_time"],
            tuple(str(result.get(field) or "") for field in fields),
            tuple(int(result.get(count) or 0) for count in COUNTS.values()),
            usd((result.get("amount") or {}).get("value")),
        )
        for bucket in buckets
        for result in bucket["results"]
    ]


def total(found: Sequence[Line]) -> Line:
    counts = tuple(map(sum, zip(*(line.counts for line in found), strict=True))) or (0,) * len(COUNTS)
    known = [line.usd for line in found if line.usd is not None]
    return Line(0, (), counts, sum(known, Decimal()) if known else None)
