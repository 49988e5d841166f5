"""A foreign stream of chunks that passes unread, and its clean end when the time is up: pure translation.

What is counted is what arrived: a token for each piece at least. Of the prompt nothing is known before the end.
"""

import re
from collections.abc import Iterator
from typing import Any

from services.openai.converse import Envelope
from services.openai.eventdata import data, read

_MOST_CHOICES = 2560  # of the older API: 20 prompts, 128 answers to each
_FINISHED = re.compile(rb'"finish_reason"\s*:\s*"')  # within a text the quotes would be escaped
_TEXT = re.compile(rb'"(?:content|text|reasoning_content|reasoning|refusal|arguments)"\s*:\s*"(?!")')


class Ending:
    """What has to be known of a foreign stream that passes unread, to end it in its own words."""

    def __init__(self, body: dict[str, Any], envelope: Envelope) -> None:
        """`body` is the request, of a chat or of the older API."""
        self._older = "prompt" in body
        self._choices = choices(body)
        options = body.get("stream_options")
        self._usage_due = isinstance(options, dict) and options.get("include_usage") is True
        self._made = {"id": envelope.id, "created": envelope.created, "model": envelope.model}
        self._finished: set[int] = set()
        self._last = b""
        self.pieces = 0  # of the answers, as far as can be told without reading all

    def see(self, events: bytes) -> None:
        """Whole events, as they pass."""
        self._last = events
        self.pieces += len(_TEXT.findall(events))
        if _FINISHED.search(events):
            for chunk in _chunks(events):
                self._finished.update(_finished(chunk))

    def told_usage(self) -> None:
        self._usage_due = False

    def end(self) -> Iterator[dict[str, Any]]:
        """The chunks the stream still lacks."""
        last: dict[str, Any] = next((chunk for chunk in reversed(_chunks(self._last)) if "choices" in chunk), {})
        kept = ("id", "created", "model", "system_fingerprint")
        made = {
            **self._made,
            **{name: last[name] for name in kept if last.get(name)},
            "object": "text_completion" if self._older else "chat.completion.chunk",
        }
        said: dict[str, Any] = {"text": ""} if self._older else {"delta": {}}
        for index in range(self._choices):
            if index not in self._finished:
                yield {**made, "choices": [{"index": index, **said, "logprobs": None, "finish_reason": "length"}]}
        if self._usage_due:
            usage = {"prompt_tokens": 0, "completion_tokens": self.pieces, "total_tokens": self.pieces}
            yield {**made, "choices": [], "usage": usage}


def choices(body: dict[str, Any]) -> int:
    """How many answers a request asks for. Whatever an upstream may take passes here, so nothing is relied on."""
    n, prompt = body.get("n"), body.get("prompt")
    times = n if type(n) is int and n > 0 else 1
    prompts = len(prompt) if isinstance(prompt, list) and prompt and not isinstance(prompt[0], int) else 1
    return min(times * prompts, _MOST_CHOICES)


def _chunks(events: bytes) -> list[dict[str, Any]]:
    """The objects among the events' data."""
    return [chunk for told in data(events) if (chunk := read(told)) is not None]


def _finished(chunk: dict[str, Any]) -> Iterator[int]:
    choices = chunk.get("choices")
    for choice in choices if isinstance(choices, list) else ():
        if isinstance(choice, dict) and choice.get("finish_reason"):
            index = choice.get("index", 0)
            if type(index) is int:
                yield index
