"""A Converse stream as OpenAI's chat completion chunks: pure translation."""

from collections.abc import Iterable, Iterator
from typing import Any

from pennyworth.errors import Problem
from services.openai.converse import PLAINLY, Envelope, Reading, arguments, finish_reason, service_tier, usage
from services.openai.formats import ANSWER
from services.openai.reasoning import thinking_block

Event = tuple[str, dict[str, Any]]  # (name, payload) of one ConverseStream event


def stream_chunks(
    events: Iterable[Event], envelope: Envelope, include_usage: bool, read: Reading = PLAINLY
) -> Iterator[dict[str, Any] | None]:
    """One chunk per event; None for an event that says nothing, so that a writer who holds chunks back sees it pass.

    Glued, the chunks are the message `from_converse` makes of the whole reply. OpenAI numbers tool calls alone, from 0;
    Bedrock numbers content blocks of every kind. A tool that takes nothing arrives without input: its arguments are
    `{}`. Where our tool is to answer, text waits until it is known whether it did. Raises Problem
    upstream_error for a stream that just ends.
    """
    base = {"id": envelope.id, "object": "chat.completion.chunk", "created": envelope.created, "model": envelope.model}
    tail = {"usage": None} if include_usage else {}
    deltas = _Deltas(read)
    finished = False
    for name, event in events:
        if name == "metadata":
            spent = {**base, "choices": [], "usage": usage(event["usage"]), **service_tier(event)}
            yield spent if include_usage else None
            continue
        finish = None
        if name == "messageStop":
            finish, finished = finish_reason(event["stopReason"], deltas.called), True
        delta = deltas.of(name, event)
        if delta is None:
            yield None
        else:
            choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}
            yield {**base, "choices": [choice], **tail}
    if not finished:
        raise Problem("upstream_error")


def ending(told: set[str], pieces: int) -> Iterator[Event]:
    """What a stream cut for want of time lacks of the events, as Converse ends one at a limit of tokens.

    `told` names the events that came, `pieces` counts those of the answer: a token each at least. Of the prompt nothing
    is known before the end.
    """
    if "messageStart" not in told:
        yield "messageStart", {"role": "assistant"}
    if "messageStop" not in told:
        yield "messageStop", {"stopReason": "max_tokens"}
    if "metadata" not in told:
        yield "metadata", {"usage": {"inputTokens": 0, "outputTokens": pieces, "totalTokens": pieces}}


def whole_chunks(reply: dict[str, Any], envelope: Envelope, read: Reading = PLAINLY) -> list[dict[str, Any]]:
    """A whole reply as the chunks it would have come in: unlike a completion, they tell the order of its blocks.

    Raises Problem upstream_error for a stop reason that is a failure.
    """
    return [chunk for chunk in stream_chunks(_events(reply), envelope, include_usage=True, read=read) if chunk]


def _events(reply: dict[str, Any]) -> Iterator[Event]:
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(reply["output"]["message"]["content"]):
        if "toolUse" in block:
            yield "contentBlockStart", {"start": {"toolUse": block["toolUse"]}, "contentBlockIndex": index}
        for delta in _block_deltas(block):
            yield "contentBlockDelta", {"delta": delta, "contentBlockIndex": index}
        yield "contentBlockStop", {"contentBlockIndex": index}
    yield "messageStop", {"stopReason": reply["stopReason"]}
    yield "metadata", reply


def _block_deltas(block: dict[str, Any]) -> Iterator[dict[str, Any]]:
    if "text" in block:
        yield {"text": block["text"]}
    elif "toolUse" in block:
        yield {"toolUse": {"input": arguments(block["toolUse"])}}
    elif "citationsContent" in block:
        yield from (
            {"text": piece["text"]} for piece in block["citationsContent"].get("content", ()) if "text" in piece
        )
    elif "reasoningContent" in block:
        yield {"reasoningContent": block["reasoningContent"].get("reasoningText", block["reasoningContent"])}


class _Deltas:
    """What an event adds to the message. Remembers which content blocks are tool calls."""

    def __init__(self, read: Reading) -> None:
        self._calls: dict[int, int] = {}  # content block → tool call
        self._silent: set[int] = set()  # tool blocks without input so far
        self._read = read
        self._answer: int | None = None  # the block that calls our tool
        self._text: list[str] = []  # what was said beside it
        self._thought: dict[str, Any] = {}  # the reasoning of this block
        self._thoughts = 0  # blocks of reasoning to keep so far

    @property
    def called(self) -> bool:
        return bool(self._calls)

    def of(self, name: str, event: dict[str, Any]) -> dict[str, Any] | None:
        if name == "contentBlockDelta":
            return self._delta(event["delta"], event["contentBlockIndex"])
        if name == "contentBlockStart" and "toolUse" in event["start"]:
            return self._opened(event["start"]["toolUse"], event["contentBlockIndex"])
        if name == "contentBlockStop":
            return self._closed(event["contentBlockIndex"])
        if name == "messageStart":
            return {"role": "assistant", "content": "", "refusal": None}
        if name == "messageStop":
            return {"content": "".join(self._text)} if self._text and self._answer is None else {}
        return None

    def _opened(self, tool_use: dict[str, Any], block: int) -> dict[str, Any] | None:
        if self._read.by_tool and tool_use["name"] == ANSWER:
            if self._answer is None:
                self._answer = block
                self._silent.add(block)
            return None
        if self._read.one_call and self._calls:
            return None
        self._silent.add(block)
        self._calls[block] = len(self._calls)
        return {"tool_calls": [_opened(self._calls[block], tool_use)]}

    def _delta(self, delta: dict[str, Any], block: int) -> dict[str, Any] | None:
        if "text" in delta and self._read.by_tool:
            self._text.append(delta["text"])
            return None
        if "text" in delta:
            return {"content": delta["text"]}
        if "toolUse" in delta:
            text = delta["toolUse"].get("input")
            return self._arguments(text, block) if text else None
        return self._reasoned(delta["reasoningContent"]) if "reasoningContent" in delta else None

    def _reasoned(self, delta: dict[str, Any]) -> dict[str, Any] | None:
        """Text at once; the block to keep when it is whole."""
        if "redactedContent" in delta:
            self._thought = dict(delta)
            return None
        shown = self._thought.setdefault("reasoningText", {"text": "", "signature": ""})
        for name in ("text", "signature"):
            shown[name] += delta.get(name) or ""
        return {"reasoning_content": delta["text"]} if delta.get("text") else None

    def _closed(self, block: int) -> dict[str, Any] | None:
        thought, self._thought = thinking_block(self._thought), {}
        if thought:
            self._thoughts += 1
            return {"thinking_blocks": [{"index": self._thoughts - 1, **thought}]}
        return self._arguments("{}", block) if block in self._silent else None

    def _arguments(self, text: str, block: int) -> dict[str, Any] | None:
        self._silent.discard(block)
        if block == self._answer:
            return {"content": text}
        if block not in self._calls:
            return None
        return {"tool_calls": [{"index": self._calls[block], "function": {"arguments": text}}]}


def _opened(index: int, tool_use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool_use["name"], "arguments": ""}
    return {"index": index, "id": tool_use["toolUseId"], "type": "function", "function": function}
