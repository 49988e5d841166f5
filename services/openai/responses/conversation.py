"""The whole conversation that a request is about: what was stored, and what it brings."""

from collections.abc import Callable
from typing import NamedTuple

from pennyworth.errors import Problem
from services.openai.responses.history import PREVIOUS
from services.openai.responses.items import Item, is_cut, is_readable, items, require_parts
from services.openai.responses.request import Conversation
from services.openai.responses.response import item_id
from services.openai.responses.state import State

_NAMED = ("item_reference", "reasoning")  # what may be read from the store by its id


class Told(NamedTuple):
    items: list[Item]  # each with its id
    places: list[str]  # where in the request each came from
    kept: list[bool]  # whether each was stored, perhaps with an answer that a provider made itself

    @property
    def stored(self) -> list[Item]:
        return [item for item, kept in zip(self.items, self.kept, strict=True) if kept]

    @property
    def placed(self) -> list[tuple[Item, str]]:
        """Those that a chat can tell a model of: without calls that were cut short, and what was said to those.

        Raises Problem for an item with a part that it cannot tell of.
        """
        told = []
        cut = {item["call_id"] for item in self.items if is_cut(item)}
        for item, place, kept in zip(self.items, self.places, self.kept, strict=True):
            if item.get("call_id") not in cut and (not kept or is_readable(item)):
                require_parts(item, place)
                told.append((item, place))
        return told


def told(request: Conversation, state: State, response_id: str, read: Callable[[object], list[Item]] = items) -> Told:
    """`read` makes items of the input. Raises Problem for what is not there, or cannot be gone on from."""
    before: list[Item] = []
    if request.previous_response_id is not None:
        record = state.find(request.previous_response_id, PREVIOUS)
        if record.response["status"] == "failed":
            raise Problem("invalid_value", param=PREVIOUS, reason="that response failed: go on from the one before it")
        before = record.conversation
    elif request.input is None:
        raise Problem("missing_required_parameter", param="input")
    brought = [] if request.input is None else read(request.input)
    _require_once(brought)
    new = [_resolved(item, f"input[{index}]", state, before) for index, item in enumerate(brought)]
    numbered = [
        {"id": item_id(response_id, item["type"], index), **item} for index, item in enumerate(new, len(before))
    ]
    at = ["input"] if isinstance(request.input, str) else [f"input[{index}]" for index in range(len(new))]
    kept = [one is not another for one, another in zip(new, brought, strict=True)]
    return Told(before + numbered, [PREVIOUS] * len(before) + at, [True] * len(before) + kept)


def _require_once(items: list[Item]) -> None:
    """A reference is a few bytes, and what it stands for may be millions: none counts twice."""
    named: set[str] = set()
    for index, item in enumerate(items):
        if item["type"] not in _NAMED or "id" not in item or "encrypted_content" in item:
            continue
        if item["id"] in named:
            raise Problem("invalid_value", param=f"input[{index}].id", reason=f"names '{item['id']}' a second time")
        named.add(item["id"])


def _resolved(item: Item, param: str, state: State, before: list[Item]) -> Item:
    """What a reference names; and of reasoning that came without what goes back to the model, what was stored of it,
    for clients leave that to whom stored it."""
    if item["type"] == "item_reference":
        found = state.item(item["id"]) or next((one for one in before if one.get("id") == item["id"]), None)
        if found is None:
            raise Problem("not_found", param=f"{param}.id", thing="item", id=item["id"])
        return found
    if item["type"] == "reasoning" and "encrypted_content" not in item and "id" in item:
        return state.item(item["id"]) or item
    return item
