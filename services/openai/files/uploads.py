"""Uploads: a file in parts, each an object of its own until the file is made of them.

Parts come through the API, where a request holds 4.5 MB, or go straight to S3 by presigned URLs, up to 5 GiB each.
"""

import json
import os
import re
import time
from collections.abc import Iterator
from typing import Any

from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.openai.files.composition import compose
from services.openai.files.file import File, checked_name, checked_purpose, checked_seconds, expiry, new_id
from services.openai.store import Store

FOLDER = "uploads/"
_ID = re.compile(r"upload_pw_[0-9a-f]{32}")
_PART = re.compile(r"part_pw_[0-9a-f]{32}")
_MD5 = re.compile(r"[0-9a-fA-F]{32}")
_STATE, _WHOLE = "upload.json", "whole"  # beside the parts
_MOST = 8 * 1024**3  # bytes of a file, as OpenAI has it
_MOST_PUT = 5 * 1024**3  # bytes S3 takes in one PUT
_MOST_PARTS = 10_000
_OPEN_S = 86_400  # a day: what is large takes long
_URL_S = 900  # to begin with sending; S3 lets what has begun go on
_FIELDS = {"bytes", "expires_after", "filename", "mime_type", "purpose"}


class Uploads:
    """A person's. Every method raises Problem and answers OpenAI's objects."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def begin(self, body: dict[str, Any]) -> dict[str, Any]:
        """A new upload; with `upload_url`, which takes the whole file in one PUT of exactly its bytes."""
        _only(body, _FIELDS)
        filename = checked_name(_text(body, "filename"), "filename")
        purpose = checked_purpose(body.get("purpose"))
        size = _size(body, _MOST)
        if not _text(body, "mime_type"):
            raise Problem("missing_required_parameter", param="mime_type")
        seconds = _seconds(body.get("expires_after"))
        now = time.time()
        state: dict[str, Any] = {
            "id": f"upload_pw_{os.urandom(16).hex()}",
            "file_id": new_id(purpose, now, os.urandom(8)),
            "filename": filename,
            "purpose": purpose,
            "bytes": size,
            "seconds": seconds,
            "created_at": int(now),
            "status": "pending",
        }
        self._write(state)
        urls = self._url(_key(state["id"], _WHOLE), size, "upload_url") if size <= _MOST_PUT else {}
        return _object(state) | urls

    def add(self, upload_id: str, data: bytes) -> dict[str, Any]:
        """A new part that holds these bytes."""
        self._pending(upload_id)
        part = _part(upload_id)
        self._store.put(_key(upload_id, part["id"]), data, "application/octet-stream")
        return part

    def promise(self, upload_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """A new part whose bytes, exactly so many, are to be PUT to its `url`."""
        _only(body, {"bytes"})
        size = _size(body, _MOST_PUT)
        self._pending(upload_id)
        part = _part(upload_id)
        return part | self._url(_key(upload_id, part["id"]), size, "url")

    def complete(self, upload_id: str, body: dict[str, Any]) -> dict[str, Any]:
        """The upload with its file: of the parts in the order given, or of what `upload_url` took where none is."""
        _only(body, {"md5", "part_ids"})
        state = self._find(upload_id)
        part_ids, md5 = _part_ids(body), _md5(body)
        if state["status"] == "completed":  # asked again, because the answer was lost
            return _object(state, _file(state))
        _require_pending(state)
        names = part_ids or [_WHOLE]
        there = dict(self._there(upload_id))
        for number, name in enumerate(names):
            if name not in there:
                param = f"part_ids[{number}]" if part_ids else "part_ids"
                what = (
                    f"there is no part '{name}' of this upload" if part_ids else "names no part, and nothing was sent"
                )
                raise Problem("invalid_value", param=param, reason=f"{what}: send its bytes first")
        sizes = [there[name] for name in names]
        if sum(sizes) != state["bytes"]:
            reason = f"the parts hold {sum(sizes)} bytes, and the upload was to be of {state['bytes']}"
            raise Problem("invalid_value", param="part_ids", reason=reason)
        keys = [_key(upload_id, name) for name in names]
        if md5 is not None and md5 != self._digest(keys):
            raise Problem("invalid_value", param="md5", reason="is not that of the bytes that came")
        state["expires_at"] = expiry(time.time(), state["seconds"], settings().file_expiry_days)
        file = _file(state)
        compose(self._store, file.key, keys, sizes)
        self._close(state, "completed")
        return _object(state, file)

    def cancel(self, upload_id: str) -> dict[str, Any]:
        state = self._find(upload_id)
        if state["status"] != "cancelled":
            _require_pending(state)
            self._close(state, "cancelled")
        return _object(state)

    def _close(self, state: dict[str, Any], status: str) -> None:
        state["status"] = status
        self._write(state)
        for name, _ in self._there(state["id"]):
            self._store.delete(_key(state["id"], name))

    def _write(self, state: dict[str, Any]) -> None:
        self._store.put(_key(state["id"], _STATE), json.dumps(state).encode(), "application/json")

    def _find(self, upload_id: str) -> dict[str, Any]:
        found = self._store.get(_key(upload_id, _STATE)) if _ID.fullmatch(upload_id) else None
        if found is None:
            raise Problem("not_found", thing="upload", id=upload_id)
        state: dict[str, Any] = json.loads(found.body)
        if state["status"] == "pending" and state["created_at"] + _OPEN_S <= time.time():
            state["status"] = "expired"
        return state

    def _pending(self, upload_id: str) -> None:
        _require_pending(self._find(upload_id))

    def _there(self, upload_id: str) -> Iterator[tuple[str, int]]:
        """Names and sizes of what came for an upload."""
        folder = behind = _key(upload_id, "")
        while entries := self._store.list(folder, behind):
            behind = entries[-1].key
            for key, size in entries:
                name = key.removeprefix(folder)
                if name != _STATE:
                    yield name, size

    def _digest(self, keys: list[str]) -> str:
        from hashlib import md5  # a check against accidents, as the client asks for it

        digest = md5(usedforsecurity=False)
        for key in keys:
            for piece in self._store.content(key) or ():
                digest.update(piece)
        return digest.hexdigest()

    def _url(self, key: str, size: int, name: str) -> dict[str, Any]:
        """Good for one PUT of so many bytes to this key, until it expires or the session that signed it does."""
        ends = min(time.time() + _URL_S, self._store.session_ends_at())
        expires_s = max(1, int(ends - time.time()))
        return {
            name: self._store.presigned_put(key, size, expires_s),
            f"{name}_expires_at" if name != "url" else "expires_at": int(time.time()) + expires_s,
        }


def _key(upload_id: str, name: str) -> str:
    return f"{FOLDER}{upload_id}/{name}"


def _part(upload_id: str) -> dict[str, Any]:
    return {
        "id": f"part_pw_{os.urandom(16).hex()}",
        "object": "upload.part",
        "created_at": int(time.time()),
        "upload_id": upload_id,
    }


def _file(state: dict[str, Any]) -> File:
    return File(state["file_id"], state["filename"], state["bytes"], state["expires_at"])


def _object(state: dict[str, Any], file: File | None = None) -> dict[str, Any]:
    """OpenAI's upload object."""
    shown = {name: state[name] for name in ("id", "bytes", "created_at", "filename", "purpose", "status")}
    return {
        "object": "upload",
        **shown,
        "expires_at": state["created_at"] + _OPEN_S,
        "file": None if file is None else file.object,
    }


def _require_pending(state: dict[str, Any]) -> None:
    if state["status"] != "pending":
        raise Problem("invalid_request", reason=f"The upload '{state['id']}' is {state['status']}. Begin a new one.")


def _only(body: dict[str, Any], names: set[str]) -> None:
    for name in body.keys() - names:
        raise Problem("unsupported_parameter", param=name, reason="Leave it out.")


def _text(body: dict[str, Any], name: str) -> str | None:
    value = body.get(name)
    if value is not None and not isinstance(value, str):
        raise Problem("invalid_value", param=name, reason="must be a string")
    return value


def _size(body: dict[str, Any], most: int) -> int:
    size = body.get("bytes")
    if size is None:
        raise Problem("missing_required_parameter", param="bytes")
    if type(size) is not int or not 1 <= size <= most:
        raise Problem("invalid_value", param="bytes", reason=f"must be a number from 1 to {most}")
    return size


def _seconds(policy: object) -> int | None:
    if policy is None:
        return None
    if not isinstance(policy, dict) or policy.keys() - {"anchor", "seconds"}:
        raise Problem("invalid_value", param="expires_after", reason="must hold 'anchor' and 'seconds' and no more")
    return checked_seconds(policy.get("anchor"), policy.get("seconds"), "expires_after")


def _part_ids(body: dict[str, Any]) -> list[str]:
    part_ids = body.get("part_ids")
    if part_ids is None:
        raise Problem("missing_required_parameter", param="part_ids")
    if not isinstance(part_ids, list) or len(part_ids) > _MOST_PARTS:
        raise Problem("invalid_value", param="part_ids", reason=f"must be an array of {_MOST_PARTS} ids at most")
    for number, part_id in enumerate(part_ids):
        if not isinstance(part_id, str) or not _PART.fullmatch(part_id):
            raise Problem("invalid_value", param=f"part_ids[{number}]", reason="is no part's id")
    if len(set(part_ids)) < len(part_ids):
        raise Problem("invalid_value", param="part_ids", reason="names a part twice")
    return part_ids


def _md5(body: dict[str, Any]) -> str | None:
    md5 = _text(body, "md5")
    if md5 is not None and not _MD5.fullmatch(md5):
        raise Problem("invalid_value", param="md5", reason="must be 32 hexadecimal digits")
    return md5.lower() if md5 else None
