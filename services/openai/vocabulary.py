"""OpenAI's token ids as the text they stand for.

Ids are of the vocabulary cl100k_base, which OpenAI's models for embeddings and for completions share. The file beside
this one holds it, as tools/vocabulary.py made it of OpenAI's own; its licence, which is tiktoken's, lies there too. It
is read with the first request that sends ids.
"""

from array import array
from functools import cache
from itertools import accumulate
from pathlib import Path
from typing import TypeGuard

SIZE = 100_256  # ids from 0; the few above are marks without a text of their own
# The most ids of one input, and of all of a request. OpenAI's API reference, Create embeddings (in openai-python 3.54).
# They also bound what a request unfolds to: a token has up to 128 bytes.
MOST_IDS, MOST_IDS_IN_ALL = 8192, 300_000


def are_ids(given: object) -> TypeGuard[list[int]]:
    """Whether it is an array of whole numbers."""
    return isinstance(given, list) and bool(given) and all(type(one) is int for one in given)


def as_text(given: object) -> object:
    """Token ids as their text; anything that is no array as it is. Raises ValueError."""
    if not isinstance(given, list):
        return given
    if not given:
        raise ValueError("must not be empty")
    if not are_ids(given):
        raise ValueError("must be a string, or an array of token ids")
    return text(given)


def text(ids: list[int]) -> str:
    """What the ids stand for. Raises ValueError.

    Texts are split between tokens, and a character may have several: half a one at an end becomes U+FFFD, as in
    OpenAI's own decoder. To refuse it would refuse every long text in some languages.
    """
    if len(ids) > MOST_IDS:
        raise ValueError(f"holds {len(ids)} token ids, and {MOST_IDS} are the most: split it")
    data, starts = _table()
    pieces = []
    for position, one in enumerate(ids):
        if not 0 <= one < SIZE:
            raise ValueError(f"the id {str(one)[:12]} at {position} is no token of cl100k_base: send such, or the text")
        pieces.append(data[starts[one] : starts[one + 1]])
    return b"".join(pieces).decode("utf-8", "replace")


def require_few(inputs: list[object]) -> None:
    """Raise ValueError for more ids than a request may hold."""
    count = sum(len(ids) for ids in inputs if isinstance(ids, list))
    if count > MOST_IDS_IN_ALL:
        raise ValueError(f"holds {count} token ids, and {MOST_IDS_IN_ALL} are the most: send several requests")


@cache
def _table() -> tuple[bytes, "array[int]"]:
    """The file, and where in it each token's bytes begin, with the last one's end: a length for each comes first."""
    data = Path(__file__).with_name("cl100k_base.bin").read_bytes()
    return data, array("I", accumulate(data[:SIZE], initial=SIZE))
