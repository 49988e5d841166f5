"""`pennyworth`: its commands, and the options that may stand before them."""

import typer

from pennyworth_cli import command, output
from pennyworth_cli.command import Endpoint, ProfileName
from pennyworth_cli.commands import account, audit, chat, groups, keys, mcp, models, profiles, service, usage, users

app = command.group("The command line of a Pennyworth gateway.")
for name, part in (
    ("users", users),
    ("groups", groups),
    ("keys", keys),
    ("mcp", mcp),
    ("mfa", account),
    ("profiles", profiles),
):
    app.add_typer(part.group, name=name)
for part in (account, models, chat, usage, audit, service):
    part.register(app)


@app.callback()
def options(context: typer.Context, endpoint: Endpoint = "", profile: ProfileName = "") -> None:
    context.obj = {"endpoint": endpoint, "profile": profile}


def main() -> None:
    output.forgive()
    app(prog_name="pennyworth")
