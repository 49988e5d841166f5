"""What a provider that speaks OpenAI's language says of a failure: its error object, whatever it put into it. Pure."""

from pennyworth.errors import Problem

_FIELDS = ("message", "type", "param", "code")
# What providers call it when they say in a stream that they are asked too much: no status came with it.
_THROTTLED = ("rate_limit_exceeded", "rate_limit_error", "rate_limit_reached", "too_many_requests")
_STATUSES = {**dict.fromkeys((*_THROTTLED, "insufficient_quota"), 429), "overloaded_error": 529}
# What is promised of another try by a failure of that status; of any other nothing is known.
_PROMISES = {429: "rate_limit_exceeded", 503: "service_unavailable", 529: "service_unavailable"}


def texts(error: object, message: str = "The provider refused the request.") -> dict[str, str | None]:
    """The four fields of OpenAI's error object, as far as they are texts; this message where there is none."""
    given = error if isinstance(error, dict) else {}
    fields = {name: value if isinstance(value := given.get(name), str) else None for name in _FIELDS}
    return {**fields, "message": fields["message"] or message}


def status(error: object) -> int:
    """The HTTP status that an error object would have come with, had it come before its stream: 502 where it does not
    say."""
    told = texts(error)
    for name in ("code", "type"):
        if found := _STATUSES.get(told[name] or ""):
            return found
    code = str(error.get("code")) if isinstance(error, dict) else ""
    return int(code) if code.isascii() and code.isdigit() and 400 <= int(code[:4]) <= 599 else 502


def in_stream(error: object) -> Problem:
    """What a client reads of one that came after an answer had begun: its kind, in our words. A text that came so late
    may hold anything, our key included."""
    return Problem(_PROMISES.get(status(error), "upstream_error"))
