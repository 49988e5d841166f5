"""What is asked of the usage records: the parameters of OpenAI's usage API, and the query they make. Pure.

Everything a caller sends goes into the query's text only after it was found to be what it should be: an id, a number
or a name without quotes.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple

from pennyworth.errors import Problem
from pennyworth.insights import LONGEST
from pennyworth.records import MODEL, one_of, sums
from services.admin import query
from services.admin.people import is_user_id
from services.admin.query import Parameters

MOST_VALUES = 50  # of one parameter
_LAST_S = 253_402_300_799  # the year 9999; beyond is a time in milliseconds
_DAY_S = 86_400
_KEY_ID = re.compile(r"key_[a-z2-7]{1,32}")
_PROJECT = "default"


class Width(NamedTuple):
    seconds: int
    limit: int  # buckets of a page
    most: int


WIDTHS = {"1d": Width(_DAY_S, 7, 31), "1h": Width(3600, 24, 168), "1m": Width(60, 60, 1440)}

# What results may be grouped by, and the field of a usage record that says it; empty where all records say the same.
FIELDS = {
    "user_id": "user_id",
    "api_key_id": "key_id",
    "model": "served",
    "group": "group",
    "service_tier": "service_tier",
    "line_item": "served",
    "project_id": "",
    "batch": "",
}
_FILTERS = {
    "user_ids[]": ("user_id",),
    "api_key_ids[]": ("key_id",),
    "models[]": ("served", "model"),  # the model's own name, or the alias that was asked for
    "line_items[]": ("served",),
}


@dataclass(frozen=True)
class Form:
    """One of the URLs."""

    object: str  # of a result
    condition: str  # which records
    groups: tuple[str, ...]
    lists: tuple[str, ...]  # parameters that name what to return only
    widths: Mapping[str, Width]
    batch: bool = False  # whether it knows that parameter


@dataclass(frozen=True)
class Wanted:
    form: Form
    width: str
    start: int  # unix seconds, included
    end: int  # excluded
    limit: int  # buckets
    page: int | None  # where the page begins; None for the first
    groups: tuple[str, ...]
    only: Mapping[str, tuple[str, ...]]  # values by parameter
    nothing: bool  # another project's records, or a batch's: there are none


_IDS = ("user_ids[]", "api_key_ids[]", "project_ids[]")
COMPLETIONS = Form(
    object="organization.usage.completions.result",
    condition='kind = "completion"',
    groups=("project_id", "user_id", "api_key_id", "model", "batch", "service_tier", "group"),
    lists=(*_IDS, "models[]"),
    widths=WIDTHS,
    batch=True,
)
EMBEDDINGS = Form(
    object="organization.usage.embeddings.result",
    condition='kind = "embedding"',
    groups=("project_id", "user_id", "api_key_id", "model", "group"),
    lists=(*_IDS, "models[]"),
    widths=WIDTHS,
)
COSTS = Form(
    object="organization.costs.result",
    condition="ispresent(kind)",
    groups=("project_id", "user_id", "line_item", "api_key_id", "group"),
    lists=(*_IDS, "models[]", "line_items[]"),
    widths={"1d": Width(_DAY_S, 7, 180)},
)
OWN = Form(
    object="me.usage.result",
    condition="ispresent(kind)",
    groups=("api_key_id", "model"),
    lists=("api_key_ids[]", "models[]"),
    widths=WIDTHS,
)


def parse(parameters: Parameters, form: Form, now: float) -> Wanted:
    """Raises Problem naming the parameter."""
    known = ["start_time", "end_time", "bucket_width", "limit", "page", "group_by[]", *form.lists]
    query.only(parameters, [*known, "batch"] if form.batch else known)
    width = query.choice(parameters, "bucket_width", list(form.widths))
    seconds, limit, most = form.widths[width]
    start, end = _time(parameters, "start_time"), _time(parameters, "end_time")
    if start is None:
        raise Problem("missing_required_parameter", param="start_time")
    if end is not None and end <= start:
        raise Problem("invalid_value", param="end_time", reason="it must be after start_time")
    ends_at = (int(now) // seconds + 1) * seconds  # with the bucket that is not over yet
    projects = parameters.get("project_ids[]", ())
    wanted = Wanted(
        form=form,
        width=width,
        start=start,
        end=max(start + 1, ends_at if end is None else min(end, ends_at)),  # nothing was used in the future
        limit=query.integer(parameters, "limit", limit, most),
        page=None,
        groups=_groups(parameters, form),
        only={name: _values(parameters, name) for name in form.lists if name in _FILTERS and parameters.get(name)},
        nothing=(bool(projects) and _PROJECT not in projects) or _batch(parameters),
    )
    return _short(replace(wanted, page=_page(parameters, wanted)))


def of(wanted: Wanted, user_id: str) -> Wanted:
    """The same, of that user alone. Raises Problem as `parse` does."""
    return _short(replace(wanted, only={**wanted.only, "user_ids[]": (user_id,)}))


def _short(wanted: Wanted) -> Wanted:
    """The same, if a query can say it. Raises Problem."""
    if len(text(wanted, wanted.start, wanted.end)) > LONGEST:
        name = max(wanted.only, key=lambda each: sum(map(len, wanted.only[each])))
        raise Problem("invalid_value", param=name, reason="it names too much for one query. Ask for fewer at a time")
    return wanted


def text(wanted: Wanted, start: int, end: int) -> str:
    """The query for the time from `start` to before `end`, in unix seconds."""
    conditions = [wanted.form.condition, *(one_of(_FILTERS[name], values) for name, values in wanted.only.items())]
    fields = dict.fromkeys(FIELDS[name] for name in wanted.groups if FIELDS[name])
    return sums(conditions, start, end, [f"bin({wanted.width})", *fields])


def _groups(parameters: Parameters, form: Form) -> tuple[str, ...]:
    asked = tuple(dict.fromkeys(parameters.get("group_by[]", ())))
    for each in asked:
        if each not in form.groups:
            reason = f"it must be some of {', '.join(form.groups)}"
            raise Problem("invalid_value", param="group_by[]", reason=reason)
    return asked


def _values(parameters: Parameters, name: str) -> tuple[str, ...]:
    values = tuple(dict.fromkeys(parameters[name]))
    if len(values) > MOST_VALUES:
        raise Problem("invalid_value", param=name, reason=f"it may name at most {MOST_VALUES}")
    fits, what = _CHECKS[name]
    for value in values:
        if not fits(value):
            raise Problem("invalid_value", param=name, reason=f"each must be {what}")
    return values


_CHECKS = {
    "user_ids[]": (is_user_id, "the id of a user"),
    "api_key_ids[]": (lambda value: bool(_KEY_ID.fullmatch(value)), "the id of a key, as in 'key_…'"),
    "models[]": (lambda value: bool(MODEL.fullmatch(value)), "the name of a model"),
    "line_items[]": (
        lambda value: bool(MODEL.fullmatch(value)),
        "the name of a line item, which is a model's or a tool's",
    ),
}


def _batch(parameters: Parameters) -> bool:
    """Whether only batches are asked for."""
    return query.choice(parameters, "batch", ("false", "true")) == "true"


def _time(parameters: Parameters, name: str) -> int | None:
    value = query.text(parameters, name)
    if not value:
        return None
    if not (value.isascii() and value.isdecimal() and len(value) <= 20 and int(value) <= _LAST_S):
        raise Problem("invalid_value", param=name, reason="it must be a time in unix seconds")
    return int(value)


def _page(parameters: Parameters, wanted: Wanted) -> int | None:
    value = query.text(parameters, "page")
    if not value:
        return None
    found = re.fullmatch(r"page_([0-9a-f]{1,12})", value)
    begins = int(found[1], 16) if found else 0
    if not wanted.start < begins < wanted.end or begins % wanted.form.widths[wanted.width].seconds:
        reason = "it must be `next_page` of the page before, with the other parameters as they were"
        raise Problem("invalid_value", param="page", reason=reason)
    return begins
