"""Anthropic's messages as Converse's alternating turns."""

import json
from typing import Any

from pennyworth.errors import Problem
from services.openai.media import Block as ConverseBlock
from services.openai.media import Media
from services.openai.messages.marks import Marks
from services.openai.messages.params import Block, Message
from services.openai.turns import Turn, tool_use_id

Blocks = list[ConverseBlock]


def turns(messages: list[Message], marks: Marks, *, tools_as_text: bool, thoughts: bool) -> list[Turn]:
    """The turns, as Bedrock wants them: a user's first, roles that alternate, results before anything else, no blank
    text. An instruction in mid-conversation becomes the user's. `tools_as_text` writes past calls and results as text;
    `thoughts` gives the model its signed reasoning back.

    Raises Problem with the path of what cannot be said in Converse.
    """
    history = _History(marks, tools_as_text, thoughts)
    for index, message in enumerate(messages):
        history.add(message, f"messages[{index}]")
    return history.close()


class _History:
    """The turns so far and the tool calls that still wait for their results."""

    def __init__(self, marks: Marks, tools_as_text: bool, thoughts: bool) -> None:
        self.turns: list[Turn] = []
        self.waiting: dict[str, str] = {}  # tool call id → path of the block that made it
        self.marks, self.tools_as_text, self.thoughts = marks, tools_as_text, thoughts
        self.media = Media()

    def add(self, message: Message, param: str) -> None:
        if message.role == "assistant":
            self._answered()
        blocks: Blocks = []
        for index, block in enumerate(message.content):
            where = f"{param}.content[{index}]"
            made = self._block(block, where)
            blocks += made
            if made and "reasoningContent" not in made[-1]:
                blocks += self._points(block, where)
        if message.role == "assistant" and all("reasoningContent" in block for block in blocks):
            return  # thoughts that led to nothing
        self._say("assistant" if message.role == "assistant" else "user", blocks)

    def close(self) -> list[Turn]:
        self._answered()
        if not self.turns or self.turns[0]["role"] != "user":
            raise Problem("invalid_value", param="messages", reason="the first turn must be the user's, and not blank")
        for turn in self.turns:
            if turn["role"] == "user":
                turn["content"] = _titled(_results_first(turn["content"]))
        for block in self.turns[-1]["content"] if self.turns[-1]["role"] == "assistant" else ():
            if "text" in block:  # Claude goes on from no answer that ends in white space
                block["text"] = block["text"].rstrip()
        return self.turns

    def _points(self, block: Block, where: str) -> Blocks:
        for control in (block.cache_control, *(inner.cache_control for inner in block.content or ())):
            if control is not None:
                return self.marks.points(control, where, "cached_messages")
        return []

    def _block(self, block: Block, where: str) -> Blocks:
        match block.type:
            case "text":
                return [{"text": block.text}] if block.text and block.text.strip() else []
            case "image" | "document":
                return [file_block(block, where, self.media)]
            case "tool_use":
                return [self._call(block, where)]
            case "tool_result":
                return self._result(block, where)
            case "thinking":
                # What another model thought is unsigned.
                if not (self.thoughts and block.signature):
                    return []
                shown = {"text": block.thinking, "signature": block.signature}
                return [{"reasoningContent": {"reasoningText": shown}}]
        return [{"reasoningContent": {"redactedContent": block.data}}] if self.thoughts else []

    def _call(self, block: Block, where: str) -> ConverseBlock:
        call_id = block.id or ""
        if call_id in self.waiting:
            raise Problem("invalid_value", param=f"{where}.id", reason=f"the id '{call_id}' is used twice")
        self.waiting[call_id] = where
        if self.tools_as_text:
            return {"text": f"[called {block.name} with {json.dumps(block.input, ensure_ascii=False)}]"}
        return {"toolUse": {"toolUseId": tool_use_id(call_id), "name": block.name, "input": block.input}}

    def _result(self, block: Block, where: str) -> Blocks:
        call_id = block.tool_use_id or ""
        if self.waiting.pop(call_id, None) is None:
            reason = "no 'tool_use' of the assistant's message before it has this id"
            raise Problem("invalid_value", param=f"{where}.tool_use_id", reason=reason)
        content: Blocks = []
        for index, inner in enumerate(block.content or ()):
            content += self._block(inner, f"{where}.content[{index}]")
        if self.tools_as_text:
            said = " ".join(inner["text"] for inner in content if "text" in inner)
            return [{"text": f"[result: {said}]"}, *(inner for inner in content if "text" not in inner)]
        result: dict[str, Any] = {"toolUseId": tool_use_id(call_id), "content": content}
        if block.is_error:
            result |= {"status": "error", "content": content or [{"text": "failed"}]}
        return [{"toolResult": result}]

    def _answered(self) -> None:
        for call_id, where in self.waiting.items():
            reason = f"the call '{call_id}' has no 'tool_result' in the message after it"
            raise Problem("invalid_value", param=where, reason=reason)

    def _say(self, role: str, blocks: Blocks) -> None:
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
        elif blocks:
            self.turns.append({"role": role, "content": blocks})


def file_block(block: Block, where: str, media: Media) -> ConverseBlock:
    """An image or a document. Raises Problem."""
    source = block.source
    if source is None or source.type in ("url", "file"):
        reason = (
            "Files are not fetched: send it itself, with a source of type 'base64', or upload it with POST /v1/files."
        )
        raise Problem("unsupported_parameter", param=f"{where}.source", reason=reason)
    if block.type == "image":
        return media.picture(source.data or "", where, f"{where}.source.data")
    title = block.title or ""
    if source.type == "base64":
        kind = source.media_type or "application/pdf"
        return media.paper(source.data or "", title, kind, where, f"{where}.source")
    words = source.data if source.type == "text" else "\n".join(inner.text or "" for inner in source.content or ())
    return media.text(words or "", title, where, f"{where}.source")


def _results_first(blocks: Blocks) -> Blocks:
    """With the cache points after them."""
    results: Blocks = []
    rest: Blocks = []
    kept = rest
    for block in blocks:
        if "cachePoint" not in block:
            kept = results if "toolResult" in block else rest
        kept.append(block)
    return results + rest


def _titled(blocks: Blocks) -> Blocks:
    """Bedrock wants a text beside a document: where the client wrote none, its name is it."""
    names = [block["document"]["name"] for block in blocks if "document" in block]
    if not names or any("text" in block for block in blocks):
        return blocks
    return [*blocks, {"text": ", ".join(names)}]
