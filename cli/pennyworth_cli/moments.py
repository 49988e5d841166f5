"""Times and durations as people type them. Pure."""

import re
from datetime import datetime

from pennyworth_cli.failure import Code, Failure

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")


def seconds(text: str, option: str) -> int:
    """Of 90s, 15m, 12h, 30d or 2w. Raises Failure naming the option."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Failure(f"{option}: {text!r} is no duration. Write 90s, 15m, 12h, 30d or 2w.", Code.WRONG)
    return int(found[1]) * _UNITS_S[found[2]]


def instant(text: str, option: str, now: float) -> int:
    """Unix seconds of a duration ago, or of a date or time in ISO 8601, local where it names no offset. Raises Failure
    naming the option."""
    if _DURATION.fullmatch(text.strip().lower()):
        return int(now) - seconds(text, option)
    try:
        return int(datetime.fromisoformat(text.strip()).timestamp())
    except (ValueError, OverflowError):
        raise Failure(
            f"{option}: {text!r} is no time. Write how long ago (7d, 12h), or a date such as 2026-11-01.", Code.WRONG
        ) from None
