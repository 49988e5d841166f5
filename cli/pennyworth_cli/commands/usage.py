"""What was used, and what it cost."""

import time
from collections.abc import Iterable, Mapping
from enum import StrEnum
from typing import Annotated, Any, NamedTuple

import typer

from pennyworth_cli import command, people
from pennyworth_cli.amounts import dollars
from pennyworth_cli.commands.keys import known
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.moments import instant
from pennyworth_cli.output import moment
from pennyworth_cli.session import Session
from pennyworth_cli.totals import COUNTS, Line, lines, total


class By(StrEnum):
    """What to tell apart."""

    USER = "user"
    KEY = "key"
    MODEL = "model"
    GROUP = "group"
    TIER = "tier"


class CostBy(StrEnum):
    """The same of costs, which know no tiers."""

    USER = By.USER
    KEY = By.KEY
    MODEL = By.MODEL
    GROUP = By.GROUP


class Width(StrEnum):
    """Of a bucket of time."""

    MINUTE = "1m"
    HOUR = "1h"
    DAY = "1d"


class Source(NamedTuple):
    """A URL of the gateway's that tells usage or costs."""

    path: str
    fields: Mapping[By, str]  # what it can tell apart, in the API's words
    counts: tuple[str, ...]  # what it counts, by the names of COUNTS
    remedy: str = ""  # where it cannot tell something apart


_OWN = Source(
    "/me/usage",
    {By.KEY: "api_key_id", By.MODEL: "model"},
    tuple(COUNTS),
    " Your own is told apart by key or model; the rest goes with --all or --user.",
)
_COMPLETIONS = Source(
    "/organization/usage/completions",
    {By.USER: "user_id", **_OWN.fields, By.GROUP: "group", By.TIER: "service_tier"},
    tuple(COUNTS),
)
_EMBEDDINGS = Source(
    "/organization/usage/embeddings",
    {By.USER: "user_id", **_OWN.fields, By.GROUP: "group"},
    ("REQUESTS", "INPUT"),
)
# Buckets of a page, each of which is a search of the log: as many as make no more time than the seven days that a page
# of days has.
_PAGES = {Width.MINUTE.value: 1440, Width.HOUR.value: 168}
_COSTS = Source(
    "/organization/costs",
    {By.USER: "user_id", By.KEY: "api_key_id", By.MODEL: "line_item", By.GROUP: "group"},  # OpenAI's word for it here
    (),
)

Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="How long ago (7d, 12h), or in UTC a month, a date or a time.")
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="The same; now otherwise.")]
Grouped = Annotated[
    list[By] | None,
    typer.Option("--by", "--group-by", metavar="user|key|model|group|tier", help="Tell these apart; may be repeated."),
]
CostsGrouped = Annotated[
    list[CostBy] | None,
    typer.Option("--by", "--group-by", metavar="user|key|model|group", help="Tell these apart; may be repeated."),
]
Whose = Annotated[
    list[str] | None,
    typer.Option("--user", metavar="USER", help="Of these people only; may be repeated. For administrators."),
]
Keys = Annotated[list[str] | None, typer.Option("--key", metavar="KEY_ID", help="Of these keys only; may be repeated.")]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="MODEL", help="Of these only, by a model's own name or an alias; may be repeated."),
]


def register(app: typer.Typer) -> None:
    command.command(app, "usage")(usage)
    command.command(app, "costs")(costs)


def usage(
    session: Session,
    since: Since = "7d",
    until: Until = "",
    by: Grouped = None,
    bucket: Annotated[
        Width, typer.Option("--bucket", metavar="1m|1h|1d", help="How wide a row is in time.")
    ] = Width.DAY,
    everybody: Annotated[bool, typer.Option("--all", help="Everybody's. For administrators.")] = False,
    user: Whose = None,
    key: Keys = None,
    model: Models = None,
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Embeddings in place of completions; with --all or --user.")
    ] = False,
) -> None:
    """Requests and tokens, your own or others'.

    With --all or --user they are those of others, for administrators. It counts what the gateway has logged, which
    takes some seconds. Rows are days, hours or minutes of UTC; nothing is shown of those without any. With --json the
    gateway's buckets are printed.
    """
    others = everybody or bool(user)
    if everybody and user:
        raise Failure("--all does not go with --user. Leave one of them out.", Code.WRONG)
    if embeddings and not others:
        raise Failure(
            "--embeddings goes with --all or --user: administrators alone can ask for it. Your own usage holds "
            "embeddings and completions together; --by model tells them apart.",
            Code.WRONG,
        )
    source = _OWN if not others else _EMBEDDINGS if embeddings else _COMPLETIONS
    _show(session, source, _when(since, until, bucket), _which(session, user, key, model), list(by or ()))


def costs(
    session: Session,
    since: Since = "30d",
    until: Until = "",
    by: CostsGrouped = None,
    user: Whose = None,
    key: Keys = None,
    model: Models = None,
) -> None:
    """What everything cost, a day of UTC each row. For administrators; `usage` tells your own cost.

    Amounts are the catalogue's prices times the tokens used: AWS's bill is what counts. A --model may be an MCP tool
    that has a price. With --json the gateway's buckets are printed.
    """
    _show(
        session,
        _COSTS,
        _when(since, until, Width.DAY),
        _which(session, user, key, model),
        [By(each) for each in by or ()],
    )


def _when(since: str, until: str, bucket: Width) -> dict[str, object]:
    now = time.time()
    start, end = instant(since, "--since", now), instant(until, "--until", now) if until else None
    if end is not None and end <= start:
        raise Failure("--until must be after --since, of which 7d is longer ago than 1d.", Code.WRONG)
    return {"start_time": start, "end_time": end, "bucket_width": bucket.value}


def _which(
    session: Session, users: list[str] | None, keys: list[str] | None, models: list[str] | None
) -> dict[str, object]:
    key_ids = [known(key) for key in keys or ()]  # before anything is asked
    return {
        "user_ids[]": [people.user_id(session.people, user) for user in users or ()],
        "api_key_ids[]": key_ids,
        "models[]": models or [],
    }


def _show(
    session: Session, source: Source, when: dict[str, object], which: dict[str, object], groups: list[By]
) -> None:
    fields = [_field(source, each) for each in groups]
    if not groups:  # a page holds 10,000 results, of which groups make more
        when = when | {"limit": _PAGES.get(str(when["bucket_width"]))}
    buckets = []
    with session.out.working("Asking CloudWatch") as far:
        for bucket in session.people.buckets(source.path, {**when, **which, "group_by[]": fields}):
            buckets.append(bucket)
            far(f"at {moment(bucket['start_time'])}")
    if session.out.as_json:
        session.out.json(buckets)
        return
    found = lines(buckets, fields)
    columns: dict[str, Any] = {"SINCE": lambda row: row["SINCE"]}
    priced = ["COST"] if any(line.usd is not None for line in found) else []  # usage of others has no prices
    for heading in [*(each.name for each in groups), *source.counts, *priced]:
        columns[heading] = lambda row, heading=heading: row[heading]
    names = _names(session, groups, found)
    rows = [_row(line, groups, names) for line in found]
    session.out.rows(rows, columns, "Nothing was used in that time.")
    if len(found) > 1:
        summed = total(found)
        counted = zip(COUNTS, summed.counts, strict=True)
        told = [f"{count:,} {name.lower()}" for name, count in counted if name in source.counts]
        session.out.note("Together: " + ", ".join([*told, *filter(None, [dollars(summed.usd)])]))


def _field(source: Source, by: By) -> str:
    if by not in source.fields:
        told = ", ".join(source.fields)
        raise Failure(f"--by {by}: this is told apart by {told}.{source.remedy}", Code.WRONG)
    return source.fields[by]


def _names(session: Session, groups: list[By], found: Iterable[Line]) -> Mapping[str, str]:
    """How the users of the table are called: by their addresses, where they are still there and not too many."""
    if By.USER not in groups:
        return {}
    column = groups.index(By.USER)
    with session.out.working("Looking up names"):
        return people.addresses(session.people, {line.groups[column] for line in found})


def _row(line: Line, groups: list[By], names: Mapping[str, str]) -> dict[str, object]:
    named = {
        each.name: names.get(value, value) or _UNNAMED.get(each, "")
        for each, value in zip(groups, line.groups, strict=True)
    }
    return {"SINCE": moment(line.start_time), **named, **dict(zip(COUNTS, line.counts, strict=True)), "COST": line.usd}


_UNNAMED = {By.KEY: "(signed in)"}
