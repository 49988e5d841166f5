"""One object of many: S3 copies what is large by itself, and what is small passes through here, a few MiB at a time."""

from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import partial
from typing import NamedTuple

from pennyworth.errors import Problem
from services.openai.store import Store

LEAST = 5 * 1024 * 1024  # bytes of any part but the last, and what a copied range's source must be over
_COPIED = 512 * 1024 * 1024  # bytes S3 copies in a call; it takes 5 GiB, and several smaller ones at once are faster
_AT_ONCE = 4  # each holds two times LEAST at most
_TYPE = "application/octet-stream"


class Span(NamedTuple):
    """Some bytes of the source with that number."""

    source: int
    start: int
    length: int


def pieces(sizes: Sequence[int]) -> Iterator[list[Span]]:
    """The parts to make of sources of these sizes, in order: each a span of LEAST or more that S3 can copy, or LEAST
    bytes put together from several (the last one: what is left)."""
    held: list[Span] = []
    wanted = LEAST
    for source, size in enumerate(sizes):
        start = 0
        while start < size:
            left = size - start
            if not held and left >= LEAST and size > LEAST:
                take = min(left, _COPIED)
                yield [Span(source, start, take)]
            else:
                take = min(left, wanted)
                held.append(Span(source, start, take))
                wanted -= take
                if not wanted:
                    yield held
                    held, wanted = [], LEAST
            start += take
    if held:
        yield held


def compose(store: Store, key: str, sources: Sequence[str], sizes: Sequence[int]) -> None:
    """Write the sources (keys), one after the other, as one object. Raises Problem."""
    whole, keys = store.key(key), [store.key(source) for source in sources]
    bucket = store.bucket
    if sum(sizes) < LEAST:
        parts = (bucket.get(each)[1] for each, size in zip(keys, sizes, strict=True) if size)
        store.ask(lambda: bucket.put(whole, b"".join(parts), _TYPE, {}))
        return

    def part(upload_id: str, number: int, piece: list[Span]) -> str:
        if len(piece) == 1 and piece[0].length >= LEAST and sizes[piece[0].source] > LEAST:
            source, start, length = piece[0]
            return bucket.copy_part(whole, upload_id, number, keys[source], start, length)
        body = b"".join(bucket.get_range(keys[source], start, length) for source, start, length in piece)
        return bucket.put_part(whole, upload_id, number, body)

    upload_id = store.ask(lambda: bucket.begin(whole, _TYPE))
    try:
        planned = list(pieces(sizes))
        with ThreadPoolExecutor(_AT_ONCE) as threads:
            made = threads.map(partial(part, upload_id), range(1, len(planned) + 1), planned)
            etags = store.ask(lambda: list(made))
        store.ask(lambda: bucket.complete(whole, upload_id, etags))
    except BaseException:
        with suppress(Problem):  # S3 drops within a day what was never completed
            store.ask(lambda: bucket.abort(whole, upload_id))
        raise
