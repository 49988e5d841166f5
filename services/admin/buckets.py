"""Usage as OpenAI shows it: a page of buckets of time, each with its results. Pure."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

from pennyworth.records import Row, count
from services.admin.usage import COMPLETIONS, COSTS, EMBEDDINGS, FIELDS, OWN, Wanted

# What a result says where it is not grouped by it, or all records say the same.
_CONSTANT: dict[str, Any] = {"project_id": "default", "batch": False}
_TIER = "default"  # of records that name none
_MICRO = 1_000_000


class Bucket(NamedTuple):
    start: int  # unix seconds, included
    end: int  # excluded


def buckets(wanted: Wanted) -> tuple[list[Bucket], bool]:
    """Those of the page, and whether there are more. They begin at full days, hours or minutes of UTC; what the time
    cuts of the first and the last is not in them."""
    seconds = wanted.form.widths[wanted.width].seconds
    found: list[Bucket] = []
    at = wanted.start if wanted.page is None else wanted.page
    while at < wanted.end and len(found) < wanted.limit:
        after = min((at // seconds + 1) * seconds, wanted.end)
        found.append(Bucket(at, after))
        at = after
    return found, at < wanted.end


def page(wanted: Wanted, rows: Sequence[Row]) -> dict[str, Any]:
    """OpenAI's page. A bucket without records is there, and empty."""
    seconds = wanted.form.widths[wanted.width].seconds
    shown, more = buckets(wanted)
    results: dict[int, list[Row]] = {}
    for row in rows:
        results.setdefault(_at(row[f"bin({wanted.width})"]) // seconds, []).append(row)
    data = [
        {
            "object": "bucket",
            "start_time": bucket.start,
            "end_time": bucket.end,
            "results": _results(wanted, results.get(bucket.start // seconds, [])),
        }
        for bucket in shown
    ]
    return {
        "object": "page",
        "data": data,
        "has_more": more,
        "next_page": f"page_{shown[-1].end:x}" if more else None,
    }


def _results(wanted: Wanted, rows: list[Row]) -> list[dict[str, Any]]:
    made = [_result(wanted, row) for row in rows]
    return sorted(made, key=lambda result: [str(result[name] or "") for name in wanted.groups])


def _result(wanted: Wanted, row: Row) -> dict[str, Any]:
    groups = {name: _group(name, row) if name in wanted.groups else None for name in wanted.form.groups}
    return {"object": wanted.form.object, **_COUNTS[wanted.form.object](row), **groups}


def _group(name: str, row: Row) -> Any:
    if name in _CONSTANT:
        return _CONSTANT[name]
    value = row.get(FIELDS[name]) or None  # who signed in has no key, and a record may lack the field
    return value or (_TIER if name == "service_tier" else None)


def _embedded(row: Row) -> dict[str, Any]:
    return {"input_tokens": count(row, "prompt"), "num_model_requests": count(row, "requests")}


def _completed(row: Row) -> dict[str, Any]:
    prompt, cached, written = (count(row, name) for name in ("prompt", "cached", "written"))
    return {
        "input_tokens": prompt,
        "input_cached_tokens": cached,
        "input_cache_write_tokens": written,
        "input_uncached_tokens": prompt - cached - written,
        "output_tokens": count(row, "completion"),
        "num_model_requests": count(row, "requests"),
    }


def _cost(row: Row) -> dict[str, Any]:
    """In dollars: the nearest number to whole micro-dollars, which shows exactly those."""
    return {"amount": {"value": count(row, "microusd") / _MICRO, "currency": "usd"}}


def _own(row: Row) -> dict[str, Any]:
    return _completed(row) | _cost(row)


_COUNTS = {COMPLETIONS.object: _completed, EMBEDDINGS.object: _embedded, COSTS.object: _cost, OWN.object: _own}


def _at(shown: str) -> int:
    """Unix seconds of a time as CloudWatch shows it: `2026-11-23 00:00:00.000`."""
    return int(datetime.strptime(shown, "%Y-%m-%d %H:%M:%S.%f").replace(tzinfo=UTC).timestamp())
