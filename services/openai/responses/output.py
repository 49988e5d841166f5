"""The items of an output while they are written. Each method tells of it as events, which have no number yet."""

import json
from collections.abc import Iterator
from copy import deepcopy
from typing import Any

from services.openai.responses.thoughts import sealed
from services.openai.responses.toolbox import Made

Event = dict[str, Any]
_TEXTS = {"output_text": "text", "refusal": "refusal"}  # part → its field
# What OpenAI has beside them, of which there is none here.
_BESIDE_PART: dict[str, dict[str, Any]] = {"output_text": {"annotations": [], "logprobs": []}, "refusal": {}}
_BESIDE_TEXT: dict[str, dict[str, Any]] = {"output_text": {"logprobs": []}, "refusal": {}}
_EVENTS = {"output_text": "response.output_text", "refusal": "response.refusal"}


class Open:
    """An item that is being written."""

    def __init__(self, index: int, item: dict[str, Any]) -> None:
        self.index, self.item = index, item

    def opened(self) -> Event:
        return {"type": "response.output_item.added", "output_index": self.index, "item": deepcopy(self.item)}

    def closed(self, status: str) -> Iterator[Event]:
        self.item["status"] = status
        yield {"type": "response.output_item.done", "output_index": self.index, "item": deepcopy(self.item)}

    def _at(self, kind: str, **fields: Any) -> Event:
        return {"type": kind, "item_id": self.item["id"], "output_index": self.index, **fields}


class Message(Open):
    """Text and refusals."""

    def __init__(self, index: int, id: str) -> None:  # noqa: A002 -- OpenAI's own name
        made = {"id": id, "type": "message", "status": "in_progress", "role": "assistant", "content": []}
        super().__init__(index, made)

    def add(self, kind: str, text: str) -> Iterator[Event]:
        content = self.item["content"]
        if not content or content[-1]["type"] != kind:
            yield from self._part_done()
            content.append({"type": kind, _TEXTS[kind]: "", **deepcopy(_BESIDE_PART[kind])})
            yield self._at("response.content_part.added", content_index=len(content) - 1, part=deepcopy(content[-1]))
        content[-1][_TEXTS[kind]] += text
        yield self._at(f"{_EVENTS[kind]}.delta", content_index=len(content) - 1, delta=text, **_BESIDE_TEXT[kind])

    def closed(self, status: str) -> Iterator[Event]:
        yield from self._part_done()
        yield from super().closed(status)

    def _part_done(self) -> Iterator[Event]:
        content = self.item["content"]
        if content:
            part, at = content[-1], len(content) - 1
            field = _TEXTS[part["type"]]
            part[field] = _whole(part[field])
            told = {field: part[field], **_BESIDE_TEXT[part["type"]]}
            yield self._at(f"{_EVENTS[part['type']]}.done", content_index=at, **told)
            yield self._at("response.content_part.done", content_index=at, part=deepcopy(part))


class Thought(Open):
    """Reasoning: as a summary where one was asked for, else as the text it is."""

    def __init__(self, index: int, id: str, *, as_summary: bool) -> None:  # noqa: A002 -- OpenAI's own name
        super().__init__(index, {"id": id, "type": "reasoning", "summary": []})
        self._as_summary, self._text = as_summary, ""
        self._blocks: list[dict[str, Any]] = []

    def add(self, text: str) -> Iterator[Event]:
        if not self._text:
            yield self._part("added", "")
        self._text += text
        kind = "response.reasoning_summary_text.delta" if self._as_summary else "response.reasoning_text.delta"
        yield self._at(kind, delta=text, **self._where)

    def keep(self, blocks: list[dict[str, Any]]) -> None:
        """What the model signed; numbered, as a stream brings them."""
        self._blocks += [{name: value for name, value in block.items() if name != "index"} for block in blocks]

    def closed(self, status: str) -> Iterator[Event]:
        text = self._text = _whole(self._text)
        if text:
            kind = "response.reasoning_summary_text.done" if self._as_summary else "response.reasoning_text.done"
            yield self._at(kind, text=text, **self._where)
            yield self._part("done", text)
            self.item["summary" if self._as_summary else "content"] = [{"type": self._type, "text": text}]
        kept = sealed(self._blocks, text)
        self.item |= {"encrypted_content": kept} if kept else {}
        yield from super().closed(status)

    @property
    def _type(self) -> str:
        return "summary_text" if self._as_summary else "reasoning_text"

    @property
    def _where(self) -> dict[str, int]:
        return {"summary_index" if self._as_summary else "content_index": 0}

    def _part(self, step: str, text: str) -> Event:
        kind = "reasoning_summary_part" if self._as_summary else "content_part"
        return self._at(f"response.{kind}.{step}", part={"type": self._type, "text": text}, **self._where)


class Call(Open):
    """A call of a function, or of a custom tool, whose input is told when it is whole: a chat gives it within JSON."""

    def __init__(self, index: int, id: str, call_id: str, made: Made) -> None:  # noqa: A002 -- OpenAI's own name
        kind = "custom_tool_call" if made.type == "custom" else "function_call"
        self._field = "input" if made.type == "custom" else "arguments"
        named = {"call_id": call_id, "name": made.name, **({"namespace": made.namespace} if made.namespace else {})}
        super().__init__(index, {"id": id, "type": kind, "status": "in_progress", **named, self._field: ""})
        self._arguments = ""

    def add(self, arguments: str) -> Iterator[Event]:
        self._arguments += arguments
        if self._field == "arguments" and arguments:
            yield self._at("response.function_call_arguments.delta", delta=arguments)

    def closed(self, status: str) -> Iterator[Event]:
        text = _whole(self._arguments)
        if self._field == "input":
            text = _input(text)
            if text:
                yield self._at("response.custom_tool_call_input.delta", delta=text)
            yield self._at("response.custom_tool_call_input.done", input=text)
        else:
            yield self._at("response.function_call_arguments.done", arguments=text, name=self.item["name"])
        self.item[self._field] = text
        yield from super().closed(status)


def _input(arguments: str) -> str:
    """A custom tool's input, out of the JSON a model was to write; what it wrote instead, where it did."""
    try:
        found = json.loads(arguments)["input"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return arguments
    return found if isinstance(found, str) else json.dumps(found)


def _whole(text: str) -> str:
    """Halves of a surrogate pair that came in two pieces, put together, so that the text can be stored as UTF-8."""
    return text if text.isascii() else text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
