"""A person's files in the store."""

import os
import time
from collections.abc import Iterator
from typing import Any

from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.openai.files.file import FOLDER, PURPOSES, File, expiry, is_id, new_id, stored
from services.openai.store import Store

_TYPE = "application/octet-stream"  # whatever it is: nobody's browser shall guess and run it
_PAGE = 10_000  # OpenAI's most, and its default


class Shelf:
    """Files past their end are not there, though S3 may keep them until midnight. Every method raises Problem."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def add(self, filename: str, purpose: str, content: bytes, seconds: int | None) -> File:
        """A new file that ends after so many seconds, or when the bucket lets everything end."""
        now = time.time()
        file = File(
            id=new_id(purpose, now, os.urandom(8)),
            filename=filename,
            size=len(content),
            expires_at=expiry(now, seconds, settings().file_expiry_days),
        )
        self._store.put(file.key, content, _TYPE)
        return file

    def find(self, file_id: str) -> File:
        """Raises Problem not_found for an id that is not the person's, or none at all."""
        if is_id(file_id):
            for entry in self._store.list(f"{FOLDER}{file_id}/", limit=1):
                file = stored(entry.key, entry.size)
                if file.expires_at > time.time():
                    return file
        raise Problem("not_found", thing="file", id=file_id)

    def content(self, file: File) -> Iterator[bytes]:
        found = self._store.content(file.key)
        if found is None:
            raise Problem("not_found", thing="file", id=file.id)
        return found

    def read(self, file: File) -> bytes:
        return b"".join(self.content(file))

    def remove(self, file: File) -> None:
        self._store.delete(file.key)

    def page(self, query: dict[str, str]) -> dict[str, Any]:
        """OpenAI's list object. `query`: after, limit, order, purpose."""
        limit, after, order = _limit(query.get("limit")), query.get("after", ""), query.get("order", "desc")
        if after and not is_id(after):
            raise Problem("invalid_value", param="after", reason="is no file's id")
        if order not in ("asc", "desc"):
            raise Problem("invalid_value", param="order", reason="must be 'asc' or 'desc'")
        purpose = query.get("purpose")
        if purpose is not None and purpose not in PURPOSES:
            raise Problem("invalid_value", param="purpose", reason=f"must be one of {', '.join(PURPOSES)}")
        data: list[dict[str, Any]] = []
        for file in self._newest(after) if order == "desc" else self._oldest(after):
            if purpose in (None, file.purpose):
                if len(data) == limit:
                    return _page(data, more=True)
                data.append(file.object)
        return _page(data, more=False)

    def _newest(self, after: str) -> Iterator[File]:
        behind = f"{FOLDER}{after}0" if after else ""  # "0" follows "/": behind all that the id has
        now = time.time()
        while entries := self._store.list(FOLDER, behind):
            behind = entries[-1].key
            yield from (file for entry in entries if (file := stored(entry.key, entry.size)).expires_at > now)

    def _oldest(self, after: str) -> Iterator[File]:
        """S3 lists one way only: all the names are read, a thousand in a call."""
        files = list(self._newest(""))
        return (file for file in reversed(files) if not after or file.id < after)


def _page(data: list[dict[str, Any]], *, more: bool) -> dict[str, Any]:
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"object": "list", "data": data, "first_id": first, "last_id": last, "has_more": more}


def _limit(text: str | None) -> int:
    if text is None:
        return _PAGE
    if not (text.isascii() and text.isdecimal() and len(text) < 6 and 1 <= int(text) <= _PAGE):
        raise Problem("invalid_value", param="limit", reason=f"must be a number from 1 to {_PAGE}")
    return int(text)
