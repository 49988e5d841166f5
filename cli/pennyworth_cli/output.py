"""What people and scripts see: tables or JSON on stdout, everything else on stderr."""

import errno
import io
import json
import os
import re
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC, datetime
from decimal import Decimal
from getpass import getpass
from typing import Any

from rich.console import Console
from rich.text import Text

from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.tables import fields, table
from pennyworth_cli.text import escaped, inline

# A number in JSON that Python writes with an exponent; a text is passed over whole.
_NUMBER = re.compile(r'"(?:[^"\\]|\\.)*"|-?[0-9.]+e[-+]?[0-9]+')


def moment(at: object) -> str:
    """Unix seconds as a time in UTC, as budgets, buckets and invoices are; empty for none."""
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M} UTC" if isinstance(at, int | float) else ""


def listed(values: Iterable[object] | None) -> str:
    return ", ".join(map(str, values or ()))


class Output:
    """`as_json`: for a script."""

    def __init__(self, as_json: bool = False) -> None:
        self.as_json = as_json

    def rows(self, found: Sequence[Mapping[str, Any]], columns: Mapping[str, Any], none: str) -> None:
        """The API's own objects as a JSON array, or a table. `columns`: heading → the cell of an object; `none`: what
        to say when there is nothing."""
        if self.as_json:
            self.json(list(found))
        elif not found:
            self.note(none)
        else:
            self._table(list(columns), [[cell(each) for cell in columns.values()] for each in found])

    def one(self, found: Mapping[str, Any], lines: Mapping[str, object]) -> None:
        """An object of the API as JSON, or its lines: heading → value. Empty ones are left out."""
        if self.as_json:
            self.json(found)
            return
        shown = {name: inline(value) for name, value in lines.items() if value not in (None, "", [])}
        for line in fields(shown):
            self.line(line)

    def json(self, value: object) -> None:
        text = json.dumps(value, indent=2, ensure_ascii=not _unicode())
        self.line("".join(map(escaped, _NUMBER.sub(_written_out, text))))

    def line(self, text: str) -> None:
        self.write(text + "\n")

    def write(self, text: str) -> None:
        """To stdout. Raises Failure where it takes no more, and BrokenPipeError where nobody reads on, as after `head`:
        that ends the program without a word."""
        try:
            sys.stdout.write(text)
            sys.stdout.flush()
        except OSError as error:
            _abandon_stdout()
            if error.errno == errno.EPIPE:
                raise
            raise Failure(f"stdout cannot be written: {error.strerror or error}.", Code.FAILED) from None

    def done(self, found: object, text: str) -> None:
        """What a change came to: the API's answer for scripts, a sentence for people."""
        if self.as_json:
            self.json(found)
        else:
            self.note(text)

    def note(self, text: str) -> None:
        sys.stderr.write(inline(text) + "\n")
        sys.stderr.flush()

    @contextmanager
    def working(self, text: str) -> Iterator[Callable[[str], None]]:
        """A spinner beside what takes a moment, on a terminal alone. It is told how far the work is."""
        if self.as_json or not sys.stderr.isatty():
            yield lambda _far: None
        else:
            with Console(stderr=True).status(text) as status:
                yield lambda far: status.update(f"{text}: {far}")

    def _table(self, headings: list[str], rows: list[list[object]]) -> None:
        # FORCE_COLOR, which CI sets, would have a library take a pipe for a terminal of 80 columns.
        console = Console() if sys.stdout.isatty() else None
        drawn = table(headings, rows, console.width if console else None)
        if drawn.head:
            self.line(_bold(console, drawn.head) if console else drawn.head)
        for line in drawn.lines:
            self.line(line)


class Terminal:
    """A person at a terminal, or a script that writes its answers to stdin, one a line. Questions go to stderr."""

    def __init__(self) -> None:
        self.can_retry = sys.stdin.isatty()

    def secret(self, label: str) -> str:
        """Not shown as it is typed. Raises Failure where the input ends."""
        if not self.can_retry:
            return self._next(label)
        try:
            return getpass(f"{inline(label)}: ", stream=sys.stderr)
        except EOFError:
            raise _ended(label) from None

    def line(self, label: str) -> str:
        if self.can_retry:
            sys.stderr.write(f"{inline(label)}: ")
            sys.stderr.flush()
        return self._next(label).strip()

    def agrees(self, question: str) -> bool:
        """Whether they typed yes. Raises Failure where nobody can."""
        if not self.can_retry:
            raise Failure(f"{question} Say so with --yes: there is no terminal to ask at.", Code.WRONG)
        return self.line(f"{question} [y/N]").lower() in ("y", "yes")

    def tell(self, text: str) -> None:
        sys.stderr.write(inline(text) + "\n")
        sys.stderr.flush()

    def _next(self, label: str) -> str:
        given = sys.stdin.readline()
        if not given:
            raise _ended(label)
        return given.rstrip("\r\n")


def _ended(label: str) -> Failure:
    return Failure(f"{label}: the input ended. Type it at a terminal, or write it to stdin, a line each.", Code.WRONG)


def _bold(console: Console, text: str) -> str:
    """As far as the terminal can."""
    with console.capture() as drawn:
        console.print(Text(text, style="bold"), soft_wrap=True, end="")
    return drawn.get()


def _written_out(found: re.Match[str]) -> str:
    """0.00001 for 1e-05: not all that reads JSON, or a person, takes the latter."""
    text = found[0]
    return text if text.startswith('"') else f"{Decimal(text):f}"


def forgive() -> None:
    """From now on what an encoding lacks is escaped and ends no command: names and answers are others' words, and
    Windows gives a pipe or a file cp1252."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="backslashreplace")


def _abandon_stdout() -> None:
    """What is still buffered goes nowhere, or Python would fail on it once more at its end."""
    with suppress(OSError):
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, sys.stdout.fileno())
        os.close(nowhere)


def _unicode() -> bool:
    """Whether stdout can show more than ASCII."""
    return (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
