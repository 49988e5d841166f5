"""API keys: one's own, or with --user anybody's."""

import time
from enum import StrEnum
from typing import Annotated, Any

import typer

from pennyworth_cli import budgets, command, people
from pennyworth_cli.amounts import usd
from pennyworth_cli.commands.users import Yes
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.findings import findings
from pennyworth_cli.moments import seconds
from pennyworth_cli.output import listed, moment
from pennyworth_cli.session import Session

group = command.group("API keys: your own, or with --user anybody's.")

_ALL = "/organization/projects/default/api_keys"


class Scope(StrEnum):
    """What a key may be for."""

    INFERENCE = "inference"
    MCP = "mcp"
    USAGE = "usage"


Owner = Annotated[
    str, typer.Option("--user", metavar="USER", help="Somebody else's, by id or address. For administrators.")
]
KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="The key's id, `key_…`.")]
Scopes = Annotated[
    list[Scope] | None,
    typer.Option("--scope", metavar="inference|mcp|usage", help="What it may be for; may be repeated."),
]
Models = Annotated[
    list[str] | None,
    typer.Option("--model", metavar="PATTERN", help="A model or a pattern such as nova-*; may be repeated."),
]
Tools = Annotated[
    list[str] | None,
    typer.Option(
        "--tool", metavar="PATTERN", help="An MCP tool, a pattern such as github_*, or @TOOLSET; may be repeated."
    ),
]
ExpiresIn = Annotated[str | None, typer.Option("--expires-in", metavar="DURATION", help="90s, 15m, 12h, 30d or 2w.")]
Everybody = Annotated[bool, typer.Option("--all", help="Everybody's. For administrators.")]
Budget = Annotated[
    str | None,
    typer.Option("--budget-usd", metavar="USD", help="What it may spend in a calendar month of UTC; 0 for nothing."),
]


@command.command(group, "create")
def create(
    session: Session,
    name: Annotated[str, typer.Argument(metavar="NAME", help="What it is for, in your words.")],
    scope: Scopes = None,
    model: Models = None,
    tool: Tools = None,
    expires_in: ExpiresIn = None,
    budget_usd: Budget = None,
    user: Owner = "",
) -> None:
    """Make a key. Its secret goes to stdout, this once; the rest to stderr.

    Without --scope, --model and --tool it may do all that its owner's group allows.
    """
    body: dict[str, object] = {"name": name, **_limits(scope, model, tool, expires_in, budget_usd)}
    with session.out.working("Making a key"):
        made = session.people.post(_keys(session, user), body)
    _secret(session, made, f"Made key {made['id']} ({made['name']}). Its secret, shown this once:")


@command.command(group, "list")
def list_keys(session: Session, user: Owner = "", everybody: Everybody = False) -> None:
    """Keys, without their secrets.

    BUDGET is what one may spend in a calendar month (UTC), empty for as much as its owner may; SPENT is what it spent
    in this one.
    """
    found = _listed(session, user, everybody)
    now = time.time()
    columns: dict[str, Any] = {
        "ID": lambda key: key["id"],
        "NAME": lambda key: key["name"],
        "SECRET": lambda key: key["redacted_value"],
        "SCOPES": lambda key: listed(key["scopes"]),
        "MODELS": lambda key: listed(key["models"]),
        "BUDGET": lambda key: usd(key.get("budget_usd")),
        "SPENT": lambda key: usd(key.get("spent_usd")),
        "CREATED": lambda key: moment(key["created_at"]),
        "EXPIRES": lambda key: _expiry(key, now),
    }
    if everybody:
        columns = {"OWNER": _owner, **columns}
    if any(key.get("last_used_at") for key in found):
        columns["USED"] = lambda key: moment(key["last_used_at"])
    session.out.rows(found, columns, "There is no key. `pennyworth keys create NAME` makes one.")


@command.command(group, "update")
def update(
    session: Session,
    key_id: KeyId,
    name: Annotated[str, typer.Option("--name", metavar="TEXT", help="Another name.")] = "",
    scope: Scopes = None,
    model: Models = None,
    tool: Tools = None,
    expires_in: ExpiresIn = None,
    budget_usd: Budget = None,
    user: Owner = "",
) -> None:
    """Rename a key, or let it do less. A key never gets more than it had: its budget can be cut, and not raised."""
    body: dict[str, object] = {"name": name} if name else {}
    body |= _limits(scope, model, tool, expires_in, budget_usd)
    if not body:
        raise Failure(
            "There is nothing to change. Give --name, --scope, --model, --tool, --expires-in or --budget-usd.",
            Code.WRONG,
        )
    found = session.people.post(_key(session, user, key_id), body)
    session.out.done(found, f"Changed key {found['id']} ({found['name']}). It counts within {_within(found)}.")


@command.command(group, "rotate")
def rotate(
    session: Session,
    key_id: KeyId,
    overlap: Annotated[
        str,
        typer.Option("--overlap", metavar="DURATION", help="How long the old secret goes on; 0s for one that leaked."),
    ] = "24h",
    user: Owner = "",
) -> None:
    """Give a key a new secret. It goes to stdout, this once; the key's id, name and limits stay."""
    overlap_s = seconds(overlap, "--overlap")
    with session.out.working("Rotating"):
        made = session.people.post(f"{_key(session, user, key_id)}/rotate", {"overlap_s": overlap_s})
    _secret(session, made, f"Key {made['id']} ({made['name']}) has a new secret; the old one ends in {overlap}:")


@command.command(group, "revoke")
def revoke(session: Session, key_id: KeyId, user: Owner = "", yes: Yes = False) -> None:
    """End a key, for good."""
    path = _key(session, user, key_id)
    if not yes and not session.person.agrees(f"Revoke {key_id}?"):
        raise Failure("Nothing was revoked.", Code.FAILED)
    gone = session.people.delete(path)
    session.out.done(gone, f"Revoked {key_id}. It is dead within {_within(gone)}.")


@command.command(group, "audit")
def audit(
    session: Session,
    user: Owner = "",
    everybody: Everybody = False,
    older_than: Annotated[
        str, typer.Option("--older-than", metavar="DURATION", help="How long a secret may stay the same, or unused.")
    ] = "90d",
    fail: Annotated[bool, typer.Option("--fail", help="Exit with 1 where anything was found.")] = False,
) -> None:
    """Keys worth a second look.

    Expired, endless, old, unused, too wide, or of people who are disabled. With --json each is the gateway's object
    with `findings` added.
    """
    now, old_s = time.time(), seconds(older_than, "--older-than")
    keys = _listed(session, user, everybody)
    found = [key | {"findings": told} for key in keys if (told := findings(key, now, old_s))]
    session.out.rows(
        found,
        {
            "ID": lambda key: key["id"],
            "OWNER": _owner,
            "NAME": lambda key: key["name"],
            "FINDINGS": lambda key: listed(key["findings"]),
        },
        f"Nothing to say about {len(keys)} keys.",
    )
    if found and fail:
        raise Failure(f"{len(found)} of {len(keys)} keys are worth a look.", Code.FAILED)


def _listed(session: Session, user: str, everybody: bool) -> list[dict[str, Any]]:
    if everybody and user:
        raise Failure("--all does not go with --user. Leave one of them out.", Code.WRONG)
    with session.out.working("Listing keys"):
        if everybody:
            return list(session.people.each(_ALL, {"limit": 60}))
        return list(session.people.get(_keys(session, user))["data"])


def known(key_id: str) -> str:
    """A key's id. Raises Failure for anything else, before it is sent: URLs are logged on their way."""
    if not key_id.startswith("key_"):
        # Somebody may have pasted the secret: it is not repeated.
        raise Failure("That is no key's id. Ids begin with key_; `pennyworth keys list` shows them.", Code.WRONG)
    return key_id


def _keys(session: Session, user: str) -> str:
    if not user:
        return "/me/api_keys"
    return f"/organization/users/{people.user_id(session.people, user)}/api_keys"


def _key(session: Session, user: str, key_id: str) -> str:
    return f"{_keys(session, user)}/{people.segment(known(key_id))}"


def _limits(
    scopes: list[Scope] | None,
    models: list[str] | None,
    tools: list[str] | None,
    expires_in: str | None,
    budget_usd: str | None,
) -> dict[str, object]:
    limits: dict[str, object] = {}
    if scopes:
        limits["scopes"] = [scope.value for scope in scopes]
    if models:
        limits["models"] = models
    if tools:
        limits["tools"] = tools
    if expires_in is not None:  # an empty one is a variable that was never set, and no wish for no limit
        limits["expires_in"] = seconds(expires_in, "--expires-in")
    if budget_usd is not None:
        limits["budget_usd"] = budgets.amount(budget_usd, "--budget-usd")
    return limits


def _secret(session: Session, made: dict[str, Any], told: str) -> None:
    """The one place that shows a secret: stdout holds nothing else, so that it can be piped into a secret store."""
    try:
        if session.out.as_json:
            session.out.json(made)
            return
        session.out.note(told)
        session.out.line(made["value"])
    except (Failure, OSError) as error:
        remedy = f"`pennyworth keys rotate {made['id']} --overlap 0s` gives it another one"
        raise Failure(f"{error} Nobody has seen the secret, and the key works: {remedy}.", Code.FAILED) from None


def _owner(key: dict[str, Any]) -> str:
    owner = key["owner"]
    who = owner.get("user") or owner.get("service_account") or {}
    return str(who.get("email") or who.get("name") or who.get("id", ""))


def _expiry(key: dict[str, Any], now: float) -> str:
    at = key["expires_at"]
    return "never" if at is None else "expired" if at <= now else moment(at)


def _within(found: dict[str, Any]) -> str:
    return f"{found['effective_within_s']} s"
