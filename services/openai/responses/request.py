"""What POST /responses takes.

As in a chat, what no model here can do is taken where it asks for nothing, and refused by name where it asks for more.
"""

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, StringConstraints, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from services.openai.caching import CacheOptions
from services.openai.chat import Temperature, TopP
from services.openai.strict import STRICT
from services.openai.tools import FunctionName

_LOGPROBS = "message.output_text.logprobs"
ENCRYPTED = "reasoning.encrypted_content"


# What nothing here can do: the values that ask for nothing, and what to do instead of asking for more.
_REFUSED: dict[str, tuple[tuple[object, ...], str]] = {
    "access_programs": ((), "Nothing here can do that. Leave it out."),
    "background": ((False,), "Answers come while you wait. Leave it out and stream."),
    "background_options": ((), "Answers come while you wait. Leave it out and stream."),
    "context": (("auto", "all_turns"), "All reasoning that is sent goes to the model. Leave it out."),
    "context_management": ((), "Nothing is dropped unasked. See POST /responses/compact."),
    "conversation": ((), "There are no conversation objects here. Use 'previous_response_id'."),
    "image": ((), "Images are passed on as they are. Leave it out."),
    "mode": (("standard",), "Models here have one mode. Leave it out."),
    "moderation": ((), "Nothing here can do that. Leave it out."),
    "personality": ((), "Models here have no such presets. Say it in 'instructions'."),
    "prompt": ((), "There are no stored prompts here. Send the text as 'instructions' and 'input'."),
    "top_logprobs": ((0,), "Models here tell no log probabilities. Leave it out."),
    "truncation": (("disabled",), "Nothing is dropped unasked. Send less, or see POST /responses/compact."),
}


def _harmless(value: object, info: ValidationInfo) -> object:
    values, reason = _REFUSED[str(info.field_name)]
    if value is None or any(value == one and type(value) is type(one) for one in values):
        return value
    raise PydanticCustomError("unsupported_parameter", "{reason}", {"reason": reason})


def _includable(name: object) -> object:
    if name == _LOGPROBS:
        raise PydanticCustomError("unsupported_parameter", "Models here tell no log probabilities. Leave it out.")
    return name


Harmless = Annotated[Any, BeforeValidator(_harmless)]
# All but the reasoning name parts of items that only hosted tools make, or that are always given: they ask for nothing.
Include = Annotated[
    Literal[
        "file_search_call.results",
        "web_search_call.results",
        "web_search_call.action.sources",
        "message.input_image.image_url",
        "computer_call_output.output.image_url",
        "code_interpreter_call.outputs",
        "reasoning.encrypted_content",
    ],
    BeforeValidator(_includable),
]
MetadataKey = Annotated[str, StringConstraints(max_length=64)]
MetadataValue = Annotated[str, StringConstraints(max_length=512)]


class Format(BaseModel):
    model_config = STRICT
    type: Literal["text", "json_object", "json_schema"]
    name: FunctionName | None = None
    description: str | None = None
    schema_: Annotated[dict[str, Any] | None, Field(alias="schema")] = None
    strict: bool | None = None

    @model_validator(mode="after")
    def whole(self) -> "Format":
        if self.type == "json_schema" and (self.name is None or self.schema_ is None):
            raise ValueError("a format of type 'json_schema' holds a 'name' and a 'schema'")
        if self.type != "json_schema" and self.model_fields_set != {"type"}:
            raise ValueError(f"a format of type '{self.type}' holds nothing else")
        return self


class Text(BaseModel):
    model_config = STRICT
    format: Format | None = None
    verbosity: str | None = None


class Reasoning(BaseModel):
    model_config = STRICT
    effort: str | None = None
    summary: Literal["auto", "concise", "detailed"] | None = None
    generate_summary: Literal["auto", "concise", "detailed"] | None = None
    # All that is sent back is given to the model.
    context: Harmless = None
    mode: Harmless = None


class StreamOptions(BaseModel):
    model_config = STRICT
    include_obfuscation: bool | None = None  # padding against traffic analysis: an offer, not a promise


class Conversation(BaseModel):
    """What every request about a conversation may hold."""

    model_config = STRICT
    model: str
    input: Any = None  # read by `items`
    instructions: str | None = None
    previous_response_id: str | None = None


class PassedRequest(Conversation):
    """What is ours to know of a request that goes on to a provider's own Responses API; all else is its to judge.

    A provider keeps nothing for us: what it keeps, it keeps for the owner of the key, and that is everybody here.
    """

    model_config = STRICT | ConfigDict(extra="ignore")
    store: bool | None = None
    include: list[str] | None = None
    background: Harmless = None
    conversation: Harmless = None


class Asked(Conversation):
    """What is asked of the model about it."""

    tools: list[dict[str, Any]] | None = None  # read by `toolbox`, as is the next
    tool_choice: str | dict[str, Any] | None = None
    parallel_tool_calls: bool | None = None
    text: Text | None = None
    reasoning: Reasoning | None = None
    # Taken as far as they ask for nothing.
    truncation: Harmless = None
    conversation: Harmless = None


class InputTokensRequest(Asked):
    """Source: openai-python 3.54, types/responses/input_token_count_params.py."""

    personality: Harmless = None


class Cached(Conversation):
    """How the model is to be called."""

    prompt_cache_key: str | None = None
    prompt_cache_options: CacheOptions | None = None
    prompt_cache_retention: Literal["in_memory", "24h"] | None = None
    service_tier: str | None = None
    image: Harmless = None


class CompactRequest(Cached):
    """Source: openai-python 3.54, types/responses/response_compact_params.py."""


class ResponseRequest(Cached, Asked):
    """Source: openai-python 3.54, types/responses/response_create_params.py; `client_metadata` is Codex's."""

    stream: bool | None = None
    stream_options: StreamOptions | None = None
    include: list[Include] | None = None
    max_tool_calls: Annotated[int, Field(ge=1)] | None = None  # of hosted tools, of which there are none
    max_output_tokens: Annotated[int, Field(ge=1)] | None = None
    temperature: Temperature | None = None
    top_p: TopP | None = None
    store: bool | None = None
    metadata: Annotated[dict[MetadataKey, MetadataValue], Field(max_length=16)] | None = None
    user: str | None = None
    safety_identifier: Annotated[str, Field(max_length=128)] | None = None
    client_metadata: dict[str, Any] | None = None  # where the client stands in its own affairs
    # Taken as far as they ask for nothing.
    background: Harmless = None
    top_logprobs: Harmless = None
    prompt: Harmless = None
    context_management: Harmless = None
    access_programs: Harmless = None
    background_options: Harmless = None
    moderation: Harmless = None

    @property
    def summary(self) -> str | None:
        return (self.reasoning.summary or self.reasoning.generate_summary) if self.reasoning else None

    @property
    def shows_encrypted(self) -> bool:
        """A client for which nothing is stored has no other way to hand reasoning back."""
        return ENCRYPTED in (self.include or ()) or self.store is False
