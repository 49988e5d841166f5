"""Tables: whole in a pipe, within their width at a terminal, and numbers that can be read and compared."""

import os
import sys
import warnings
from decimal import Decimal

import pexpect
import pytest
from rich.cells import cell_len

from pennyworth_cli.amounts import dollars, places, usd
from pennyworth_cli.tables import table
from tests.unit.cli.conftest import CLI

ID = "0198c7f2-5b1a-7c3e-9d44-6f1e2a3b4c5d"
NAMES = [
    "Ada",
    "\u6771\u4eac \u82b1\u5b50",
    "\U0001f469\u200d\U0001f680 O'Neil",
    "e\u0301lan",
    "\x1b[2J\x9b31mroot\u202e",
    "x" * 90,
]


@pytest.mark.parametrize(
    ("given", "shown"),
    [
        (1e-05, "$0.00001"),
        (0.000001, "$0.000001"),
        (25, "$25.00"),
        (0.5, "$0.50"),
        (1234567.125, "$1,234,567.125"),
        (0, "$0.00"),
        (0.1 + 0.2, "$0.30"),
        (None, ""),
    ],
)
def test_dollars_are_never_written_with_an_exponent(given, shown):
    assert dollars(usd(given)) == shown


def test_a_column_of_dollars_is_set_by_its_point():
    amounts = [usd(value) for value in (25, 0.000001, 1000.5)]
    assert places(amounts) == 6
    head, lines = table(
        ["WHO", "COST", "TOKENS"], [["a", amounts[0], 5], ["b", amounts[1], 12_345_678], ["c", amounts[2], None]], None
    )
    assert [head, *lines] == [
        "WHO           COST      TOKENS",
        "a       $25.000000           5",
        "b        $0.000001  12,345,678",
        "c    $1,000.500000",
    ]


@pytest.mark.parametrize("width", [40, 60, 80, 200])
def test_nothing_is_cut_off_and_no_line_is_wider_than_the_terminal(width):
    models = ", ".join(f"model-{number}" for number in range(30))
    rows = [["developers", models, 20], ["\u6771\u4eac\u90fd", "nova-*", 1]]
    head, lines = table(["GROUP", "MODELS", "PRECEDENCE"], rows, width)
    assert max(map(cell_len, [head, *lines])) <= width
    told = " ".join(" ".join(lines).split())
    assert all(f"model-{number}" in told for number in range(30))
    assert "\u6771\u4eac\u90fd" in told


def test_what_does_not_fit_is_a_block_of_lines_for_each_row():
    rows = [[ID, "ada@example.com", Decimal("2.5")], [ID, "bob@example.com", None]]
    assert table(["ID", "E-MAIL", "SPENT"], rows, 55) == (
        "",
        [f"ID      {ID}", "E-MAIL  ada@example.com", "SPENT   $2.50", "", f"ID      {ID}", "E-MAIL  bob@example.com"],
    )


def test_wide_characters_take_two_columns():
    head, lines = table(["NAME", "AGE"], [["\u6771\u4eac", 3], ["Ada", 4]], None)
    assert [cell_len(line) for line in (head, *lines)] == [9, 9, 9]


def people():
    return [
        {
            "id": ID.replace("5d", f"{number:02}"),
            "email": f"{number}@example.com",
            "name": name,
            "role": "reader",
            "groups": ["developers", name],
            "disabled": False,
            "added_at": 1_793_491_200,
            "budget_usd": 1e-05,
            "spent_usd": 12.5,
            "is_service_account": False,
        }
        for number, name in enumerate(NAMES)
    ]


def answers(server):
    server.answers = [(200, {}, {"object": "list", "data": data, "has_more": False}) for data in (people(), [])]


@pytest.mark.parametrize(
    "variables", [{}, {"COLUMNS": "40"}, {"FORCE_COLOR": "1"}, {"TTY_COMPATIBLE": "1", "COLUMNS": "40"}]
)
def test_a_pipe_gets_a_whole_line_for_each_row_whatever_the_environment_says(server, process, variables):
    answers(server)
    done = process("users", "list", **variables)
    lines = done.stdout.splitlines()
    assert (done.returncode, len(lines)) == (0, 1 + len(NAMES))
    assert "x" * 90 in lines[-1]
    assert "\x1b" not in done.stdout + done.stderr
    assert all("2026-11-01 00:00 UTC" in line for line in lines[1:])


@pytest.mark.parametrize("columns", [40, 60, 80, 200])
def test_a_narrow_terminal_shows_all_of_every_row(server, columns):
    """In a real terminal, with wide characters, and names that would clear the screen."""
    answers(server)
    environ = os.environ | {"PENNYWORTH_ENDPOINT": server.url, "PENNYWORTH_TOKEN": "t", "TERM": "xterm-256color"}
    environ.pop("COLUMNS", None)
    with warnings.catch_warnings():
        # pexpect forks before it executes, and pytest-xdist has a thread: the child does nothing in between.
        warnings.simplefilter("ignore", DeprecationWarning)
        screen = pexpect.spawn(
            sys.executable,
            ["-m", "pennyworth_cli", "users", "list"],
            cwd=CLI,
            env=environ,
            encoding="utf-8",
            timeout=30,
            dimensions=(50, columns),
        )
    screen.expect(pexpect.EOF)
    shown = screen.before
    screen.close()
    assert screen.exitstatus == 0
    for person in people():
        assert person["id"] in shown
        assert person["email"] in shown
    assert "\x1b[2J" not in shown.replace("\x1b[2K", "")
    assert "\x9b" not in shown
    assert "\u202e" not in shown
    assert shown.count("[2J31mroot") == 1
