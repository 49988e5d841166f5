"""The gateway's MCP endpoint in other programs."""

from enum import StrEnum
from typing import Annotated, Any

import typer

from pennyworth_cli import command
from pennyworth_cli.session import Session

group = command.group("The gateway's MCP endpoint in other programs.")

_KEY = "PENNYWORTH_API_KEY"


class Client(StrEnum):
    """Programs whose configuration we know."""

    CURSOR = "cursor"
    VSCODE = "vscode"
    CLAUDE = "claude"


@command.command(group, "config")
def config(
    session: Session, client: Annotated[Client, typer.Argument(metavar="cursor|vscode|claude", help="Which program.")]
) -> None:
    """Print a program's configuration for the gateway's tools.

    It holds no key: Cursor and Claude Code read PENNYWORTH_API_KEY from their environment, VS Code asks once and keeps
    it in its own secret storage.
    """
    where, made = configuration(client, f"{session.endpoint}/mcp")
    session.out.json(made)
    session.out.note(where)


def configuration(client: Client, url: str) -> tuple[str, dict[str, Any]]:
    """Where it belongs, in words, and the JSON.

    Sources: Cursor's documentation, MCP, config interpolation; Visual Studio Code's, MCP configuration reference, input
    variables; Claude Code's, MCP, environment variable expansion in .mcp.json (read 2026-11).
    """
    if client is Client.CURSOR:
        server = {"url": url, "headers": {"Authorization": f"Bearer ${{env:{_KEY}}}"}}
        return (
            f"For .cursor/mcp.json, or ~/.cursor/mcp.json for all projects. Start Cursor with {_KEY} set.",
            {"mcpServers": {"pennyworth": server}},
        )
    if client is Client.CLAUDE:
        server = {"type": "http", "url": url, "headers": {"Authorization": f"Bearer ${{{_KEY}}}"}}
        return (
            f"For .mcp.json in the project. Start Claude Code with {_KEY} set.",
            {"mcpServers": {"pennyworth": server}},
        )
    asked = {"type": "promptString", "id": "pennyworth-key", "description": "Pennyworth API key", "password": True}
    server = {"type": "http", "url": url, "headers": {"Authorization": "Bearer ${input:pennyworth-key}"}}
    return (
        "For .vscode/mcp.json, or `MCP: Open User Configuration` for all projects. VS Code asks for the key.",
        {"inputs": [asked], "servers": {"pennyworth": server}},
    )
