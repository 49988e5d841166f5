"""Lists in pages: a cursor says where the next one begins, and that is all a server without memory needs."""

import base64
import binascii
import json
from collections.abc import Callable, Mapping, Sequence
from typing import Any, TypeVar

from services.mcp.protocol import INVALID_PARAMS, RpcError

# Many clients ask for one page and no more, so a page holds as much as an answer may; the rest is a guard.
PAGE_ENTRIES = 500
PAGE_BYTES = 2 * 1024 * 1024  # of JSON, within the 6 MB that Lambda answers with

Place = tuple[str, str]  # what a list is ordered by: (source, own name)
Entry = TypeVar("Entry")


def page(
    entries: Sequence[Entry],
    place: Callable[[Entry], Place],
    shown: Callable[[Entry], Mapping[str, Any]],
    method: str,
    cursor: object,
) -> tuple[list[Mapping[str, Any]], str | None]:
    """One page of entries that are in the order of their places, as `shown`, and the next page's cursor or None.

    A page begins after the place its cursor names, so entries that come or go between two pages shift nothing.
    Raises RpcError for a cursor that no page of `method` gave out.
    """
    after = None if cursor is None else _opened(cursor, method)
    listed: list[Mapping[str, Any]] = []
    room, last = PAGE_BYTES, None
    for entry in entries:
        if after is not None and place(entry) <= after:
            continue
        found = shown(entry)
        room -= len(json.dumps(found))
        if listed and (room < 0 or len(listed) == PAGE_ENTRIES):
            return listed, _cursor(method, last)
        listed.append(found)
        last = place(entry)
    return listed, None


def _cursor(method: str, place: Place | None) -> str:
    return base64.urlsafe_b64encode(json.dumps([method, *(place or ())]).encode()).decode().rstrip("=")


def _opened(cursor: object, method: str) -> Place:
    """Nothing secret lies in a cursor and nothing is granted by one, so it is not signed. It has one spelling only."""
    if isinstance(cursor, str):
        try:
            document = json.loads(base64.b64decode(f"{cursor}{'=' * (-len(cursor) % 4)}", b"-_", validate=True))
        except (binascii.Error, ValueError, RecursionError):
            document = None
        if isinstance(document, list) and len(document) == 3 and all(isinstance(part, str) for part in document):
            place: Place = (document[1], document[2])
            if document[0] == method and _cursor(method, place) == cursor:
                return place
    raise RpcError(
        INVALID_PARAMS, f"'params.cursor' is not one that {method} gave out. Leave it out to begin with the first page."
    )
