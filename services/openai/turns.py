"""OpenAI's messages as Converse's system blocks and alternating turns."""

import hashlib
import json
import re
from typing import Any

from pennyworth.errors import Problem
from services.openai.conversation import Message
from services.openai.media import Block, Media
from services.openai.reasoning import replayed

Turn = dict[str, Any]  # {"role": "user" | "assistant", "content": [Block]}

_TOOL_USE_ID = re.compile(r"[a-zA-Z0-9_.:-]{1,64}")


def turns(
    messages: list[Message], *, tools_as_text: bool = False, thoughts: bool = False
) -> tuple[list[Block], list[Turn]]:
    """The leading instructions as system blocks, everything after them as turns.

    Bedrock wants a user turn first, roles that alternate, all results of a tool call in the one turn after it, and no
    blank text. Same-role neighbours are merged; an instruction in mid-conversation becomes the user's. Where nothing
    but instructions was sent, they are the user's turn. `tools_as_text` writes past tool calls and results as text;
    `thoughts` gives the model its signed reasoning back.
    Raises Problem with the path of the message that cannot be said in Converse.
    """
    start = next((i for i, m in enumerate(messages) if m.role not in ("system", "developer")), 0)
    system = [block for message in messages[:start] for block in _cached(_texts(message), message)]
    history = _History(tools_as_text, thoughts)
    for index, message in enumerate(messages[start:], start):
        history.add(message, f"messages[{index}]")
    return system, history.close()


class _History:
    """The turns so far and the tool calls that still wait for their results."""

    def __init__(self, tools_as_text: bool, thoughts: bool) -> None:
        self.turns: list[Turn] = []
        self.waiting: dict[str, str] = {}  # tool call id → path of the message that made it
        self.tools_as_text, self.thoughts = tools_as_text, thoughts
        self.media = Media()
        self.documents: list[tuple[list[Block], str]] = []  # turns that hold one, with the path of its message

    def add(self, message: Message, param: str) -> None:
        match message.role:
            case "assistant":
                self._answered()
                self._say("assistant", _cached(self._assistant(message, param), message))
            case "tool":
                marks = [point for part in message.content or () for point in part.cache_points]
                self._say("user", _cached([self._result(message, param), *marks[-1:]], message))
            case _:
                self._answered()
                blocks = self._heard(message, param)
                if not blocks:
                    raise Problem("invalid_value", param=f"{param}.content", reason="must hold text that is not blank")
                self._say("user", _cached(blocks, message))
                if any("document" in block for block in blocks):
                    self.documents.append((self.turns[-1]["content"], param))

    def close(self) -> list[Turn]:
        self._answered()
        if not self.turns or self.turns[0]["role"] != "user":
            raise Problem("invalid_value", param="messages", reason="the first turn must be the user's")
        for block in self.turns[-1]["content"] if self.turns[-1]["role"] == "assistant" else ():
            if "text" in block:  # Claude goes on from no answer that ends in white space
                block["text"] = block["text"].rstrip()
        for blocks, param in self.documents:
            if not any("text" in block for block in blocks):
                reason = "must hold a text beside its file: Bedrock wants to know what it is for"
                raise Problem("invalid_value", param=f"{param}.content", reason=reason)
        return self.turns

    def _heard(self, message: Message, param: str) -> list[Block]:
        blocks = []
        for index, part in enumerate(message.content or ()):
            where = f"{param}.content[{index}]"
            if part.image_url:
                blocks.append(self.media.image(part.image_url.url, where))
            elif part.file:
                blocks.append(self.media.document(part.file, where))
            elif part.input_audio:
                blocks.append(self.media.audio(part.input_audio, where))
            elif part.words.strip():
                blocks.append({"text": part.words})
            blocks += part.cache_points
        return blocks

    def _assistant(self, message: Message, param: str) -> list[Block]:
        blocks = _texts(message)
        if message.refusal and message.refusal.strip():
            blocks.append({"text": message.refusal})
        for call in message.tool_calls or ():
            if call.id in self.waiting:
                raise Problem("invalid_value", param=f"{param}.tool_calls", reason=f"the id '{call.id}' is used twice")
            self.waiting[call.id] = param
            blocks.append(self._call(call.id, call.function.name, call.function.arguments))
        if blocks and self.thoughts:
            return [replayed(block) for block in message.thinking_blocks or ()] + blocks
        return blocks

    def _call(self, id: str, name: str, arguments: str) -> Block:  # noqa: A002 -- OpenAI's own name
        if self.tools_as_text:
            return {"text": f"[called {name} with {arguments}]"}
        return {"toolUse": {"toolUseId": tool_use_id(id), "name": name, "input": json.loads(arguments)}}

    def _result(self, message: Message, param: str) -> Block:
        call_id = message.tool_call_id
        if call_id is None:
            raise Problem("missing_required_parameter", param=f"{param}.tool_call_id")
        if self.waiting.pop(call_id, None) is None:
            reason = "no tool call of the assistant's message before it has this id"
            raise Problem("invalid_value", param=f"{param}.tool_call_id", reason=reason)
        texts = [block for block in _texts(message) if "text" in block]
        if self.tools_as_text:
            return {"text": "[result: " + " ".join(block["text"] for block in texts) + "]"}
        return {"toolResult": {"toolUseId": tool_use_id(call_id), "content": texts}}

    def _answered(self) -> None:
        for call_id, param in self.waiting.items():
            reason = f"the call '{call_id}' has no 'tool' message with its result right after it"
            raise Problem("invalid_value", param=f"{param}.tool_calls", reason=reason)

    def _say(self, role: str, blocks: list[Block]) -> None:
        if self.turns and self.turns[-1]["role"] == role:
            self.turns[-1]["content"] += blocks
        elif blocks:
            self.turns.append({"role": role, "content": blocks})


def tool_use_id(call_id: str) -> str:
    """Bedrock's id for a client's: the same, or where Bedrock would refuse it, one made from it."""
    if _TOOL_USE_ID.fullmatch(call_id):
        return call_id
    return "call_" + hashlib.sha256(call_id.encode()).hexdigest()[:40]


def _texts(message: Message) -> list[Block]:
    """The texts that are not blank, each with the mark on it."""
    parts = [part for part in message.content or () if part.words.strip()]
    return [block for part in parts for block in ({"text": part.words}, *part.cache_points)]


def _cached(blocks: list[Block], message: Message) -> list[Block]:
    """A message's own mark ends it, unless its last part's does."""
    return blocks if not blocks or "cachePoint" in blocks[-1] else blocks + message.cache_points
