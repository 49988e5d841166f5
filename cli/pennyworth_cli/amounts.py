"""Counts and dollars as people read them: never as 1e-05. Pure."""

from collections.abc import Iterable
from decimal import Decimal

_CENTS, _MICRO = 2, 6  # decimals: at least, and what the gateway counts in


def usd(value: object) -> Decimal | None:
    """Of a number of the API's, in dollars; None for none. Raises ArithmeticError for what is no number."""
    return None if value is None else Decimal(str(value))


def places(amounts: Iterable[Decimal]) -> int:
    """The decimals that show all of them whole: from cents to micro-dollars."""
    return max((_needed(amount) for amount in amounts), default=_CENTS)


def dollars(amount: Decimal | None, decimals: int | None = None) -> str:
    """`$1,234.50`, with as many decimals as it needs unless they are given; empty for none."""
    if amount is None:
        return ""
    return f"${amount:,.{_needed(amount) if decimals is None else decimals}f}"


def number(value: object) -> str:
    """Any number, with the decimals it has."""
    return f"{Decimal(str(value)).normalize():f}"


def _needed(amount: Decimal) -> int:
    shown = f"{amount:.{_MICRO}f}".rstrip("0")
    return max(_CENTS, len(shown.partition(".")[2]))
