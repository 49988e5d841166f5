"""Images, files and sounds of a message as Converse's image, document and audio blocks.

Limits: Amazon Bedrock API reference, Message, and user guide, API restrictions (read 2026-11).
"""

import binascii
import re
from typing import Any

from pennyworth.errors import Problem
from services.openai.conversation import File, InputAudio
from services.openai.pixels import size

Block = dict[str, Any]

IMAGES, IMAGE_BYTES = 20, 3_750_000
_PIXELS = 8000  # a side
_DOCUMENTS, _DOCUMENT_BYTES = 5, 4_500_000
_DATA_URI = re.compile(r"data:([^;,]*)(?:;[^,]*)?;base64,", re.IGNORECASE)
_MAGIC = (("png", b"\x89PNG\r\n\x1a\n"), ("jpeg", b"\xff\xd8\xff"), ("gif", b"GIF87a"), ("gif", b"GIF89a"))
# An MP3 begins with a tag, or with a frame: eleven bits set, then the version and the layer, of which III is 01.
_MP3 = re.compile(rb"ID3|\xff[\xe2\xe3\xf2\xf3\xfa\xfb]")
# Converse's document formats by extension, each with its media type; and media types that mean one of them.
_DOCUMENT_TYPES = {
    "pdf": "application/pdf",
    "csv": "text/csv",
    "doc": "application/msword",
    "docx": "application/vnd.openxmlformats-officedocument.wordprocessingml.document",
    "xls": "application/vnd.ms-excel",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    "html": "text/html",
    "txt": "text/plain",
    "md": "text/markdown",
}
_BY_EXTENSION = {name: name for name in _DOCUMENT_TYPES} | {"htm": "html", "markdown": "md"}
_BY_MEDIA_TYPE = {kind: name for name, kind in _DOCUMENT_TYPES.items()}
_NAME_LENGTH = 190  # of 200, so that there is room for a number
_FOREIGN = re.compile(r"[^A-Za-z0-9()\[\]-]+")


class Media:
    """The media of one request, which Bedrock counts together; no two documents may share a name.

    Every method raises Problem with the path of what Bedrock would refuse. The bytes go on in base64 as they came.
    """

    def __init__(self) -> None:
        self._images = 0
        self._names: set[str] = set()

    def image(self, url: str, param: str) -> Block:
        """The image of a data URI."""
        found = _DATA_URI.match(url)
        if found is None:
            reason = "images are not fetched from URLs here: send the image itself, as 'data:image/png;base64,…'"
            raise Problem("invalid_value", param=f"{param}.image_url.url", reason=reason)
        return self.picture(url[found.end() :], param, f"{param}.image_url.url")

    def picture(self, base64: str, param: str, where: str) -> Block:
        """An image in base64. Its format is what its first bytes say: clients often name another. `where`: the path of
        its data."""
        self._images += 1
        if self._images > IMAGES:
            raise Problem("invalid_value", param=param, reason=f"Bedrock takes {IMAGES} images at most in a request")
        data = _unwrapped(base64)
        content = _content(data, IMAGE_BYTES, where)
        form = image_form(content)
        if form is None:
            raise Problem("invalid_value", param=where, reason="holds no PNG, JPEG, GIF or WebP image")
        pixels = size(form, content)
        if pixels is not None and max(pixels) > _PIXELS:
            reason = f"is {pixels.width} x {pixels.height} pixels, and Bedrock takes {_PIXELS} a side: send it smaller"
            raise Problem("invalid_value", param=where, reason=reason)
        return {"image": {"format": form, "source": {"bytes": data}}}

    def document(self, file: File, param: str) -> Block:
        """The file's data, in a data URI or bare base64. Its name's extension tells the format, else its media type."""
        self._require_room(param)
        if file.file_data is None:
            raise Problem("missing_required_parameter", param=f"{param}.file.file_data")
        found = _DATA_URI.match(file.file_data)
        data = _unwrapped(file.file_data[found.end() :] if found else file.file_data)
        stem, _, extension = (file.filename or "").rpartition(".")
        media_type = found[1].lower() if found else ""
        form = _BY_EXTENSION.get(extension.lower()) or _BY_MEDIA_TYPE.get(media_type)
        if form is None:
            reason = f"must end in one of {', '.join(_DOCUMENT_TYPES)}, or the data's media type be that of one"
            raise Problem("invalid_value", param=f"{param}.file.filename", reason=reason)
        _content(data, _DOCUMENT_BYTES, f"{param}.file.file_data")
        name = self._named(stem or extension)
        return {"document": {"format": form, "name": name, "source": {"bytes": data}}}

    def audio(self, sound: InputAudio, param: str) -> Block:
        """The recording, held to the format it is said to be in. No limit of its size is documented."""
        data = _unwrapped(sound.data)
        content = _content(data, None, f"{param}.input_audio.data")
        is_wav = content.startswith(b"RIFF") and content[8:12] == b"WAVE"
        if not (is_wav if sound.format == "wav" else _MP3.match(content)):
            reason = f"holds no {sound.format.upper()} recording, as its 'format' says"
            raise Problem("invalid_value", param=f"{param}.input_audio.data", reason=reason)
        return {"audio": {"format": sound.format, "source": {"bytes": data}}}

    def paper(self, base64: str, title: str, media_type: str, param: str, where: str) -> Block:
        """A document in base64. `where`: the path of its source."""
        self._require_room(param)
        data, form = _unwrapped(base64), _BY_MEDIA_TYPE.get(media_type.lower())
        if form is None:
            reason = f"must be one of {', '.join(_BY_MEDIA_TYPE)}"
            raise Problem("invalid_value", param=f"{where}.media_type", reason=reason)
        _content(data, _DOCUMENT_BYTES, f"{where}.data")
        return {"document": {"format": form, "name": self._named(title or form), "source": {"bytes": data}}}

    def text(self, words: str, title: str, param: str, where: str) -> Block:
        """A document that is a text. `where`: the path of its source."""
        self._require_room(param)
        if not words.strip():
            raise Problem("invalid_value", param=where, reason="must hold text that is not blank")
        if len(words.encode(errors="replace")) > _DOCUMENT_BYTES:
            reason = f"is over the {_DOCUMENT_BYTES / 1e6:g} MB that Bedrock takes; send a smaller one"
            raise Problem("invalid_value", param=where, reason=reason)
        return {"document": {"format": "txt", "name": self._named(title or "text"), "source": {"text": words}}}

    def _require_room(self, param: str) -> None:
        if len(self._names) == _DOCUMENTS:
            raise Problem("invalid_value", param=param, reason=f"Bedrock takes {_DOCUMENTS} files at most in a request")

    def _named(self, wish: str) -> str:
        plain = _FOREIGN.sub(" ", wish).strip()[:_NAME_LENGTH].strip() or "document"
        name, number = plain, 1
        while name.lower() in self._names:
            number += 1
            name = f"{plain} ({number})"
        self._names.add(name.lower())
        return name


def image_form(content: bytes) -> str | None:
    """png, jpeg, gif or webp, by the first bytes."""
    if content.startswith(b"RIFF") and content[8:12] == b"WEBP":
        return "webp"
    return next((name for name, magic in _MAGIC if content.startswith(magic)), None)


def _unwrapped(data: str) -> str:
    """Base64 without the line breaks that some encoders put in."""
    return "".join(data.split()) if "\n" in data else data


def _content(data: str, most: int | None, param: str) -> bytes:
    if most is not None and len(data) * 3 // 4 - 2 > most:
        reason = f"is over the {most / 1e6:g} MB that Bedrock takes; send a smaller one"
        raise Problem("invalid_value", param=param, reason=reason)
    try:
        content = binascii.a2b_base64(data, strict_mode=True)
    except ValueError:
        raise Problem("invalid_value", param=param, reason="is not base64") from None
    if not content:
        raise Problem("invalid_value", param=param, reason="is empty")
    return content
