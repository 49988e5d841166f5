"""A file: what its id and its key in the store say of it. Pure.

All that OpenAI's file object holds is in the key, so that a list needs no look at the objects themselves: S3 lists keys
and sizes, a thousand at a time, and nothing of their metadata. Ids begin with the time that is left until the year
10889, so that S3's order is the newest first, which is OpenAI's default.
"""

import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from pennyworth.errors import Problem

FOLDER = "files/"
PREFIX = "file-pw-"  # no provider's own ids begin so
# OpenAI's purposes of what people upload, with the letter that stands for each in an id.
PURPOSES = {"assistants": "a", "batch": "b", "fine-tune": "f", "vision": "v", "user_data": "u", "evals": "e"}
_BY_LETTER = {letter: purpose for purpose, letter in PURPOSES.items()}
_ID = re.compile(rf"{PREFIX}([0-9a-f]{{12}})([{''.join(_BY_LETTER)}])[0-9a-f]{{16}}")
_END_MS = 2**48 - 1
_DAY_S = 86_400
_SECONDS = range(3_600, 2_592_001)  # OpenAI's bounds of expires_after
_FORBIDDEN = re.compile(r"[\x00-\x1f\x7f-\x9f/\\\u2028\u2029\ud800-\udfff]")
_NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()-]|^\.")
_NAME_BYTES = 255  # what file systems take


@dataclass(frozen=True, slots=True)
class File:
    id: str
    filename: str
    size: int  # bytes
    expires_at: int  # unix seconds

    @property
    def created_at(self) -> int:
        """Unix seconds."""
        return (_END_MS - int(_id(self.id)[1], 16)) // 1000

    @property
    def purpose(self) -> str:
        return _BY_LETTER[_id(self.id)[2]]

    @property
    def key(self) -> str:
        name = urlsafe_b64encode(self.filename.encode()).decode().rstrip("=")
        return f"{FOLDER}{self.id}/{self.expires_at}.{name}"

    @property
    def disposition(self) -> str:
        """To be kept and never shown. The plain name is for those that do not read the other, as curl (RFC 6266)."""
        plain = _NOT_PLAIN.sub("_", self.filename)
        return f"attachment; filename=\"{plain}\"; filename*=UTF-8''{quote(self.filename, safe='')}"

    @property
    def object(self) -> dict[str, Any]:
        """OpenAI's file object. `status` is deprecated: what is listed is whole."""
        return {
            "id": self.id,
            "object": "file",
            "bytes": self.size,
            "created_at": self.created_at,
            "expires_at": self.expires_at,
            "filename": self.filename,
            "purpose": self.purpose,
            "status": "processed",
        }


def stored(key: str, size: int) -> File:
    """The file of a key that `File.key` made."""
    file_id, _, rest = key.removeprefix(FOLDER).partition("/")
    expires_at, _, name = rest.partition(".")
    return File(file_id, urlsafe_b64decode(name + "=" * (-len(name) % 4)).decode(), size, int(expires_at))


def new_id(purpose: str, now: float, random: bytes) -> str:
    """`now`: unix seconds; `random`: eight bytes."""
    return f"{PREFIX}{_END_MS - int(now * 1000):012x}{PURPOSES[purpose]}{random.hex()}"


def is_id(text: object) -> bool:
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def _id(file_id: str) -> re.Match[str]:
    found = _ID.fullmatch(file_id)
    if found is None:
        raise ValueError("not a file's id")
    return found


def expiry(now: float, seconds: int | None, days: int) -> int:
    """When a file ends, in unix seconds: as asked, and never later than the bucket's lifecycle has it.

    S3 deletes at the midnight (UTC) that follows the last day, so that what we say is never too late.
    """
    longest = days * _DAY_S
    return int(now) + (longest if seconds is None else min(seconds, longest))


def checked_name(name: str | None, param: str) -> str:
    """Raises Problem for what no file may be called."""
    if not name:
        raise Problem("missing_required_parameter", param=param)
    if _FORBIDDEN.search(name) or name in (".", ".."):
        raise Problem("invalid_value", param=param, reason="a name has no slashes and no control characters")
    if len(name.encode()) > _NAME_BYTES:
        raise Problem("invalid_value", param=param, reason=f"a name is {_NAME_BYTES} bytes of UTF-8 at most")
    return name


def checked_purpose(purpose: object, param: str = "purpose") -> str:
    if purpose is None:
        raise Problem("missing_required_parameter", param=param)
    if not isinstance(purpose, str) or purpose not in PURPOSES:
        raise Problem("invalid_value", param=param, reason=f"must be one of {', '.join(PURPOSES)}")
    return purpose


def checked_seconds(anchor: object, seconds: object, param: str) -> int | None:
    """Of `expires_after`, whose fields are given as the client wrote them."""
    if anchor is None and seconds is None:
        return None
    if anchor != "created_at":
        raise Problem("invalid_value", param=f"{param}[anchor]", reason="must be 'created_at'")
    text = str(seconds) if type(seconds) is int or isinstance(seconds, str) else ""
    if not re.fullmatch(r"[0-9]{1,9}", text, re.ASCII) or int(text) not in _SECONDS:
        reason = f"must be a number of seconds from {_SECONDS.start} to {_SECONDS.stop - 1}"
        raise Problem("invalid_value", param=f"{param}[seconds]", reason=reason)
    return int(text)
