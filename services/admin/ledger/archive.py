"""Batches that a page no longer names by itself: an object beside the book, which nobody ever changes. Pure.

Its name is made of what it holds. So ledgers that put the same batches away at once, or one that was broken off in
between and begins again, make the same object; and one that was tampered with is known by its name.
"""

import json
from collections.abc import Iterable
from hashlib import sha256

FOLDER = "ledger/counted/"
_HASH = 32  # hexadecimal digits: 128 bits


def dump(batch_ids: Iterable[str]) -> tuple[str, str]:
    """The object's name and its text."""
    text = json.dumps(sorted(batch_ids), separators=(",", ":"))
    return _name(text.encode()), text


def parse(name: str, body: bytes) -> frozenset[str]:
    """The ids of the batches. Raises ValueError for what `dump` did not write under that name."""
    if _name(body) != name:
        raise ValueError("another object")
    return frozenset(json.loads(body))


def is_archive(name: str) -> bool:
    """Whether that is one's name, and not the id of a batch."""
    return name.startswith(FOLDER)


def _name(body: bytes) -> str:
    return f"{FOLDER}{sha256(body).hexdigest()[:_HASH]}.json"
