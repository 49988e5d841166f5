"""What POST /chat/completions takes: OpenAI's request, as far as the models behind Converse can serve it.

Parameters no model here knows are taken where they ask for what is the default anyway (`logprobs: false`, …), because
clients send them, and refused by name where they ask for more: nothing is dropped silently.
"""

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, model_validator

from services.openai.caching import CacheOptions
from services.openai.conversation import Message, Part
from services.openai.strict import STRICT, nothing_but
from services.openai.tools import FunctionName, Tool, ToolChoice


def _strings(stop: object) -> object:
    if isinstance(stop, str):
        return [stop]
    if stop is None or isinstance(stop, list):
        return stop
    raise ValueError("must be a string or an array of strings")


def _telling(stop: list[str] | None) -> list[str] | None:
    """An empty one stops nothing; one of white space alone is what Bedrock refuses."""
    if any(text and not text.strip() for text in stop or ()):
        raise ValueError("a stop sequence must hold more than white space")
    return stop


# What Bedrock takes as request metadata: fewer characters than OpenAI, and values of half the length.
_PLAIN = r"a-zA-Z0-9 \t\n\v\f\r:_@$#=/+,.-"
MetadataKey = Annotated[str, StringConstraints(pattern=f"^[{_PLAIN}]{{1,256}}$")]
MetadataValue = Annotated[str, StringConstraints(pattern=f"^[{_PLAIN}]{{0,256}}$")]
Temperature = Annotated[float, Field(ge=0, le=2)]
TopP = Annotated[float, Field(ge=0, le=1)]
Stop = Annotated[list[str], Field(max_length=4)]
Choices = Annotated[int, Field(ge=1, le=8)]  # each is a call of its own, and they are open at once
Unknown = Annotated[None, nothing_but()]


class StreamOptions(BaseModel):
    model_config = STRICT
    include_usage: bool = False
    include_obfuscation: bool | None = None  # padding against traffic analysis: an offer, not a promise


class JsonSchema(BaseModel):
    model_config = STRICT
    name: FunctionName
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None


class ResponseFormat(BaseModel):
    model_config = STRICT
    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @model_validator(mode="after")
    def whole(self) -> "ResponseFormat":
        if (self.type == "json_schema") != (self.json_schema is not None):
            raise ValueError("a schema is given as 'json_schema' with that type and only with it")
        return self


class Prediction(BaseModel):
    """What the answer will resemble: it may hasten an answer and never changes one, so Converse does without."""

    model_config = STRICT
    type: Literal["content"]
    content: str | list[Part]


class ChatRequest(BaseModel):
    """Source: OpenAI's API reference, Create chat completion (as in openai-python 3.54)."""

    # Built at init, where Lambda lends a whole processor, and not in the first request.
    model_config = STRICT | ConfigDict(defer_build=False)
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    stream: bool | None = None
    stream_options: StreamOptions | None = None
    max_completion_tokens: Annotated[int, Field(ge=1)] | None = None
    max_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    stop: Annotated[Stop | None, BeforeValidator(_strings), AfterValidator(_telling)] = None
    n: Choices | None = None
    tools: Annotated[list[Tool], Field(max_length=128)] | None = None
    tool_choice: ToolChoice | None = None
    parallel_tool_calls: bool | None = None
    response_format: ResponseFormat | None = None
    reasoning_effort: str | None = None
    service_tier: Literal["auto", "default", "flex", "priority", "fast"] | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=16)] | None = None
    # Hints by OpenAI's own account: they go along as request metadata where they fit.
    user: str | None = None
    safety_identifier: Annotated[str, Field(max_length=128)] | None = None
    prompt_cache_key: str | None = None
    # Taken because they change nothing of an answer.
    store: bool | None = None
    prediction: Prediction | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = (
        None  # the longest a cache may live; Bedrock's is short
    )
    # Taken as far as they ask for nothing.
    logprobs: Annotated[bool | None, nothing_but(False)] = None
    top_logprobs: Annotated[int | None, nothing_but(0)] = None
    presence_penalty: Annotated[float | None, nothing_but(0)] = None
    frequency_penalty: Annotated[float | None, nothing_but(0)] = None
    logit_bias: Annotated[dict[str, Any] | None, nothing_but({})] = None
    modalities: Annotated[list[str] | None, nothing_but(["text"])] = None
    verbosity: Annotated[str | None, nothing_but("medium")] = None
    seed: Unknown = None
    audio: Unknown = None
    moderation: Unknown = None
    web_search_options: Unknown = None
    functions: Unknown = None
    function_call: Unknown = None

    @property
    def output_limit(self) -> int | None:
        """The most tokens to answer with; the newer name wins."""
        return self.max_completion_tokens or self.max_tokens

    @property
    def include_usage(self) -> bool:
        return self.stream_options is not None and self.stream_options.include_usage

    @property
    def one_call(self) -> bool:
        """Whether the model is asked to call one tool at a time."""
        return bool(self.tools) and self.parallel_tool_calls is False

    @property
    def tier(self) -> str | None:
        """Bedrock's name of the service tier asked for."""
        return {"auto": "default", "fast": "priority"}.get(self.service_tier or "", self.service_tier)
