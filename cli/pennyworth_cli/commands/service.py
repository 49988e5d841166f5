"""About the gateway, and about this program."""

import os
import platform
import time
from typing import Any

import typer

from pennyworth_cli import __version__, command
from pennyworth_cli.output import moment
from pennyworth_cli.session import Session
from pennyworth_cli.tokens import Tokens, claims


def register(app: typer.Typer) -> None:
    command.command(app, "status")(status)
    command.command(app, "version")(version)


def status(session: Session) -> None:
    """Whether the gateway answers, and who is signed in here."""
    began = time.monotonic()
    with session.out.working("Asking the gateway"):
        health = session.open.get("/health")
        took_ms = round((time.monotonic() - began) * 1000)
        running = session.open.get("/version")
    found: dict[str, Any] = {
        "endpoint": session.endpoint,
        "profile": session.profile.name,
        "health": health["status"],
        "answered_ms": took_ms,
        "version": running["version"],
        "git_sha": running["git_sha"],
        "environment": running["environment"],
        **_signed_in(session),
    }
    shown = found | {
        "api_key": "PENNYWORTH_API_KEY" * found["api_key"],
    }
    ends = moment(shown.pop("signed_in_until"))
    shown["tokens_end"] = f"{ends}, and are renewed without a word while the sign-in lasts" if ends else ""
    session.out.one(found, {name.replace("_", " "): value for name, value in shown.items()})
    if not found["signed_in"]:
        session.out.note("Nobody is signed in here. `pennyworth login` does that.")


def version(session: Session) -> None:
    """This program's version. `status` tells the gateway's."""
    found = {"version": __version__, "python": platform.python_version()}
    session.out.one(found, {"pennyworth": __version__, "python": found["python"]})


def _signed_in(session: Session) -> dict[str, Any]:
    """Without renewing anything: the end is that of the tokens held, which the next command renews."""
    held = Tokens.parse(session.vault.read(session.entry))
    return {
        "signed_in": str(claims(held.id_token).get("email", "")) if held else "",
        "signed_in_until": held.expires_at if held else None,
        "tokens": session.vault.place,
        "api_key": bool(os.environ.get("PENNYWORTH_API_KEY")),
    }
