"""Stored responses: each one object of the person's own, `responses/{id}.json`, whole enough to go on from.

It holds every item the model was given and the answer, so that one read suffices however long the chain is. The
bucket's lifecycle rule forgets it.
"""

import json
import re
from typing import Any

from pennyworth.errors import Problem
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.openai.responses.items import Item
from services.openai.responses.response import Response
from services.openai.store import Store, store

_ID = re.compile(r"resp_[0-9a-f]{48}")
_ITEM_ID = re.compile(r"[a-z]+_([0-9a-f]{48})[0-9a-f]{4,6}")
_MOST_BYTES = 24_000_000  # of what the model was given: what the store hands out at once, less room for the answer

# What one request may make us read, each a call of S3's: a client that sends references names a response per turn.
_MOST_READ, _MOST_READ_BYTES = 256, 64_000_000


class Record:
    def __init__(self, response: Response, items: list[Item]) -> None:
        self.response, self.items = response, items

    @property
    def conversation(self) -> list[Item]:
        """All that was said, the answer included."""
        return self.items + list(self.response["output"])


class State:
    """One person's responses. Without a bucket there are none."""

    def __init__(self, own: Store | None) -> None:
        self._store = own
        self._read: dict[str, Record | None] = {}
        self._items: dict[str, Item] = {}  # by id, of all that was read
        self._left = _MOST_READ_BYTES

    @property
    def keeps(self) -> bool:
        return self._store is not None

    def find(self, response_id: str, param: str | None = None) -> Record:
        """Raises Problem not_found, for what is another's too."""
        record = self._record(response_id)
        if record is None:
            raise Problem("not_found", param=param, thing="response", id=response_id)
        return record

    def item(self, id: str) -> Item | None:  # noqa: A002 -- OpenAI's own name
        """An item by its id, which names the response that it came with."""
        found = _ITEM_ID.fullmatch(id)
        record = self._record(f"resp_{found[1]}") if found else None
        return self._items.get(id) if record else None

    def save(self, response: Response, items: bytes) -> None:
        """Raises Problem when it could not be."""
        if self._store is not None:
            # ASCII, for a model's text may hold what UTF-8 cannot say.
            body = b'{"items":' + items + b',"response":' + json.dumps(response).encode() + b"}"
            self._store.put(_key(response["id"]), body, "application/json")

    def forget(self, response_id: str) -> None:
        """Raises Problem not_found."""
        if not _ID.fullmatch(response_id) or self._store is None or not self._store.delete(_key(response_id)):
            raise Problem("not_found", thing="response", id=response_id)

    def _record(self, response_id: str) -> Record | None:
        """No key is made of what is not an id of ours."""
        if not _ID.fullmatch(response_id) or self._store is None:
            return None
        if response_id not in self._read:
            self._read[response_id] = self._kept(response_id, self._store)
        return self._read[response_id]

    def _kept(self, response_id: str, own: Store) -> Record | None:
        if len(self._read) >= _MOST_READ or self._left <= 0:
            raise Problem("invalid_value", param="input", reason="names items of more responses than are read at once")
        found = own.get(_key(response_id))
        if found is None:
            return None
        self._left -= len(found.body)
        kept: dict[str, Any] = json.loads(found.body)
        record = Record(kept["response"], kept["items"])
        for item in record.conversation:
            self._items.setdefault(item["id"], item)
        return record


def state(caller: Principal) -> State:
    return State(store(caller) if settings().bucket else None)


def packed(items: list[Item]) -> bytes:
    """The items as they are stored. Raises Problem request_too_large, while nothing was asked of a model."""
    body = json.dumps(items, separators=(",", ":")).encode()
    if len(body) > _MOST_BYTES:
        limit = f"{_MOST_BYTES // 1_000_000} MB for a conversation that is stored: send 'store' false or compact it"
        raise Problem("request_too_large", limit=limit)
    return body


def _key(response_id: str) -> str:
    return f"responses/{response_id}.json"
