"""What a shell offers after a tab, as the scripts of `--install-completion` ask for it."""

import os
import re
import subprocess
import sys

import pytest

from tests.unit.cli.conftest import CLI

SHELLS = {
    "bash": lambda words: {"COMP_WORDS": words, "COMP_CWORD": str(len(words.split(" ")) - 1)},
    "zsh": lambda words: {"_TYPER_COMPLETE_ARGS": words},
    "fish": lambda words: {"_TYPER_COMPLETE_ARGS": words, "_TYPER_COMPLETE_FISH_ACTION": "get-args"},
}


def offered(shell, words):
    asked = {"_PENNYWORTH_COMPLETE": f"complete_{shell}", **SHELLS[shell](words)}
    command = [sys.executable, "-m", "pennyworth_cli"]
    return subprocess.run(
        command, cwd=CLI, env=os.environ | asked, capture_output=True, encoding="utf-8", timeout=60, check=False
    )


@pytest.mark.parametrize("shell", SHELLS)
@pytest.mark.parametrize(
    ("words", "wanted"),
    [
        ("pennyworth ", ["login", "costs", "users"]),
        ("pennyworth users ", ["list", "invite", "update"]),
        ("pennyworth users update --", ["--budget-usd", "--group-budget"]),
        ("pennyworth costs --by ", ["user", "model"]),
        ("pennyworth mcp config ", ["cursor", "claude"]),
    ],
)
def test_a_tab_offers_commands_options_and_choices(server, shell, words, wanted):
    done = offered(shell, words)
    assert set(wanted) <= set(re.findall(r"[\w-]+", done.stdout)), done.stderr
    assert server.seen == []


@pytest.mark.parametrize(
    "words", ["pennyworth ", "pennyworth users ", "pennyworth users update --", "pennyworth chat --"]
)
def test_no_help_text_becomes_a_command_in_zsh(words):
    """zsh evaluates what it is offered: `pennyworth models` in a text of ours would be run by a tab."""
    told = offered("zsh", words).stdout
    assert told
    assert not re.search(r"(?<!\\)[`$]", told)
