"""Sums as the API has them, in dollars, and as they are kept, in whole micro-dollars. Pure."""

from decimal import Decimal


def microusd(usd: float | None) -> int | None:
    """Raises ValueError for a part of a micro-dollar. The number is taken as it was written: 0.1 is a tenth."""
    if usd is None:
        return None
    exact = Decimal(repr(usd)) * 1_000_000
    if exact != exact.to_integral_value():
        raise ValueError("must be in dollars with at most 6 decimals")
    return int(exact)


def dollars(microusd: int) -> str:
    """For a sentence, with the decimals it needs: a float would be 1e-05."""
    return f"{(Decimal(microusd) / 1_000_000).normalize():f}"


def usd(microusd: int | None) -> float | None:
    return None if microusd is None else microusd / 1e6
