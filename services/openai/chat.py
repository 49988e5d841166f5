"""What POST /chat/completions takes: OpenAI's request, as far as the providers behind it can serve it.

Parameters that ask for what is the default anyway (`n: 1`, `logprobs: false`, …) are taken, because clients send them.
Everything else unknown is refused by name: nothing is dropped silently. Two things are taken although Converse has no
place for them, because clients send them with every message: `name`, and hints such as `user` and `prompt_cache_key`.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from pennyworth.body import load
from pennyworth.errors import Problem

STRICT = ConfigDict(strict=True, extra="forbid", frozen=True)


def _parts(content: object) -> object:
    if isinstance(content, str):
        return [{"type": "text", "text": content}]
    if content is None or isinstance(content, list):
        return content
    raise ValueError("must be a string or an array of content parts")


def _strings(stop: object) -> object:
    if isinstance(stop, str):
        return [stop]
    if stop is None or isinstance(stop, list):
        return stop
    raise ValueError("must be a string or an array of strings")


def _choice(choice: object) -> object:
    return {"type": choice} if isinstance(choice, str) else choice


def _object(arguments: str) -> str:
    """Held to what a body is held to, because it goes on to Bedrock as JSON too."""
    try:
        load(arguments or "{}")
    except Problem:
        raise ValueError("must be a JSON object as text") from None
    return arguments or "{}"


FunctionName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
# What Bedrock takes as request metadata, a little narrower than OpenAI.
MetadataText = Annotated[str, StringConstraints(pattern=r"^[a-zA-Z0-9\s:_@$#=/+,.-]{1,256}$")]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(ge=0, le=1)]
Zero = Annotated[float, Field(ge=0, le=0)]


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


class Function(BaseModel):
    model_config = STRICT
    name: FunctionName
    description: str | None = None
    parameters: dict[str, Any] | None = None
    strict: bool | None = None


class Tool(BaseModel):
    model_config = STRICT
    type: Literal["function"]
    function: Function


class NamedFunction(BaseModel):
    model_config = STRICT
    name: FunctionName


class ToolChoice(BaseModel):
    model_config = STRICT
    type: Literal["none", "auto", "required", "function"]
    function: NamedFunction | None = None

    @model_validator(mode="after")
    def named(self) -> "ToolChoice":
        if (self.type == "function") != (self.function is not None):
            raise ValueError("a function is named with type 'function' and only with it")
        return self


class StreamOptions(BaseModel):
    model_config = STRICT
    include_usage: bool = False
    include_obfuscation: bool | None = None  # padding against traffic analysis: an offer, not a promise


class PlainText(BaseModel):
    model_config = STRICT
    type: Literal["text"]


class ChatRequest(BaseModel):
    """Source: OpenAI's API reference, Create chat completion (as in openai-python 3.54)."""

    model_config = STRICT
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stop: Annotated[Annotated[list[str], Field(max_length=4)] | None, BeforeValidator(_strings)] = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: Annotated[ToolChoice | None, BeforeValidator(_choice)] = None
    metadata: Annotated[dict[MetadataText, MetadataText], Field(max_length=16)] | None = None
    # Taken because they change nothing, or because OpenAI documents them as hints.
    n: Literal[1] | None = None
    logprobs: Literal[False] | None = None
    parallel_tool_calls: Literal[True] | None = None
    presence_penalty: Zero | None = None
    frequency_penalty: Zero | None = None
    response_format: PlainText | None = None
    store: bool | None = None
    user: str | None = None
    safety_identifier: str | None = None
    prompt_cache_key: str | None = None

    @property
    def output_limit(self) -> int | None:
        """The most tokens to answer with; the newer name wins."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage
