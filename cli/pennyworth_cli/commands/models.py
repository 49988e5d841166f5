"""The models that may be used."""

import typer

from pennyworth_cli import command
from pennyworth_cli.output import moment
from pennyworth_cli.session import Session


def register(app: typer.Typer) -> None:
    command.command(app, "models")(list_models)


def list_models(session: Session) -> None:
    """The models that you, or the key in PENNYWORTH_API_KEY, may use."""
    found = session.models.get("/models")["data"]
    session.out.rows(
        found,
        {
            "MODEL": lambda model: model["id"],
            "FROM": lambda model: model["owned_by"],
            "SINCE": lambda model: moment(model["created"])[:10],
        },
        "No model may be used. Ask an administrator for a group or a key that allows one.",
    )
