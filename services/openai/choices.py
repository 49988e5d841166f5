"""Several answers to one request (`n`): each is a call of its own to the model."""

from collections.abc import Iterator, Sequence
from typing import Any

Chunk = dict[str, Any]


def summed(usages: Sequence[dict[str, Any]]) -> dict[str, Any]:
    """One usage object for all calls. Each reads the prompt anew and Bedrock bills it so: prompt tokens add up too."""
    if len(usages) == 1:
        return usages[0]
    total: dict[str, Any] = {}
    for usage in usages:
        for name, count in usage.items():
            if isinstance(count, dict):
                total[name] = summed((total.get(name, {}), count))
            elif isinstance(count, int):  # some of OpenAI's details may be null
                total[name] = total.get(name, 0) + count
    return total


def together(completions: list[dict[str, Any]]) -> dict[str, Any]:
    """The completions of one choice each as one with a choice each."""
    if len(completions) == 1:
        return completions[0]
    choices = [{**one["choices"][0], "index": index} for index, one in enumerate(completions)]
    return {**completions[0], "choices": choices, "usage": summed([one["usage"] for one in completions])}


def interleaved(streams: list[Iterator[Chunk | None]]) -> Iterator[Chunk | None]:
    """The streams' chunks in turn, each with its choice's index; at last one chunk with the usage of all, if they say
    theirs. A stream that waits lets the others wait: what they say meanwhile is kept by their connections."""
    last: list[Chunk] = []
    running = dict(enumerate(streams))
    while running:
        for index, stream in list(running.items()):
            chunk = next(stream, _END)
            if chunk is _END:
                del running[index]
            elif chunk is not None and not chunk["choices"]:
                last.append(chunk)
            elif chunk is not None:
                yield {**chunk, "choices": [{**chunk["choices"][0], "index": index}]}
            else:
                yield None
    if last:
        yield {**last[0], "usage": summed([chunk["usage"] for chunk in last])}


_END: Chunk = {}
