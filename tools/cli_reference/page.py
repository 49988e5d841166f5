"""The page: what is written by hand, then every command as the program itself describes it."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import typer.main

from pennyworth_cli.app import app
from pennyworth_cli.failure import MEANINGS

PAGE = Path(__file__).resolve().parents[2] / "docs" / "cli.md"
_HEAD = Path(__file__).with_name("head.md")
_EVERYWHERE = {"--endpoint", "--profile", "--json", "--help"}


def page() -> str:
    codes = "\n".join(f"| {int(code)} | {meaning} |" for code, meaning in MEANINGS.items())
    head = _HEAD.read_text(encoding="utf-8").replace("{codes}", codes)
    return head + "".join(_sections(typer.main.get_command(app), "pennyworth"))


def commands(command: Any, name: str) -> Iterator[tuple[str, Any]]:
    """Every command that does something, by the words that call it."""
    if not hasattr(command, "commands"):
        yield name, command
        return
    for own, below in command.commands.items():
        yield from commands(below, f"{name} {own}")


def _sections(root: Any, name: str) -> Iterator[str]:
    for full, command in commands(root, name):
        context = command.context_class(command, info_name=full)
        parameters = [each for each in command.get_params(context) if not _EVERYWHERE & set(each.opts)]
        usage = " ".join(_word(each) for each in parameters)
        yield f"\n### {full}\n\n```sh\n{full}{' ' if usage else ''}{usage}\n```\n\n{_text(command.help)}\n"
        rows = [_row(record) for each in parameters if (record := each.get_help_record(context))]
        if rows:
            yield "\n| | |\n|---|---|\n" + "".join(rows)


def _word(parameter: Any) -> str:
    """A parameter in the line that shows how the command is called."""
    many = "…" if parameter.nargs == -1 or parameter.multiple else ""
    if parameter.param_type_name == "argument":
        word = str(parameter.metavar or parameter.name.upper())
        return f"{word}{many}" if parameter.required else f"[{word}{many}]"
    value = f" {parameter.metavar}" if not parameter.is_flag else ""
    return f"[{parameter.opts[0]}{value}{many}]"


def _row(record: tuple[str, str]) -> str:
    name, told = (text.replace("|", "\\|") for text in record)
    name = re.sub(r" <.*>$", "", name)
    return f"| `{name}` | {told} |\n"


def _text(told: str | None) -> str:
    """A docstring as paragraphs, each on a line of its own."""
    return "\n\n".join(" ".join(part.split()) for part in (told or "").split("\n\n"))
