"""A table as lines of text: whole in a pipe; within its width at a terminal, where what does not fit becomes a block of
lines for each row. Nothing is ever cut off. Pure."""

from collections.abc import Sequence
from decimal import Decimal
from itertools import zip_longest
from typing import NamedTuple

from rich.cells import cell_len

from pennyworth_cli.amounts import dollars, places
from pennyworth_cli.text import inline

_GAP = "  "
_BREAK = ", "  # between what is listed in a cell: the one place where a cell may go on in the next line


class Drawn(NamedTuple):
    head: str  # empty where each line says what it is
    lines: list[str]


def table(headings: Sequence[str], rows: Sequence[Sequence[object]], width: int | None) -> Drawn:
    """`width`: the terminal's columns, None for a pipe, where a row is always a line.

    Cells are texts, or numbers: integers are counts, decimals dollars. A column of numbers is set right, and its
    dollars have as many decimals as the one that needs most.
    """
    columns = [_column(heading, cells) for heading, cells in zip(headings, zip(*rows, strict=True), strict=True)]
    widths = [max(map(cell_len, column)) for column in columns]
    right = [all(map(_number, cells)) for cells in zip(*rows, strict=True)]
    if width is not None:
        least = [max(cell_len(part) for cell in column for part in _parts(cell)) for column in columns]
        if _total(least) > width:
            return Drawn("", _blocks(columns))
        widths = _shrunk(widths, least, width)
    made = []
    for cells in zip(*columns, strict=True):
        wrapped = [_wrapped(cell, most) for cell, most in zip(cells, widths, strict=True)]
        for line in zip_longest(*wrapped, fillvalue=""):
            made.append(_GAP.join(map(_padded, line, widths, right)).rstrip())
    return Drawn(made[0], made[1:])


def fields(values: dict[str, str]) -> list[str]:
    """An object as lines of `name  value`."""
    widest = max(map(len, values), default=0)
    return [f"{name:<{widest}}{_GAP}{value}".rstrip() for name, value in values.items()]


def _column(heading: str, cells: Sequence[object]) -> list[str]:
    """A column's texts, its heading first."""
    decimals = places(cell for cell in cells if isinstance(cell, Decimal))
    return [heading, *(_text(cell, decimals) for cell in cells)]


def _text(cell: object, decimals: int) -> str:
    if isinstance(cell, Decimal):
        return dollars(cell, decimals)
    return f"{cell:,}" if isinstance(cell, int) else inline("" if cell is None else cell)


def _number(cell: object) -> bool:
    """None, an empty cell, is set like its neighbours."""
    return cell is None or isinstance(cell, int | Decimal)


def _parts(cell: str) -> list[str]:
    """What may not be broken, each with the comma after it."""
    parts = cell.split(_BREAK)
    return [part + _BREAK.rstrip() for part in parts[:-1]] + parts[-1:]


def _wrapped(cell: str, width: int) -> list[str]:
    if cell_len(cell) <= width:
        return [cell]
    lines = [""]
    for part in _parts(cell):
        longer = f"{lines[-1]} {part}" if lines[-1] else part
        if cell_len(longer) <= width:
            lines[-1] = longer
        else:
            lines.append(part)
    return lines


def _shrunk(widths: list[int], least: list[int], width: int) -> list[int]:
    """What is widest gives way first, and none becomes narrower than its least."""
    made = list(widths)
    while _total(made) > width:
        widest = max((each for each in range(len(made)) if made[each] > least[each]), key=lambda each: made[each])
        made[widest] -= 1
    return made


def _total(widths: Sequence[int]) -> int:
    return sum(widths) + len(_GAP) * (len(widths) - 1)


def _padded(text: str, width: int, right: bool) -> str:
    space = " " * (width - cell_len(text))
    return space + text if right else text + space


def _blocks(columns: list[list[str]]) -> list[str]:
    """Each row as lines, an empty one between two of them."""
    headings, *rows = zip(*columns, strict=True)
    made: list[str] = []
    for row in rows:
        made += [
            *([""] if made else []),
            *fields({name: cell for name, cell in zip(headings, row, strict=True) if cell}),
        ]
    return made
