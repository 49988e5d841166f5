"""How wide and high an image is, by its first bytes: pure."""

from typing import NamedTuple

_SEGMENTS = 2000  # of a JPEG that are looked through: a made-up one could hold millions
_FRAMES = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # markers that a JPEG's size stands behind
_BARE = frozenset((0x01, *range(0xD0, 0xDA)))  # markers without a length


class Size(NamedTuple):
    """In pixels."""

    width: int
    height: int


def size(form: str, content: bytes) -> Size | None:
    """The size that a png, jpeg, gif or webp claims; None where the part that says so is not to be found.

    Sources: PNG specification, 11.2.2 IHDR; GIF89a, 18; ITU-T T.81, B.2.2; RFC 9649 (WebP), 2.5 to 2.7 (read 2026-11).
    """
    try:
        return {"png": _png, "jpeg": _jpeg, "gif": _gif, "webp": _webp}[form](content)
    except IndexError:
        return None


def _png(content: bytes) -> Size | None:
    if content[12:16] != b"IHDR" or len(content) < 24:
        return None
    return Size(int.from_bytes(content[16:20], "big"), int.from_bytes(content[20:24], "big"))


def _gif(content: bytes) -> Size | None:
    if len(content) < 10:
        return None
    return Size(int.from_bytes(content[6:8], "little"), int.from_bytes(content[8:10], "little"))


def _jpeg(content: bytes) -> Size | None:
    at = 2
    for _ in range(_SEGMENTS):
        if content[at] != 0xFF:
            return None
        marker = content[at + 1]
        if marker == 0xFF:  # filling before a marker
            at += 1
        elif marker in _BARE:
            at += 2
        elif marker in _FRAMES:
            height, width = content[at + 5 : at + 7], content[at + 7 : at + 9]
            return Size(int.from_bytes(width, "big"), int.from_bytes(height, "big")) if len(width) == 2 else None
        else:
            at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return None


def _webp(content: bytes) -> Size | None:
    kind, data = content[12:16], content[20:30]
    if len(data) < 10:
        return None
    if kind == b"VP8X":
        return Size(int.from_bytes(data[4:7], "little") + 1, int.from_bytes(data[7:10], "little") + 1)
    if kind == b"VP8L":
        bits = int.from_bytes(data[1:5], "little")
        return Size((bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1)
    if kind == b"VP8 ":
        return Size(*(int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (6, 8)))
    return None
