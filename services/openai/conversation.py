"""The messages of POST /chat/completions.

`name` is taken although Converse has no place for it, because clients send it with every message.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, StringConstraints, model_validator

from pennyworth.body import load
from pennyworth.errors import Problem
from services.openai.tools import STRICT, FunctionName


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


class Part(BaseModel):
    model_config = STRICT
    type: Literal["text", "refusal"]
    text: str = ""
    refusal: str = ""

    @model_validator(mode="after")
    def whole(self) -> "Part":
        if self.model_fields_set != {"type", self.type}:
            raise ValueError(f"a part of type '{self.type}' holds '{self.type}' and nothing else")
        return self

    @property
    def words(self) -> str:
        return self.text or self.refusal


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


class Message(BaseModel):
    model_config = STRICT
    role: Literal["system", "developer", "user", "assistant", "tool"]
    content: Annotated[list[Part] | None, BeforeValidator(_parts)] = None
    name: str | None = None
    tool_calls: list[ToolCall] | None = None
    tool_call_id: str | None = None
    refusal: str | None = None
    # What clients replay of an answer and no provider takes back.
    reasoning_content: str | None = None
    annotations: list[Any] | None = None
    audio: None = None
    function_call: None = None

    @model_validator(mode="after")
    def fitting(self) -> "Message":
        for field, role in _ROLE_OF.items():
            if self.role != role and getattr(self, field):
                raise ValueError(f"'{field}' is for messages of the role '{role}'")
        return self


# Said by another, these would be without effect.
_ROLE_OF = {
    "tool_calls": "assistant",
    "refusal": "assistant",
    "reasoning_content": "assistant",
    "tool_call_id": "tool",
}
