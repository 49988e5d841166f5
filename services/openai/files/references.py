"""Files that a request names by their ids, put in as what they hold: no provider knows our ids."""

import re
from base64 import b64encode
from collections.abc import Iterator
from copy import deepcopy
from typing import TYPE_CHECKING, Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.principal import Principal

if TYPE_CHECKING:
    from services.openai.store import Store

_OURS = "file-pw-"  # those of other providers go on to them as they are
_MOST = 20_000_000  # bytes of all files of a request: five documents of 4.5 MB are the most that Converse takes
_MOST_FILES = 64  # different ones, for each is asked of S3: Converse takes 25 images and documents
_EXTENSION = re.compile(r"\.[A-Za-z0-9]{1,8}")
# By a part's type, the field of it that names a file (none: itself does), and the one that holds what is in it.
_PARTS = {
    "file": ("file", "file_data"),
    "image_url": ("image_url", "url"),
    "input_file": (None, "file_data"),
    "input_image": (None, "image_url"),
    "image": ("source", "data"),
    "document": ("source", "data"),
}


class Reference(NamedTuple):
    path: str
    part: dict[str, Any]
    named: dict[str, Any]  # the object of the part, or the part itself, that has the `file_id`
    field: str  # to be filled


def filled(body: dict[str, Any], caller: Principal) -> dict[str, Any]:
    """The body of a chat, a response or Anthropic's message, with what the files hold that it names. Raises Problem."""
    if not any(references(body)):
        return body
    from services.openai.store import store

    return resolved(body, store(caller))


def references(body: dict[str, Any]) -> Iterator[Reference]:
    """Each part that names one of our files. Any body will do."""
    for path, part in _parts(body):
        within, field = _PARTS.get(str(part.get("type")), (None, ""))
        named = part.get(within) if within else part
        if field and isinstance(named, dict) and str(named.get("file_id", "")).startswith(_OURS):
            yield Reference(f"{path}.{within}" if within else path, part, named, field)


def _parts(body: dict[str, Any]) -> Iterator[tuple[str, dict[str, Any]]]:
    """Of messages, of the items of an input, and of the results of tools in either."""
    for said in ("messages", "input"):
        for i, message in _objects(body.get(said)):
            for content in ("content", "output"):
                for j, part in _objects(message.get(content)):
                    path = f"{said}[{i}].{content}[{j}]"
                    yield path, part
                    for k, inner in _objects(part.get("content")):
                        yield f"{path}.content[{k}]", inner


def _objects(listed: object) -> Iterator[tuple[int, dict[str, Any]]]:
    for index, one in enumerate(listed if isinstance(listed, list) else ()):
        if isinstance(one, dict):
            yield index, one


def resolved(body: dict[str, Any], store: "Store") -> dict[str, Any]:
    """The body with a file's data, or an image's, for each `file_id` of ours; those of others stay.

    Raises Problem: not_found, or invalid_value for more than fits.
    """
    from services.openai.files.shelf import Shelf

    shelf = Shelf(store)
    found: dict[str, Any] = {}
    read: dict[str, tuple[str, str, str]] = {}
    room = _MOST
    body = deepcopy(body)  # of the client's own more may be wanted
    for path, part, named, field in references(body):
        param = f"{path}.file_id"
        if named.get(field) is not None:
            raise Problem("invalid_value", param=param, reason=f"stands beside '{field}'; send one of them")
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
            read[file.id] = file.filename, _media_type(file.filename), b64encode(shelf.read(file)).decode()
        _fill(part, named, field, *read[file.id])
    return body


def _fill(part: dict[str, Any], named: dict[str, Any], field: str, filename: str, media_type: str, data: str) -> None:
    del named["file_id"]
    if field == "data":  # Anthropic's
        named |= {"type": "base64", "media_type": media_type, "data": data}
        if part["type"] == "document" and not part.get("title"):
            part["title"] = filename
        return
    named[field] = f"data:{media_type};base64,{data}"
    if field == "file_data" and not named.get("filename"):
        named["filename"] = filename


def _found(shelf: Any, file_id: str, param: str) -> Any:
    try:
        return shelf.find(file_id)
    except Problem as problem:
        problem.param = param
        raise


def _media_type(filename: str) -> str:
    """What the name's extension tells; an image's is told by its first bytes where it is read."""
    from mimetypes import guess_type

    extension = _EXTENSION.search(filename[filename.rfind(".") :] if "." in filename else "")
    media_type = guess_type(f"a{extension[0].lower()}")[0] if extension else None
    return media_type or "application/octet-stream"
