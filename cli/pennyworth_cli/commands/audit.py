"""The audit log: who changed what."""

import time
from collections.abc import Callable
from decimal import Decimal
from typing import Annotated, Any

import typer

from pennyworth_cli import command, people
from pennyworth_cli.amounts import dollars, usd
from pennyworth_cli.moments import instant
from pennyworth_cli.output import listed, moment
from pennyworth_cli.session import Session


def register(app: typer.Typer) -> None:
    command.command(app, "audit")(audit)


def audit(
    session: Session,
    since: Annotated[
        str, typer.Option("--since", metavar="TIME", help="How long ago (7d, 12h), or in UTC a date or a time.")
    ] = "7d",
    user: Annotated[str, typer.Option("--user", metavar="USER", help="What happened to whom.")] = "",
    actor: Annotated[str, typer.Option("--actor", metavar="EMAIL", help="Who did it.")] = "",
    kind: Annotated[
        list[str] | None, typer.Option("--type", metavar="TYPE", help="Such as api_key.created; may be repeated.")
    ] = None,
    limit: Annotated[int, typer.Option("--limit", metavar="COUNT", min=1, help="So many at most, newest first.")] = 50,
) -> None:
    """Who changed what, newest first. For administrators."""
    params: dict[str, object] = {
        "effective_at[gte]": instant(since, "--since", time.time()),
        "resource_ids[]": people.user_id(session.people, user) if user else "",
        "actor_emails[]": actor,
        "event_types[]": kind or [],
        "limit": min(limit, 100),
    }
    with session.out.working("Reading the audit log"):
        found = list(session.people.each("/organization/audit_logs", params, limit))
    session.out.rows(
        found,
        {
            "WHEN": lambda record: moment(record["effective_at"]),
            "WHO": _actor,
            "WHAT": lambda record: record["type"],
            "WHOM": lambda record: _details(record).get("user_id") or _details(record).get("id"),
            "DETAILS": _told,
        },
        "Nothing was changed in that time, or it is too recent: a record takes some seconds.",
    )


def _actor(record: dict[str, Any]) -> str:
    user = record["actor"]["session"]["user"]
    return str(user.get("email") or user["id"])


def _details(record: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = record.get(record["type"]) or {}
    return found


def _told(record: dict[str, Any]) -> str:
    details = _details(record)
    given = details.get("data") or details.get("changes_requested") or {}
    key = {"key": details["id"]} if record["type"].startswith("api_key.") else {}
    told = {name: _SHOWN.get(name, _value)(value) for name, value in {**key, **given}.items()}
    return ", ".join(f"{name.replace('_microusd', '_usd')}={value}" for name, value in told.items() if value)


def _value(value: object) -> str:
    return listed(value).replace(", ", " ") if isinstance(value, list) else "" if value is None else str(value)


_SHOWN: dict[str, Callable[[Any], str]] = {
    "budget_usd": lambda value: dollars(usd(value)),
    "budget_microusd": lambda value: "" if value is None else dollars(Decimal(value).scaleb(-6)),
    "expires_at": moment,
}
