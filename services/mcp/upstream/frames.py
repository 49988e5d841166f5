"""Messages out of an answer's bytes: one JSON document, or an event stream with one in each event. Pure.

What comes from elsewhere may be made to hurt whoever reads it: size, depth and half characters are bounded here, once.
"""

import json
import re
from collections.abc import Iterable, Iterator
from typing import Any

from services.mcp.protocol import MAX_DEPTH, SURROGATE, deep, finite
from services.mcp.upstream.faults import Unreachable

_LINE_END = re.compile(rb"\r\n|\n|\r")
_BOM = b"\xef\xbb\xbf"
# Objects and arrays: in memory each takes some 90 bytes, and in JSON two. Brackets in texts are counted along.
_MOST = 1_000_000


def document(data: bytes) -> Any:
    """The JSON value. Raises Unreachable."""
    if data.count(b"[") + data.count(b"{") > _MOST:
        raise Unreachable(f"answered with JSON of more than {_MOST} objects and arrays", counts=False)
    try:
        found = json.loads(data.removeprefix(_BOM).decode(), parse_constant=_no_constant, parse_float=finite)
    except RecursionError:
        raise _too_deep() from None
    except ValueError:  # not JSON, not UTF-8, or a number that is too large
        raise Unreachable("answered with something that is not JSON") from None
    if deep(found):
        raise _too_deep()
    if SURROGATE.search(data):  # a lone one is no text, and could not be sent on
        text = json.dumps(found, ensure_ascii=False).encode("utf-16", "surrogatepass").decode("utf-16", "replace")
        found = json.loads(text)
    return found


def message(data: bytes) -> dict[str, Any]:
    """The JSON-RPC message. Raises Unreachable."""
    found = document(data)
    if not isinstance(found, dict):
        raise Unreachable("answered with something that is no message of MCP")
    return found


def events(pieces: Iterable[bytes]) -> Iterator[dict[str, Any]]:
    """The messages of an event stream (WHATWG HTML, 9.2.6): one in the data of each event of type `message`."""
    data: list[bytes] = []
    kind = b""
    for line in _lines(pieces):
        if not line:
            if any(data) and kind in (b"", b"message"):  # an event without data opens a stream that can be resumed
                yield message(b"\n".join(data))
            data, kind = [], b""
            continue
        name, _, value = line.partition(b":")
        if name == b"data":
            data.append(value.removeprefix(b" "))
        elif name == b"event":
            kind = value.removeprefix(b" ")


def _lines(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Lines end with CR LF, LF or CR; a CR at the end of a piece may be half of a CR LF."""
    rest, begun = b"", False
    for piece in pieces:
        rest += piece
        if not begun and len(rest) >= len(_BOM):
            rest, begun = rest.removeprefix(_BOM), True
        held = b"\r" if rest.endswith(b"\r") else b""
        *lines, rest = _LINE_END.split(rest.removesuffix(held))
        rest += held
        yield from lines
    if rest.endswith(b"\r"):
        yield rest[:-1]


def _no_constant(_name: str) -> None:
    raise ValueError("NaN and Infinity are no JSON")


def _too_deep() -> Unreachable:
    return Unreachable(f"answered with JSON nested deeper than {MAX_DEPTH} levels")
