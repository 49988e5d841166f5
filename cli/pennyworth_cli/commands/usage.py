"""What was used, and what it cost."""

import time
from collections.abc import Iterable
from enum import StrEnum
from typing import Annotated, Any

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


class Width(StrEnum):
    """Of a bucket of time."""

    MINUTE = "1m"
    HOUR = "1h"
    DAY = "1d"


_FIELDS = {By.USER: "user_id", By.KEY: "api_key_id", By.MODEL: "model", By.GROUP: "group"}
_COST_FIELDS = _FIELDS | {By.MODEL: "line_item"}  # OpenAI's word for it among costs

_OWN = {By.KEY, By.MODEL}  # what /me/usage can tell apart

Since = Annotated[
    str, typer.Option("--since", metavar="TIME", help="How long ago (7d, 12h), or in UTC a month, a date or a time.")
]
Until = Annotated[str, typer.Option("--until", metavar="TIME", help="The same; now otherwise.")]
Grouped = Annotated[
    list[By] | None, typer.Option("--by", metavar="user|key|model|group", help="Tell these apart; may be repeated.")
]
Whose = Annotated[str, typer.Option("--user", metavar="USER", help="Of one person. For administrators.")]
Key = Annotated[str, typer.Option("--key", metavar="KEY_ID", help="Of one key.")]


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
    user: Whose = "",
    key: Key = "",
    model: Annotated[str, typer.Option("--model", metavar="MODEL", help="Of one model.")] = "",
    embeddings: Annotated[
        bool, typer.Option("--embeddings", help="Embeddings in place of completions; with --all or --user.")
    ] = False,
) -> None:
    """Requests and tokens: your own, or with --all or --user those of others.

    It counts what the gateway has logged, which takes some seconds. With --json the gateway's buckets are printed.
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
    if not others and not _OWN.issuperset(by or ()):
        raise Failure("--by user and --by group go with --all or --user. Your own is by key or model.", Code.WRONG)
    params = _params(session, since, until, by, bucket, _FIELDS)
    params |= {"api_key_ids[]": known(key) if key else "", "models[]": model}
    path = "/me/usage"
    if others:
        path = f"/organization/usage/{'embeddings' if embeddings else 'completions'}"
        params["user_ids[]"] = people.user_id(session.people, user) if user else ""
    _show(session, path, params, by, _FIELDS, COUNTS)


def costs(session: Session, since: Since = "30d", until: Until = "", by: Grouped = None) -> None:
    """What everything cost, a day each row. For administrators; `usage` tells your own cost.

    Amounts are the catalogue's prices times the tokens used: AWS's bill is what counts. With --json the gateway's
    buckets are printed.
    """
    _show(session, "/organization/costs", _params(session, since, until, by, Width.DAY, _COST_FIELDS), by, _COST_FIELDS)


def _params(
    session: Session, since: str, until: str, by: list[By] | None, bucket: Width, fields: dict[By, str]
) -> dict[str, object]:
    now = time.time()
    start, end = instant(since, "--since", now), instant(until, "--until", now) if until else None
    if end is not None and end <= start:
        raise Failure("--until must be after --since, of which 7d is longer ago than 1d.", Code.WRONG)
    return {
        "start_time": start,
        "end_time": end,
        "bucket_width": bucket.value,
        "group_by[]": [fields[each] for each in by or ()],
    }


def _show(
    session: Session,
    path: str,
    params: dict[str, object],
    by: list[By] | None,
    fields: dict[By, str],
    counts: Iterable[str] = (),
) -> None:
    with session.out.working("Asking CloudWatch"):
        buckets = list(session.people.buckets(path, params))
    if session.out.as_json:
        session.out.json(buckets)
        return
    groups = list(by or ())
    found = lines(buckets, [fields[each] for each in groups])
    heads = list(COUNTS)
    columns: dict[str, Any] = {"SINCE": lambda row: row["SINCE"]}
    priced = ["COST"] if any(line.usd is not None for line in found) else []  # usage of others has no prices
    for heading in [*(each.name for each in groups), *counts, *priced]:
        columns[heading] = lambda row, heading=heading: row[heading]
    rows = [_row(line, groups, heads) for line in found]
    session.out.rows(rows, columns, "Nothing was used in that time.")
    if len(found) > 1:
        summed = total(found)
        told = [f"{count:,} {name.lower()}" for name, count in zip(heads, summed.counts, strict=True) if name in counts]
        session.out.note("Together: " + ", ".join([*told, *filter(None, [dollars(summed.usd)])]))


def _row(line: Line, groups: list[By], heads: list[str]) -> dict[str, object]:
    named = dict(zip((each.name for each in groups), line.groups, strict=True))
    counted = dict(zip(heads, line.counts, strict=True))
    return {"SINCE": moment(line.start_time), **named, **counted, "COST": line.usd}
