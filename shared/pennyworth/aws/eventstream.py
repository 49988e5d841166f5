"""AWS's binary event stream (application/vnd.amazon.eventstream): frames with headers, a payload and two checksums.

uint32 total length · uint32 headers length · uint32 CRC of these 8 bytes
headers · payload
uint32 CRC of all of the above
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache
from struct import Struct, error
from types import MappingProxyType
from typing import Any, Final
from zlib import crc32

MAX_HEADERS = 128 * 1024
MAX_PAYLOAD = 24 * 1024 * 1024
_PRELUDE: Final = Struct("!III")
_CRC: Final = Struct("!I")
_LENGTH: Final = Struct("!H")
_NUMBERS: Final = {2: Struct("!b"), 3: Struct("!h"), 4: Struct("!i"), 5: Struct("!q"), 8: Struct("!q")}
_OVERHEAD = _PRELUDE.size + _CRC.size

Message = tuple[Mapping[str, Any], bytes]  # headers, payload


class CorruptStreamError(ValueError):
    """These bytes are no event stream."""


class Decoder:
    """Bytes in, in pieces of any size; whole messages out."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []  # joined once a message is whole: a large one costs no repeated copying
        self._held = 0
        self._wanted = _PRELUDE.size  # bytes that must be held before there is anything to do

    def feed(self, data: bytes) -> Iterator[Message]:
        """The messages these bytes complete. Raises CorruptStreamError after the sound ones before it."""
        self._pieces.append(data)
        self._held += len(data)
        if self._held < self._wanted:
            return
        data = b"".join(self._pieces)
        view, at = memoryview(data), 0
        while True:
            if len(data) - at < _PRELUDE.size:
                self._wanted = _PRELUDE.size
                break
            total, headers = _prelude(view[at : at + _PRELUDE.size])
            if len(data) - at < total:
                self._wanted = total
                break
            end = at + total - _CRC.size
            if crc32(view[at:end]) != _CRC.unpack_from(data, end)[0]:
                raise CorruptStreamError("message checksum")
            payload = at + _PRELUDE.size + headers
            yield _headers(data[at + _PRELUDE.size : payload]), data[payload:end]
            at += total
        self._pieces = [data[at:]]
        self._held = len(data) - at

    def finish(self) -> None:
        """Raise CorruptStreamError when the stream ended inside a message."""
        if self._held:
            raise CorruptStreamError("the stream ended inside a message")


def _prelude(prelude: memoryview) -> tuple[int, int]:
    total, headers, crc = _PRELUDE.unpack(prelude)
    if crc32(prelude[:8]) != crc:
        raise CorruptStreamError("prelude checksum")
    if headers > MAX_HEADERS or headers + _OVERHEAD > total or total - headers - _OVERHEAD > MAX_PAYLOAD:
        raise CorruptStreamError("message length")
    return total, headers


@lru_cache(maxsize=64)
def _headers(block: bytes) -> Mapping[str, Any]:
    """Headers by name. A stream's messages of one type carry the same bytes here, so most are parsed once."""
    found: dict[str, Any] = {}
    at = 0
    try:
        while at < len(block):
            end = at + 1 + block[at]
            name, kind = block[at + 1 : end].decode(), block[end]
            if name in found:
                raise CorruptStreamError("duplicate header")
            found[name], at = _value(block, kind, end + 1)
    except (IndexError, error, UnicodeDecodeError):
        raise CorruptStreamError("headers") from None
    if at > len(block):
        raise CorruptStreamError("headers")
    return MappingProxyType(found)


def _value(block: bytes, kind: int, at: int) -> tuple[Any, int]:
    """A header's value and where it ends. 0 true, 1 false, 6 bytes, 7 text, 9 uuid, the others numbers."""
    if kind < 2:
        return kind == 0, at
    if kind in (6, 7):
        start = at + _LENGTH.size
        end = start + _LENGTH.unpack_from(block, at)[0]
        value = block[start:end]
        return (value if kind == 6 else value.decode()), end
    if kind == 9:
        return block[at : at + 16], at + 16
    number = _NUMBERS.get(kind)
    if number is None:
        raise CorruptStreamError("header type")
    return number.unpack_from(block, at)[0], at + number.size
