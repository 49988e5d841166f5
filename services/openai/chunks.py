"""A Converse stream as OpenAI's chat completion chunks: pure translation."""

from collections.abc import Iterable, Iterator
from typing import Any

from pennyworth.errors import Problem
from services.openai.converse import Envelope, finish_reason, usage

Event = tuple[str, dict[str, Any]]  # (name, payload) of one ConverseStream event


def stream_chunks(events: Iterable[Event], envelope: Envelope, include_usage: bool) -> Iterator[dict[str, Any]]:
    """One chunk per event that says something; glued, they are the message `from_converse` makes of the whole reply.

    OpenAI numbers tool calls alone, from 0; Bedrock numbers content blocks of every kind. A tool that takes nothing
    arrives without input: its arguments are `{}`. Raises Problem upstream_error for a stream that just ends.
    """
    base = {"id": envelope.id, "object": "chat.completion.chunk", "created": envelope.created, "model": envelope.model}
    tail = {"usage": None} if include_usage else {}
    calls: dict[int, int] = {}  # content block → tool call
    silent: set[int] = set()  # tool blocks without input so far
    finished = False

    def chunk(delta: dict[str, Any], finish: str | None = None) -> dict[str, Any]:
        return {**base, "choices": [{"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish}], **tail}

    for name, event in events:
        if name == "contentBlockDelta":
            delta = event["delta"]
            if "text" in delta:
                yield chunk({"content": delta["text"]})
            elif "toolUse" in delta:
                if text := delta["toolUse"].get("input"):
                    block = event["contentBlockIndex"]
                    silent.discard(block)
                    yield chunk({"tool_calls": [{"index": calls[block], "function": {"arguments": text}}]})
            elif text := delta.get("reasoningContent", {}).get("text"):
                yield chunk({"reasoning_content": text})
        elif name == "contentBlockStart":
            if tool_use := event["start"].get("toolUse"):
                block = event["contentBlockIndex"]
                calls[block] = len(calls)
                silent.add(block)
                yield chunk({"tool_calls": [_opened(calls[block], tool_use)]})
        elif name == "contentBlockStop":
            if event["contentBlockIndex"] in silent:
                call = calls[event["contentBlockIndex"]]
                yield chunk({"tool_calls": [{"index": call, "function": {"arguments": "{}"}}]})
        elif name == "messageStart":
            yield chunk({"role": "assistant", "content": "", "refusal": None})
        elif name == "messageStop":
            yield chunk({}, finish_reason(event["stopReason"]))
            finished = True
        elif name == "metadata" and include_usage:
            yield {**base, "choices": [], "usage": usage(event["usage"])}
    if not finished:
        raise Problem("upstream_error")


def _opened(index: int, tool_use: dict[str, Any]) -> dict[str, Any]:
    function = {"name": tool_use["name"], "arguments": ""}
    return {"index": index, "id": tool_use["toolUseId"], "type": "function", "function": function}
