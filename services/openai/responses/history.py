"""A response's items as the messages of a chat, and where in the request each came from."""

import json
import re
from typing import Any, NamedTuple

from services.openai.responses.items import Item
from services.openai.responses.thoughts import opened, unpacked
from services.openai.responses.toolbox import flat

PREVIOUS = "previous_response_id"
_SEEN_AFTER = "What this call gave is in the message after this."
_SHOWN = "What the calls before this gave:"
_SUMMARY = "What was said before this, in short:\n\n"
_MESSAGE = re.compile(r"messages\[(\d+)\](?:\.(content|tool_calls|thinking_blocks)\b(?:\[(\d+)\])?)?\.?(.*)")
# A field of a chat's part or call, by its name in an item.
_FIELDS = {
    "image_url.url": "image_url",
    "image_url.file_id": "file_id",
    "file.file_data": "file_data",
    "file.file_id": "file_id",
    "file.filename": "filename",
    "function.name": "name",
    "tool_call_id": "call_id",
}


class Place(NamedTuple):
    """Of a message: the item it came from, and those of its parts, calls and thoughts."""

    whole: str
    parts: list[str]
    calls: list[str]
    thoughts: list[str]


class History:
    """The messages so far. What the assistant says and calls in one go is one message, as it was in the chat."""

    def __init__(self) -> None:
        self.messages: list[dict[str, Any]] = []
        self.places: list[Place] = []
        self._pictures: list[tuple[dict[str, Any], str]] = []  # of tools: a chat takes them from the user alone

    def instruct(self, instructions: str) -> None:
        self._put({"role": "system", "content": instructions}, "instructions")

    def add(self, item: Item, place: str) -> None:
        """Raises Problem with the path of what no answer here gave."""
        kind = item["type"]
        if kind not in ("function_call_output", "custom_tool_call_output"):
            self._show()
        match kind:
            case "message" if item["role"] != "assistant":
                self._put({"role": item["role"], "content": _content(item)}, place, len(item["content"]))
            case "message":
                self._said(item, place)
            case "reasoning":
                self._thought(item, place)
            case "compaction":
                summary = unpacked(item["encrypted_content"], _below(place, "encrypted_content"))
                self._put({"role": "user", "content": _SUMMARY + summary}, place)
            case "function_call" | "custom_tool_call":
                self._called(item, place)
            case _:
                self._result(item, place)

    def close(self) -> None:
        """After the last item."""
        self._show()

    def path(self, param: str) -> str:
        """The client's own path for a chat's."""
        found = _MESSAGE.fullmatch(param)
        if found is None or int(found[1]) >= len(self.places):
            return param
        place = self.places[int(found[1])]
        listed = {"content": place.parts, "tool_calls": place.calls, "thinking_blocks": place.thoughts}
        steps = listed.get(found[2], [])
        if found[2] and steps:
            start = steps[min(int(found[3] or 0), len(steps) - 1)]
            if found[2] == "content" and found[3] is None:
                start = _below(place.whole, "content")
        else:
            start = place.whole
        field = found[4]
        if found[2] == "thinking_blocks":
            return _below(start, "encrypted_content")
        if field == "function.arguments":
            return _below(start, "arguments")
        return _below(start, _FIELDS.get(field, field)) if field else start

    def _put(self, message: dict[str, Any], place: str, parts: int = 0) -> None:
        self.messages.append(message)
        below = [_below(place, f"content[{index}]") for index in range(parts)]
        self.places.append(Place(place, below, [], []))

    def _turn(self, place: str) -> dict[str, Any]:
        """The assistant's message that is being made."""
        if not self.messages or self.messages[-1]["role"] != "assistant":
            self._put({"role": "assistant", "content": None}, place)
        return self.messages[-1]

    def _said(self, item: Item, place: str) -> None:
        turn = self._turn(place)
        turn["content"] = turn["content"] or []
        turn["content"] += map(_part, item["content"])
        self.places[-1].parts.extend(_below(place, f"content[{index}]") for index in range(len(item["content"])))

    def _thought(self, item: Item, place: str) -> None:
        if "encrypted_content" not in item:  # its summary is for people: no model takes it back
            return
        kept = opened(item["encrypted_content"], _below(place, "encrypted_content"))
        turn = self._turn(place)
        if "thinking_blocks" in kept:
            turn.setdefault("thinking_blocks", []).extend(kept["thinking_blocks"])
            self.places[-1].thoughts.extend([place] * len(kept["thinking_blocks"]))
        if "reasoning_content" in kept:
            turn["reasoning_content"] = turn.get("reasoning_content", "") + kept["reasoning_content"]

    def _called(self, item: Item, place: str) -> None:
        custom = item["type"] == "custom_tool_call"
        arguments = json.dumps({"input": item["input"]}, ensure_ascii=False) if custom else item["arguments"]
        function = {"name": flat(item["name"], item.get("namespace")), "arguments": arguments}
        call = {"id": item["call_id"], "type": "function", "function": function}
        self._turn(place).setdefault("tool_calls", []).append(call)
        self.places[-1].calls.append(place)

    def _result(self, item: Item, place: str) -> None:
        output = item["output"]
        if not isinstance(output, str):
            shown = [
                (index, part) for index, part in enumerate(output) if part["type"] in ("input_image", "input_file")
            ]
            self._pictures += [(_part(part), _below(place, f"output[{index}]")) for index, part in shown]
            texts = [part.get("text") or part.get("refusal") or "" for part in output]
            output = "\n".join(filter(None, texts)) or (_SEEN_AFTER if shown else "")
        self._put({"role": "tool", "tool_call_id": item["call_id"], "content": output}, place)

    def _show(self) -> None:
        if self._pictures:
            pictures, self._pictures = self._pictures, []
            content = [{"type": "text", "text": _SHOWN}, *(part for part, _ in pictures)]
            self._put({"role": "user", "content": content}, pictures[0][1])
            self.places[-1].parts.extend([pictures[0][1], *(place for _, place in pictures)])


def _below(place: str, field: str) -> str:
    """A field of an item the client sent; of one that was stored, or of a plain text, it knows the place alone."""
    return f"{place}.{field}" if place.startswith("input[") else place


def _content(item: Item) -> str | list[dict[str, Any]]:
    parts = [_part(part) for part in item["content"]]
    if len(parts) == 1 and parts[0].keys() == {"type", "text"}:
        return str(parts[0]["text"])
    return parts


def _part(part: dict[str, Any]) -> dict[str, Any]:
    mark = {name: part[name] for name in ("prompt_cache_breakpoint",) if name in part}
    match part["type"]:
        case "refusal":
            made: dict[str, Any] = {"type": "refusal", "refusal": part["refusal"]}
        case "input_image" if "image_url" in part:
            made = {"type": "image_url", "image_url": {"url": part["image_url"], "detail": part.get("detail", "auto")}}
        case "input_image":
            shown = {name: part[name] for name in ("file_id", "detail") if name in part}
            made = {"type": "image_url", "image_url": shown}
        case "input_file":
            names = ("file_data", "file_id", "filename")
            made = {"type": "file", "file": {name: part[name] for name in names if name in part}}
        case _:
            made = {"type": "text", "text": part["text"]}
    return made | mark
