"""A response that a provider makes itself, as one of ours: pure translation.

All of it passes but what says where it is kept: the response's id, the one before it, and whether it is stored.
"""

import re
from copy import copy
from typing import Any

from services.openai.responses.items import Item
from services.openai.responses.response import Response
from services.openai.responses.thoughts import is_ours, unpacked

Event = dict[str, Any]
LAST = frozenset({"response.completed", "response.incomplete", "response.failed"})
_OUR_ID = re.compile(r"[a-z]+_[0-9a-f]{52,54}")


def theirs(items: list[Item]) -> list[Item]:
    """A conversation's items for a provider. Of ours it hears without their ids, which mean nothing there; what a model
    of another provider thought is left out, and its summary of what was said is told."""
    told = []
    for item in items:
        encrypted = item.get("encrypted_content")
        ours = isinstance(encrypted, str) and is_ours(encrypted)
        if ours and item.get("type") != "reasoning":
            content = [{"type": "input_text", "text": unpacked(str(encrypted), "input")}]
            told.append({"type": "message", "role": "user", "content": content})
        elif not ours and not _is_bare(item):
            known = _OUR_ID.fullmatch(str(item.get("id")))
            told.append({name: value for name, value in item.items() if not (known and name == "id")})
    return told


def _is_bare(item: Item) -> bool:
    """Reasoning with nothing in it but what people read: the provider would look for it where nothing is stored."""
    return item.get("type") == "reasoning" and not item.get("encrypted_content") and not item.get("content")


class Passing:
    """A response on its way. `response` is what there is of it, reasoning to keep included."""

    def __init__(self, ours: dict[str, Any], *, shows_encrypted: bool) -> None:
        """`ours`: the fields of the response that we know better."""
        self.response: Response = {}
        self._ours, self._shows_encrypted = ours, shows_encrypted
        self._number = -1
        self._items: dict[int, Item] = {}  # what came of the output, by its place

    def whole(self, response: Response) -> None:
        """The provider's response is this one."""
        self.response = {**response, **self._ours}

    def shown(self) -> Response:
        """The response as the client asked to see it."""
        output = self.response.get("output")
        if self._shows_encrypted or not isinstance(output, list):
            return self.response
        return {**self.response, "output": [_without(item) for item in output]}

    def event(self, event: Event) -> Event:
        """The provider's event as ours."""
        if type(event.get("sequence_number")) is int:
            self._number = event["sequence_number"]
        if event.keys() == {"error"}:  # a chat's way to say so
            told = event["error"] if isinstance(event["error"], dict) else {}
            return self._next("error", **{name: told.get(name) for name in ("code", "message", "param")})
        self._grow(event)
        made = copy(event)
        if isinstance(event.get("response"), dict):
            self.whole(event["response"])
            made["response"] = self.shown()
        if "response_id" in event:
            made["response_id"] = self._ours["id"]
        if isinstance(event.get("item"), dict) and not self._shows_encrypted:
            made["item"] = _without(event["item"])
        return made

    def cut(self) -> Event:
        """The last event of a response for which there is no more time: incomplete, with what there is of it."""
        output = [self._items[index] for index in sorted(self._items)]
        kept = [item for item in output if item.get("status") != "in_progress" or item.get("content")]
        ended = [item | {"status": "incomplete"} if item.get("status") == "in_progress" else item for item in kept]
        why = {"status": "incomplete", "incomplete_details": {"reason": "max_output_tokens"}}
        self.response = {**self.response, **why, "output": ended}
        return self._next("response.incomplete", response=self.shown())

    def _next(self, kind: str, **fields: Any) -> Event:
        self._number += 1
        return {"type": kind, "sequence_number": self._number, **fields}

    def _grow(self, event: Event) -> None:
        index, item = event.get("output_index"), event.get("item")
        if type(index) is not int:
            return
        if isinstance(item, dict):
            self._items[index] = dict(item)
        elif event.get("type") == "response.output_text.delta" and isinstance(event.get("delta"), str):
            content = self._items.setdefault(index, {}).setdefault("content", [])
            if not content:
                content.append({"type": "output_text", "text": "", "annotations": [], "logprobs": []})
            content[-1]["text"] = content[-1].get("text", "") + event["delta"]


def chat_usage(usage: object) -> dict[str, Any] | None:
    """A response's usage as a chat's, as the meter reads it; None for none."""
    if not isinstance(usage, dict):
        return None
    return {
        "prompt_tokens": usage.get("input_tokens"),
        "completion_tokens": usage.get("output_tokens"),
        "prompt_tokens_details": usage.get("input_tokens_details"),
        "completion_tokens_details": usage.get("output_tokens_details"),
    }


def _without(item: Any) -> Any:
    if not isinstance(item, dict) or item.get("type") != "reasoning":
        return item
    return {name: value for name, value in item.items() if name != "encrypted_content"}
