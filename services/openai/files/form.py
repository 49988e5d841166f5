"""A multipart/form-data body, strictly (RFC 7578, and of RFC 2046 what is around the parts). Pure."""

import re
from typing import NamedTuple
from urllib.parse import unquote

from pennyworth.errors import Problem

_MOST = 16  # fields
_LONGEST = 8192  # bytes of a field's head
_TYPE = re.compile(
    r'multipart/form-data\s*;(?:.*;)?\s*boundary=(?:"([^"\r\n]{1,70})"|([^\s";,]{1,70}))\s*(?:;.*)?', re.I
)
_PARAMETER = re.compile(r';\s*([a-z]+\*?)=(?:"((?:[^"\\]|\\.)*)"|([^\s";]+))', re.IGNORECASE)
_ESCAPED = re.compile(r'\\(["\\])')
# What follows a boundary: that it was the last, or the end of its line. White space before it is to be ignored.
_LAST = re.compile(rb"--[ \t]*(?:\r\n|\Z)")
_LINE = re.compile(rb"[ \t]*\r\n")


class Field(NamedTuple):
    content: bytes
    filename: str | None  # of a field that is a file

    def text(self, name: str) -> str:
        """Of a field that is none. Raises Problem."""
        if self.filename is not None:
            raise Problem("invalid_value", param=name, reason="must be a text, not a file")
        try:
            return self.content.decode()
        except UnicodeDecodeError:
            raise Problem("invalid_value", param=name, reason="is not UTF-8") from None


def form(content_type: str, body: bytes) -> dict[str, Field]:
    """The fields by name. Raises Problem invalid_request, which says what is wrong."""
    found = _TYPE.fullmatch(content_type.strip())
    if found is None:
        raise _bad("The body must be a form: send it as 'multipart/form-data', with its boundary.")
    delimiter = b"\r\n--" + (found[1] or found[2]).encode("latin-1", "replace")
    # What stands before the first field and after the last boundary is nobody's, unless nothing else is there.
    before, *sections = (b"\r\n" + body).split(delimiter, _MOST + 2)
    fields: dict[str, Field] = {}
    for index, section in enumerate(sections):
        if _LAST.match(section) and (fields or not before):
            return fields
        if index == _MOST:
            raise _bad(f"The form has more than {_MOST} fields.")
        name, field = _field(section)
        if name in fields:
            raise Problem("invalid_value", param=name, reason="is there twice")
        fields[name] = field
    raise _bad("The form is cut short, or not what its boundary says.")


def _field(section: bytes) -> tuple[str, Field]:
    start = _LINE.match(section)
    end = section.find(b"\r\n\r\n", 0, _LONGEST)
    if start is None or end < start.end() - 2:
        raise _bad("A field of the form has no head, or too long a one.")
    headers: dict[str, str] = {}
    try:
        for line in section[start.end() : end].decode().split("\r\n"):
            name, _, value = line.partition(":")
            headers[name.strip().lower()] = value.strip()
    except UnicodeDecodeError:
        raise _bad("The head of a field of the form is not UTF-8.") from None
    kind, _, parameters = headers.get("content-disposition", "").partition(";")
    given = {each[1].lower(): _value(each) for each in _PARAMETER.finditer(f";{parameters}")}
    if kind.strip().lower() != "form-data" or not given.get("name"):
        raise _bad("A field of the form has no name.")
    if headers.get("content-transfer-encoding", "binary").lower() not in ("7bit", "8bit", "binary"):
        raise _bad("A field of the form is encoded; send its bytes as they are.")
    return given["name"], Field(section[end + 4 :], given.get("filename*", given.get("filename")))


def _value(parameter: re.Match[str]) -> str:
    if parameter[1].endswith("*"):  # RFC 5987, which requests and older clients write
        charset, _, text = (parameter[3] or "").partition("'")
        if charset.lower() != "utf-8":
            raise _bad("A file's name in the form is in another coding than UTF-8.")
        return unquote(text.partition("'")[2], errors="replace")
    return _ESCAPED.sub(r"\1", parameter[2]) if parameter[3] is None else parameter[3]


def _bad(reason: str) -> Problem:
    return Problem("invalid_request", reason=reason)
