"""Times and durations as people type them. Pure."""

import re
from datetime import UTC, datetime

from pennyworth_cli.failure import Code, Failure

_UNITS_S = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MONTH = re.compile(r"[0-9]{4}-[0-9]{2}")
_DURATION = re.compile(r"([0-9]{1,9})([smhdw])")


def seconds(text: str, option: str) -> int:
    """Of 90s, 15m, 12h, 30d or 2w. Raises Failure naming the option."""
    found = _DURATION.fullmatch(text.strip().lower())
    if found is None:
        raise Failure(f"{option}: {text!r} is no duration. Write 90s, 15m, 12h, 30d or 2w.", Code.WRONG)
    return int(found[1]) * _UNITS_S[found[2]]


def instant(text: str, option: str, now: float) -> int:
    """Unix seconds of a duration ago, or of a month, a date or a time in ISO 8601: in UTC, as budgets and buckets are,
    unless it names another offset. Raises Failure naming the option."""
    try:
        at = _told(text.strip(), option, now)
        if at >= 0:
            return at
    except (ValueError, OverflowError):
        pass
    raise Failure(
        f"{option}: {text!r} is no time. Write how long ago (7d, 12h), or in UTC a month, a date or a time: 2026-11, "
        "2026-11-01, 2026-11-01T18:00; with another offset 2026-11-01T18:00+02:00.",
        Code.WRONG,
    )


def _told(given: str, option: str, now: float) -> int:
    """Raises ValueError and OverflowError for what is neither; of what was before 1970 it is negative."""
    if _DURATION.fullmatch(given.lower()):
        return int(now) - seconds(given, option)
    told = datetime.fromisoformat(f"{given}-01" if _MONTH.fullmatch(given) else given)
    return int((told if told.tzinfo else told.replace(tzinfo=UTC)).timestamp())
