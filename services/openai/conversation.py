"""The messages of POST /chat/completions.

`name` is taken although Converse has no place for it, because clients send it with every message.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints, model_validator
from pydantic_core import PydanticCustomError

from pennyworth.body import load
from pennyworth.errors import Problem
from services.openai.caching import Marked
from services.openai.strict import STRICT, Base64
from services.openai.tools import FunctionName


def _parts(content: object) -> object:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if content is None or isinstance(content, list):
        return content
    raise ValueError("must be a string or an array of content parts")


def _object(arguments: str) -> str:
    """Held to what a body is held to, because it goes on to Bedrock as JSON too."""
    try:
        load(arguments or "{}")
    except Problem:
        raise ValueError("must be a JSON object as text") from None
    return arguments or "{}"


def _inline(file_id: object) -> None:
    if file_id is not None:
        raise PydanticCustomError(
            "unsupported_parameter", "It is no id of POST /v1/files. Name a file of yours, or send it as 'file_data'."
        )


class ImageUrl(BaseModel):
    model_config = STRICT
    url: str
    detail: Literal["auto", "low", "high", "original"] | None = None  # models on Bedrock see an image as it is

    @property
    def is_remote(self) -> bool:
        return self.url[:8].lower().startswith(("https://", "http://"))


class File(BaseModel):
    model_config = STRICT
    file_data: str | None = None
    filename: str | None = None
    file_id: Annotated[None, BeforeValidator(_inline)] = None


class InputAudio(BaseModel):
    model_config = STRICT
    data: str
    format: Literal["wav", "mp3"]


class Part(Marked):
    """One class for every type, so that an error's path is the client's own."""

    model_config = STRICT
    type: Literal["text", "refusal", "image_url", "file", "input_audio"]
    text: str | None = None
    refusal: str | None = None
    image_url: ImageUrl | None = None
    file: File | None = None
    input_audio: InputAudio | None = None

    @model_validator(mode="after")
    def whole(self) -> "Part":
        if self.model_fields_set - set(Marked.model_fields) != {"type", self.type} or getattr(self, self.type) is None:
            raise ValueError(f"a part of type '{self.type}' holds '{self.type}' and no other content")
        return self

    @property
    def words(self) -> str:
        return self.text or self.refusal or ""


class CalledFunction(BaseModel):
    model_config = STRICT
    name: FunctionName
    arguments: Annotated[str, AfterValidator(_object)]


class ToolCall(BaseModel):
    model_config = STRICT
    id: Annotated[str, StringConstraints(min_length=1)]
    type: Literal["function"]
    function: CalledFunction
    index: int | None = None  # clients replay glued chunks, index included


class ThinkingBlock(BaseModel):
    """A piece of signed reasoning, as an answer gave it."""

    model_config = STRICT
    type: Literal["thinking", "redacted_thinking"]
    thinking: str | None = None
    signature: str | None = None
    data: Base64 | None = None
    index: int | None = None  # clients replay glued chunks, index included

    @model_validator(mode="after")
    def whole(self) -> "ThinkingBlock":
        whole = self.signature and self.thinking is not None if self.type == "thinking" else self.data
        if not whole:
            raise ValueError(
                "a block comes back whole: 'thinking' with its 'signature', 'redacted_thinking' its 'data'"
            )
        return self


class Message(Marked):
    model_config = STRICT
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[list[Part] | None, BeforeValidator(_parts)] = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    thinking_blocks: list[ThinkingBlock] | None = None
    # What clients replay of an answer and no provider takes back.
    reasoning_content: str | None = None
    annotations: list[Any] | None = None
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def fitting(self) -> "Message":
        if self.role != "user" and any(part.type in _SHOWN for part in self.content or ()):
            raise ValueError("parts of type 'image_url', 'file' and 'input_audio' are for messages of the role 'user'")
        for field, role in _ROLE_OF.items():
            if self.role != role and getattr(self, field):
                raise ValueError(f"'{field}' is for messages of the role '{role}'")
        return self


_SHOWN = frozenset(("image_url", "file", "input_audio"))
# Said by another, these would be without effect.
_ROLE_OF = {
    "tool_calls": "assistant",
    "refusal": "assistant",
    "reasoning_content": "assistant",
    "thinking_blocks": "assistant",
    "tool_call_id": "tool",
}
