"""Files that a chat names by their ids, put in as what they hold: no provider knows our ids."""

import re
from base64 import b64encode
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from pennyworth.errors import Problem

if TYPE_CHECKING:
    from services.openai.store import Store

_OURS = "file-pw-"  # those of other providers go on to them as they are
_MOST = 20_000_000  # bytes of all files of a request: five documents of 4.5 MB are the most that Converse takes
_MOST_FILES = 64  # different ones, for each is asked of S3: Converse takes 25 images and documents
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")


def references(body: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """The path, kind (file, image_url) and object of each part that names one of our files. Any body will do."""
    messages = body.get("messages")
    for i, message in enumerate(messages if isinstance(messages, list) else ()):
        content = message.get("content") if isinstance(message, dict) else None
        for j, part in enumerate(content if isinstance(content, list) else ()):
            kind = str(part.get("type")) if isinstance(part, dict) else ""
            named = part.get(kind) if kind in ("file", "image_url") else None
            if isinstance(named, dict) and str(named.get("file_id", "")).startswith(_OURS):
                yield f"messages[{i}].content[{j}].{kind}", kind, named


def resolved(body: dict[str, Any], store: "Store") -> dict[str, Any]:
    """A chat's body with `file_data`, or an image's `url`, for each `file_id` of ours; those of others stay.

    The body given is changed where files are named. Raises Problem: not_found, or invalid_value for more than fits.
    """
    from services.openai.files.shelf import Shelf

    shelf = Shelf(store)
    found: dict[str, Any] = {}
    read: dict[str, tuple[str, str]] = {}
    room = _MOST
    for path, kind, named in references(body):
        param = f"{path}.file_id"
        filled = "file_data" if kind == "file" else "url"
        if named.get(filled) is not None:
            raise Problem("invalid_value", param=param, reason=f"stands beside '{filled}'; send one of them")
        file_id = named["file_id"]
        if file_id not in found:
            if len(found) == _MOST_FILES:
                raise Problem("invalid_value", param=param, reason=f"is one of more than {_MOST_FILES} files")
            found[file_id] = _found(shelf, file_id, param)
        file = found[file_id]
        room -= file.size
        if room < 0:
            reason = f"brings the files of this request over {_MOST // 1_000_000} MB; send fewer or smaller ones"
            raise Problem("invalid_value", param=param, reason=reason)
        if file.id not in read:
            read[file.id] = file.filename, _data_uri(file.filename, shelf.read(file))
        filename, data = read[file.id]
        del named["file_id"]
        named[filled] = data
        if kind == "file" and not named.get("filename"):
            named["filename"] = filename
    return body


def _found(shelf: Any, file_id: str, param: str) -> Any:
    try:
        return shelf.find(file_id)
    except Problem as problem:
        problem.param = param
        raise


def _data_uri(filename: str, content: bytes) -> str:
    """With the media type that the name's extension tells; an image's is told by its first bytes where it is read."""
    from mimetypes import guess_type

    extension = _EXTENSION.search(filename[filename.rfind(".") :] if "." in filename else "")
    media_type = guess_type(f"a{extension[0].lower()}")[0] if extension else None
    return f"data:{media_type or 'application/octet-stream'};base64,{b64encode(content).decode()}"
