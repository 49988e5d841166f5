"""Server-sent events of a provider that speaks OpenAI's language, on their way to the client: whole, metered, and with
an honest beginning."""

import re
from collections.abc import Callable, Iterator
from typing import Any

from pennyworth.errors import Problem
from pennyworth.runtime.deadline import TimeIsUp
from services.openai.converse import Envelope
from services.openai.eventdata import data, event, read
from services.openai.meter import Meter
from services.openai.refusal import status
from services.openai.sse import sse

_LONGEST = 16_000_000  # bytes of an event: an image in base64 is some
_BLANK = re.compile(rb"\r?\n\r?\n")  # ends an event; some servers write lines as HTTP does
_USAGE = re.compile(rb'"usage"\s*:\s*\{')  # within a text the quotes would be escaped; most chunks say null


def whole(pieces: Iterator[bytes]) -> Iterator[bytes]:
    """Whole events, so that no client reads half of one before an error. Raises Problem for one that does not end."""
    pending = bytearray()
    for piece in pieces:
        read = max(0, len(pending) - 3)  # a blank line may be cut: what was before was looked through
        pending += piece
        end = max((found.end() for found in _BLANK.finditer(pending, read)), default=0)
        if end:
            yield bytes(pending[:end])
            del pending[:end]
        _require_end(pending)
    if pending.strip():  # some leave out the blank line after their last event
        yield bytes(pending.rstrip()) + b"\n\n"


def _require_end(held: bytearray) -> None:
    if len(held) > _LONGEST:
        raise Problem("upstream_error")


def honest(events: Iterator[bytes], problem: Callable[[int, object], Problem]) -> Iterator[bytes]:
    """The same events; what fails before the first is raised, while a status can be chosen, and later is an event.

    `problem` makes it of a status and OpenAI's error object, where the provider's own first event is an error.
    """
    held = bytearray()
    begun = False
    try:
        for piece in events:
            if not begun:
                held += piece
                said = data(piece)
                _require_end(held)
                if not said:  # a comment keeps a connection open and says nothing
                    continue
                if (error := _error(said[0])) is not None:
                    events.close()  # type: ignore[attr-defined]  # a generator
                    raise problem(status(error), error)
                begun, piece, held = True, bytes(held), bytearray()
            yield piece
    except Problem as failed:
        if not begun:
            raise
        yield event(failed.body)
    if held:
        yield bytes(held)


def asking(body: dict[str, Any]) -> tuple[dict[str, Any], bool]:
    """The request with its usage asked for, as the meter needs it; and whether the client asked for it, too. Raises
    Problem."""
    options = _options(body)
    if options.get("include_usage"):
        return body, True
    return {**body, "stream_options": {**options, "include_usage": True}}, False


def unasking(body: dict[str, Any]) -> dict[str, Any]:
    """The request for a provider that refuses to be asked for usage. What else its options say stays. Raises
    Problem."""
    options = _options(body)
    if "include_usage" not in options:
        return body
    left = {name: value for name, value in options.items() if name != "include_usage"}
    rest = {name: value for name, value in body.items() if name != "stream_options"}
    return {**rest, "stream_options": left} if left else rest


def _options(body: dict[str, Any]) -> dict[str, Any]:
    """Some providers read `0` or "no" as false, or pass over options that are none: nobody would count such a stream's
    tokens. So those are not theirs to judge."""
    options = {} if body.get("stream_options") is None else body["stream_options"]
    if not isinstance(options, dict):
        raise Problem("invalid_value", param="stream_options", reason="must be an object")
    if not isinstance(options.get("include_usage"), bool | None):
        raise Problem("invalid_value", param="stream_options.include_usage", reason="must be true or false")
    return options


def metered(
    events: Iterator[bytes], body: dict[str, Any], envelope: Envelope, meter: Meter, *, told: bool
) -> Iterator[bytes]:
    """The same events, counted, and a clean end after those that came in the function's time; the meter hears of their
    usage. Unless it is to be `told`, the event of the usage alone, which the client did not ask for, is left out."""
    from services.openai.ending import Ending  # Converse alone is no reason to load it

    ending = Ending(body, envelope)
    try:
        for piece in events:
            ending.see(piece)
            meter.pieces = ending.pieces
            if _USAGE.search(piece):
                ending.told_usage()
                piece = b"".join(_heard(piece, meter, told))
            if piece:
                yield piece
    except TimeIsUp:
        meter.cut = True
        yield from sse(ending.end())


def _heard(piece: bytes, meter: Meter, told: bool) -> Iterator[bytes]:
    """Its events, of whose usage the meter hears; one that tells nothing else is left out unless that is `told`."""
    at = 0
    for found in _BLANK.finditer(piece):
        one, at = piece[at : found.end()], found.end()
        chunks = [chunk for said in data(one) if _USAGE.search(said) and (chunk := read(said))]
        for chunk in chunks:
            meter.read(chunk.get("usage"), chunk.get("service_tier"))
        if told or not any(map(_usage_alone, chunks)):
            yield one


def _usage_alone(chunk: dict[str, Any]) -> bool:
    return chunk.get("choices") == [] and isinstance(chunk.get("usage"), dict)


def _error(said: bytes) -> object:
    """The error an event tells, if it tells nothing else. In the Responses API the event itself is the error."""
    told = read(said)
    if told is None or "choices" in told:
        return None
    return told.get("error") or (told if told.get("type") == "error" else None)
