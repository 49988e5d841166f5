"""The events of Anthropic's stream: of a Converse stream, and of a whole message. Pure translation."""

import json
from collections.abc import Iterable, Iterator
from itertools import chain
from typing import Any, TypeVar

from pennyworth.errors import Problem
from services.openai.converse import Envelope
from services.openai.messages.reply import opening, stop_fields, usage

Event = tuple[str, dict[str, Any]]  # (name, payload) of one ConverseStream event
Told = dict[str, Any]  # an event of Anthropic's
Said = TypeVar("Said")

_NOTHING = {"inputTokens": 0, "outputTokens": 0}


def message_events(events: Iterable[Event], envelope: Envelope, *, one_call: bool = False) -> Iterator[Told | None]:
    """Glued, the events are the message `from_converse` makes of the whole reply. None for an event that says nothing,
    so that a writer who holds events back sees it pass.

    Bedrock tells its usage last: the message opens with none, and its last delta has it all. It opens when Bedrock has
    said something: until then another model may answer. Raises Problem upstream_error for a stream that just ends.
    """
    events = begun(events)
    yield started(envelope)
    blocks = Blocks(one_call)
    stop: dict[str, Any] | None = None
    spent = _NOTHING
    for name, event in events:
        if name == "metadata":
            spent = event["usage"]
            continue
        if name == "messageStop":
            stop = stop_fields(event["stopReason"], event.get("additionalModelResponseFields"), blocks.called)
        said = False
        for told in blocks.of(name, event):
            said = True
            yield told
        if not said:
            yield None
    if stop is None:
        raise Problem("upstream_error")
    yield from ended(stop, usage(spent))


def begun(source: Iterable[Said]) -> Iterator[Said]:
    """The same, of which the first is here. Raises Problem upstream_error for a source that says nothing."""
    source = iter(source)
    for first in source:
        return chain((first,), source)
    raise Problem("upstream_error")


def whole_events(message: dict[str, Any]) -> Iterator[Told]:
    """A message that is here already, as the events it would have come in."""
    yield {"type": "message_start", "message": {**message, "content": [], "stop_reason": None, "stop_sequence": None}}
    for index, block in enumerate(message["content"]):
        opened, deltas = _apart(block)
        yield {"type": "content_block_start", "index": index, "content_block": opened}
        for delta in deltas:
            yield {"type": "content_block_delta", "index": index, "delta": delta}
        yield {"type": "content_block_stop", "index": index}
    stop = {name: message[name] for name in ("stop_reason", "stop_sequence")}
    yield from ended(stop, message["usage"])


def started(envelope: Envelope) -> Told:
    empty: dict[str, Any] = {"content": [], "stop_reason": None, "stop_sequence": None}
    return {"type": "message_start", "message": {**opening(envelope), **empty, "usage": usage(_NOTHING)}}


def ended(stop: dict[str, Any], spent: dict[str, int]) -> Iterator[Told]:
    yield {"type": "message_delta", "delta": stop, "usage": spent}
    yield {"type": "message_stop"}


def _apart(block: dict[str, Any]) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    match block["type"]:
        case "text":
            return {**block, "text": ""}, [{"type": "text_delta", "text": block["text"]}]
        case "tool_use":
            text = json.dumps(block["input"], separators=(",", ":"), ensure_ascii=False)
            return {**block, "input": {}}, [{"type": "input_json_delta", "partial_json": text}]
        case "thinking":
            deltas = [{"type": "thinking_delta", "thinking": block["thinking"]}]
            if block["signature"]:
                deltas.append({"type": "signature_delta", "signature": block["signature"]})
            return {**block, "thinking": "", "signature": ""}, deltas
    return block, []


_OPENED = {
    "text": {"type": "text", "text": ""},
    "thinking": {"type": "thinking", "thinking": "", "signature": ""},
}


class Blocks:
    """The blocks the client reads of, numbered without those it does not. One is open at a time."""

    def __init__(self, one_call: bool) -> None:
        self.called = False
        self._one_call = one_call
        self._next = 0
        self._open: str | None = None  # the type of the open block
        self._signature = ""  # clients take one delta for the whole of it
        self._silent = False  # a call the client shall not read

    def of(self, name: str, event: dict[str, Any]) -> Iterator[Told]:
        if name == "contentBlockStart" and "toolUse" in event["start"]:
            yield from self.close()
            self._silent = self._one_call and self.called
            if not self._silent:
                yield from self.call(event["start"]["toolUse"]["toolUseId"], event["start"]["toolUse"]["name"])
        elif name == "contentBlockDelta":
            yield from self._delta(event["delta"])
        elif name in ("contentBlockStop", "messageStop"):
            yield from self.close()

    def call(self, call_id: str, name: str) -> Iterator[Told]:
        self.called = True
        yield from self._opened("tool_use", {"type": "tool_use", "id": call_id, "name": name, "input": {}})

    def say(self, kind: str, field: str, text: str) -> Iterator[Told]:
        """A piece of a block of this type, which it opens."""
        if self._open != kind and kind in _OPENED:
            yield from self.close()
            yield from self._opened(kind, _OPENED[kind])
        yield self._told({"type": f"{field}_delta", _FIELDS.get(field, field): text})

    def close(self) -> Iterator[Told]:
        signature, self._signature, self._silent = self._signature, "", False
        if signature:
            yield from self.say("thinking", "signature", signature)
        if self._open is not None:
            yield {"type": "content_block_stop", "index": self._next - 1}
        self._open = None

    def _delta(self, delta: dict[str, Any]) -> Iterator[Told]:
        if delta.get("text"):
            yield from self.say("text", "text", delta["text"])
        elif "toolUse" in delta:
            text = delta["toolUse"].get("input")
            if text and not self._silent:
                yield from self.say("tool_use", "input_json", text)
        elif "reasoningContent" in delta:
            yield from self._reasoned(delta["reasoningContent"])

    def _reasoned(self, delta: dict[str, Any]) -> Iterator[Told]:
        if "redactedContent" in delta:
            yield from self.close()
            yield from self._opened(
                "redacted_thinking", {"type": "redacted_thinking", "data": delta["redactedContent"]}
            )
            return
        self._signature += delta.get("signature") or ""
        if delta.get("text"):
            yield from self.say("thinking", "thinking", delta["text"])

    def _opened(self, kind: str, block: dict[str, Any]) -> Iterator[Told]:
        self._open = kind
        self._next += 1
        yield {"type": "content_block_start", "index": self._next - 1, "content_block": block}

    def _told(self, delta: dict[str, Any]) -> Told:
        return {"type": "content_block_delta", "index": self._next - 1, "delta": delta}


_FIELDS = {"input_json": "partial_json"}  # where a delta's text has another name
