"""Anthropic's API on top of a chat, for providers that speak OpenAI's."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

from pennyworth.body import check
from services.openai.converse import Envelope
from services.openai.meter import Meter


class OverChat:
    """What it takes is `complete` and `stream`."""

    def complete(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]:
        raise NotImplementedError

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]:
        raise NotImplementedError

    def message(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """Anthropic's Message. Raises Problem."""
        from services.openai.messages.chat import chat_body, from_chat
        from services.openai.messages.params import MessagesRequest

        return from_chat(self.complete(chat_body(check(MessagesRequest, body)), envelope), envelope)

    def stream_message(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Its events. The status is known when this returns."""
        from services.openai.messages.chat import chat_body, chat_events
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.sse import named_events

        chat = self.stream(chat_body(check(MessagesRequest, body)), envelope, meter)
        return named_events(chat_events(_chunks(chat), envelope))

    def message_tokens(self, body: dict[str, Any]) -> tuple[int, bool]:
        """How long a prompt is, and that this is an estimate: a chat's provider counts afterwards only."""
        from services.openai.messages.chat import prompt_body
        from services.openai.messages.params import CountRequest
        from services.openai.messages.tokens import estimate

        return estimate(prompt_body(check(CountRequest, body))), False


def _chunks(events: Iterator[bytes]) -> Iterator[dict[str, Any]]:
    """The objects of a chat's events. What is none is an error's."""
    with closing(events):  # type: ignore[type-var]  # a generator, as every stream of ours
        for together in events:
            for line in together.splitlines():
                data = line.removeprefix(b"data:").strip() if line.startswith(b"data:") else b""
                if data and data != b"[DONE]":
                    yield _object(data)


def _object(data: bytes) -> dict[str, Any]:
    try:
        value = json.loads(data)
    except (ValueError, RecursionError):
        value = None
    return value if isinstance(value, dict) else {"error": None}
