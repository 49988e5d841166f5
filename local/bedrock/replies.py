"""An answer within its limits, whole and in pieces.

The pieces glued together are the whole: both are made from the same blocks.
"""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.tokens import Usage, count, pieces

WORD = re.compile(r"\s*\S+|\s+")
TEXT_PIECE = 3  # words
JSON_PIECE = 24  # characters


@dataclass
class Reply:
    """A finished answer. `blocks` are Converse content blocks."""

    blocks: list[dict[str, Any]]
    stop_reason: str
    output_tokens: int
    usage: Usage
    stopped_by: str | None = None  # the stop sequence that ended it
    deltas: list[str] | None = None  # a script's own pieces of the first block
    burst: bool = False  # all pieces in one write
    trace: dict[str, Any] = field(default_factory=dict)


def limited(chat: Chat, blocks: list[dict[str, Any]]) -> tuple[list[dict[str, Any]], str, int, str | None]:
    """The blocks until maxTokens or a stop sequence ends them, with the stop reason, the tokens and that sequence."""
    kept: list[dict[str, Any]] = []
    left = chat.max_tokens
    for block in blocks:
        size = block_size(block)
        if "text" in block:
            text = block["text"] if size <= left else "".join(pieces(block["text"])[:left])
            found = first_stop(text, chat.stop_sequences)
            if found:
                text = text[: text.index(found)]
                kept += [{"text": text}] if text else []
                return kept, "stop_sequence", chat.max_tokens - left + count(text), found
            kept += [{"text": text}] if text else []
        elif size <= left:
            kept.append(block)
        if size > left:
            return kept, "max_tokens", chat.max_tokens, None
        left -= size
    stop_reason = "tool_use" if any("toolUse" in block for block in kept) else "end_turn"
    return kept, stop_reason, chat.max_tokens - left, None


def block_size(block: dict[str, Any]) -> int:
    """Output tokens of a block."""
    if "toolUse" in block:
        return count(block["toolUse"]["name"]) + count(arguments_text(block["toolUse"]["input"]))
    if "reasoningContent" in block:
        return count(block["reasoningContent"].get("reasoningText", {}).get("text", "redacted"))
    return count(block["text"])


def first_stop(text: str, sequences: list[str]) -> str | None:
    found = [(text.index(sequence), sequence) for sequence in sequences if sequence in text]
    return min(found)[1] if found else None


def arguments_text(arguments: Any) -> str:
    """What a tool call's input deltas glue to; nothing at all for a call without arguments."""
    return json.dumps(arguments, ensure_ascii=False) if arguments else ""


def text_deltas(reply: Reply, index: int) -> list[str]:
    if index == 0 and reply.deltas is not None:
        return reply.deltas
    words = WORD.findall(reply.blocks[index]["text"])
    return ["".join(words[at : at + TEXT_PIECE]) for at in range(0, len(words), TEXT_PIECE)]


def json_deltas(arguments: Any) -> Iterator[str]:
    """A first empty delta, as models send it, then the JSON."""
    text = arguments_text(arguments)
    yield ""
    for start in range(0, len(text), JSON_PIECE):
        yield text[start : start + JSON_PIECE]
