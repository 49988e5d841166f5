"""The input items of a response: read, and in the one form in which they are stored, listed and sent to a model."""

import json
from collections.abc import Callable
from typing import Annotated, Any, Literal

from pydantic import AliasChoices, BaseModel, BeforeValidator, Field, StringConstraints, model_validator

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.caching import CacheBreakpoint
from services.openai.responses.thoughts import is_ours
from services.openai.strict import STRICT

Item = dict[str, Any]

# A picture or a file is meant for the model's eye, and stays as it came.
_TEXTS = ("input_text", "output_text")
_HOLDS = {
    "input_text": {"text"},
    "output_text": {"text"},
    "refusal": {"refusal"},
    "input_image": {"image_url", "file_id"},
    "input_file": {"file_data", "file_id", "file_url"},
}
CallId = Annotated[str, StringConstraints(min_length=1)]


class Part(BaseModel):
    """One class for every type, so that an error's path is the client's own."""

    model_config = STRICT
    type: Literal["input_text", "output_text", "refusal", "input_image", "input_file"]
    text: str | None = None
    refusal: str | None = None
    image_url: str | None = None
    file_id: str | None = None
    file_data: str | None = None
    file_url: str | None = None
    filename: str | None = None
    detail: Literal["auto", "low", "high", "original"] | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None
    # What clients replay of an answer.
    annotations: list[Any] | None = None
    logprobs: list[Any] | None = None

    @model_validator(mode="after")
    def whole(self) -> "Part":
        held = [name for names in _HOLDS.values() for name in names if getattr(self, name) is not None]
        if len(set(held)) != 1 or held[0] not in _HOLDS[self.type]:
            one = "' or '".join(sorted(_HOLDS[self.type]))
            raise ValueError(f"a part of type '{self.type}' holds '{one}' and no other content")
        return self


def _parts(content: object) -> object:
    if isinstance(content, str):
        return [{"type": "input_text", "text": content}]
    if isinstance(content, list):
        return content
    raise ValueError("must be a string or an array of content parts")


Parts = Annotated[list[Part], BeforeValidator(_parts)]


class _Item(BaseModel):
    """`id` and `status` come back with an answer's items; the rest is what clients add and no model reads."""

    model_config = STRICT
    id: str | None = None
    status: Literal["in_progress", "completed", "incomplete"] | None = None
    created_by: str | None = None
    internal_chat_message_metadata_passthrough: Any = None  # Codex's


class Message(_Item):
    type: Literal["message"] = "message"
    role: Literal["user", "system", "developer", "assistant"]
    content: Parts
    phase: str | None = None


class _Called(_Item):
    call_id: CallId
    caller: dict[str, Any] | None = None
    namespace: str | None = None


class FunctionCall(_Called):
    type: Literal["function_call"]
    name: str
    arguments: str
    async_: Annotated[bool | None, Field(validation_alias=AliasChoices("async"))] = None


class CustomToolCall(_Called):
    type: Literal["custom_tool_call"]
    name: str
    input: str
    async_: Annotated[bool | None, Field(validation_alias=AliasChoices("async"))] = None


class FunctionCallOutput(_Called):
    type: Literal["function_call_output"]
    output: str | list[Part]
    name: str | None = None


class CustomToolCallOutput(_Called):
    type: Literal["custom_tool_call_output"]
    output: str | list[Part]
    name: str | None = None


class SummaryText(BaseModel):
    model_config = STRICT
    type: Literal["summary_text"]
    text: str


class ReasoningText(BaseModel):
    model_config = STRICT
    type: Literal["reasoning_text", "text"]
    text: str


class Reasoning(_Item):
    type: Literal["reasoning"]
    summary: list[SummaryText]
    content: list[ReasoningText] | None = None
    encrypted_content: str | None = None


class Compaction(_Item):
    type: Literal["compaction", "compaction_summary"]  # the second is what Codex calls it
    encrypted_content: str


class ItemReference(BaseModel):
    model_config = STRICT
    type: Literal["item_reference"] | None = None
    id: str


_KINDS: dict[str, type[BaseModel]] = {
    "message": Message,
    "function_call": FunctionCall,
    "function_call_output": FunctionCallOutput,
    "custom_tool_call": CustomToolCall,
    "custom_tool_call_output": CustomToolCallOutput,
    "reasoning": Reasoning,
    "compaction": Compaction,
    "compaction_summary": Compaction,
    "item_reference": ItemReference,
}


def items(given: object) -> list[Item]:
    """The input's items, each in the form in which it is listed. Raises Problem with the path of what is wrong."""
    if isinstance(given, str):
        given = [{"type": "message", "role": "user", "content": given}]
    if not isinstance(given, list):
        raise Problem("invalid_value", param="input", reason="must be a string or an array of items")
    return [_item(one, f"input[{index}]", index) for index, one in enumerate(given)]


def raw_items(given: object) -> list[Item]:
    """The items as they came, of whatever type, each an object with its type; texts as the parts they stand for."""
    if isinstance(given, str):
        given = [{"role": "user", "content": given}]
    if not isinstance(given, list):
        raise Problem("invalid_value", param="input", reason="must be a string or an array of items")
    return [_raw_item(one, f"input[{index}]") for index, one in enumerate(given)]


def _raw_item(one: object, param: str) -> Item:
    given = _object(one, param)
    kind = _kind(given, param)
    item = {**given, "type": kind}
    if kind == "message" and isinstance(item.get("content"), str):
        part = "output_text" if item.get("role") == "assistant" else "input_text"
        item["content"] = [{"type": part, "text": item["content"]}]
    if kind == "item_reference" and not isinstance(item.get("id"), str):
        raise Problem("invalid_value", param=f"{param}.id", reason="must be a string")
    return item


def is_readable(item: Item) -> bool:
    """Whether a chat can tell a model of it: of what a provider's own tools did, and its models thought, it cannot."""
    if item["type"] not in _KINDS:
        return False
    encrypted = item.get("encrypted_content")
    return item["type"] != "reasoning" or encrypted is None or is_ours(encrypted)


def is_cut(item: Item) -> bool:
    """Whether it is a call whose arguments end in the middle, as they do where the answer became too long."""
    if item["type"] != "function_call" or item.get("status") != "incomplete":
        return False
    try:
        json.loads(item["arguments"])
    except (ValueError, RecursionError):
        return True
    return False


def require_parts(item: Item, place: str) -> None:
    """Raises Problem for a part no chat can tell of; it may be of an answer that a provider made itself."""
    for field in ("content", "output") if item["type"] != "reasoning" else ():
        parts = item.get(field)
        for index, part in enumerate(parts if isinstance(parts, list) else ()):
            if not isinstance(part, dict) or part.get("type") not in _HOLDS:
                reason = "holds an item that only the provider reads that it was meant for"
                raise Problem("invalid_value", param=place, reason=reason)
            if part.get("file_url") is not None:
                where = f"{place}.{field}[{index}].file_url" if place.startswith("input[") else place
                reason = "No model here fetches a file. Send it as 'file_data', or upload it and send its 'file_id'."
                raise Problem("unsupported_parameter", param=where, reason=reason)


def _object(given: object, param: str) -> Item:
    if not isinstance(given, dict):
        raise Problem("invalid_value", param=param, reason="must be an object")
    return given


def _kind(given: Item, param: str) -> str:
    kind = given.get("type") or ("message" if "role" in given else "item_reference" if "id" in given else None)
    if kind is None:
        raise Problem("missing_required_parameter", param=f"{param}.type")
    if not isinstance(kind, str):
        raise Problem("unsupported_parameter", param=f"{param}.type", reason="No item has a type that is no string.")
    return kind


def _item(one: object, param: str, index: int) -> Item:
    given = _object(one, param)
    kind = _kind(given, param)
    model = _KINDS.get(kind)
    if model is None:
        known = ", ".join(sorted(_KINDS))
        reason = f"No model here reads such an item. These are read: {known}."
        raise Problem("unsupported_parameter", param=f"{param}.type", reason=reason)
    read = check(model, given, within=("input", index))
    return _FORMS.get(kind, _plain)({**_kept(read), "type": kind})


def _kept(read: BaseModel) -> Item:
    dropped = {"internal_chat_message_metadata_passthrough", "created_by", "caller", "async_", "phase"}
    return read.model_dump(exclude_none=True, exclude=dropped)


def _plain(item: Item) -> Item:
    return {"status": "completed", **item}


def _message(item: Item) -> Item:
    """The role decides which kind of text it is, because clients mix them."""
    spoken = item["role"] == "assistant"
    for part in item["content"]:
        if part["type"] in _TEXTS:
            part["type"] = "output_text" if spoken else "input_text"
            if spoken:
                part.setdefault("annotations", [])
        elif part["type"] == "input_image":
            part.setdefault("detail", "auto")
    return _plain(item)


def _output(item: Item) -> Item:
    for part in item["output"] if isinstance(item["output"], list) else ():
        if part["type"] == "input_image":
            part.setdefault("detail", "auto")
    return _plain(item)


def _bare(item: Item) -> Item:
    return {name: value for name, value in item.items() if name != "status"}


def _compaction(item: Item) -> Item:
    return _bare({**item, "type": "compaction"})


_FORMS: dict[str, Callable[[Item], Item]] = {
    "message": _message,
    "function_call_output": _output,
    "custom_tool_call_output": _output,
    "reasoning": _bare,
    "compaction": _compaction,
    "compaction_summary": _compaction,
    "item_reference": _bare,
}
