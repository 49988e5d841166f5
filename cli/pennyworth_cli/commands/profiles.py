"""Gateways of yours, by name."""

from typing import Annotated

import typer

from pennyworth_cli import command
from pennyworth_cli.session import Session

group = command.group("Gateways of yours, by name. `login --profile NAME --endpoint URL` adds one.")

Name = Annotated[str, typer.Argument(metavar="NAME", help="The profile.")]


@command.command(group, "list")
def list_profiles(session: Session) -> None:
    """All profiles; the one that counts is marked."""
    held = session.profiles
    found = [
        {"name": name, "endpoint": row.endpoint, "email": row.email, "current": name == held.current}
        for name in held.names()
        for row in (held.find(name),)
    ]
    session.out.rows(
        found,
        {
            "": lambda each: "*" if each["current"] else "",
            "NAME": lambda each: each["name"],
            "ENDPOINT": lambda each: each["endpoint"],
            "E-MAIL": lambda each: each["email"],
        },
        "There is no profile. `pennyworth login --endpoint URL` makes one.",
    )


@command.command(group, "use")
def use(session: Session, name: Name) -> None:
    """Let this one count where none is named."""
    found = session.profiles.use(name)
    session.out.done({"profile": name, "endpoint": found.endpoint}, f"{name} counts from now on: {found.endpoint}")


@command.command(group, "remove")
def remove(session: Session, name: Name) -> None:
    """Forget a profile and its tokens.

    Those of its former addresses too. `logout` first, to end the sign-in at Cognito as well.
    """
    session.profiles.forget(name, session.vault)
    session.out.done({"profile": name, "removed": True}, f"Forgot {name}.")
