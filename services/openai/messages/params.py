"""What POST /messages takes: Anthropic's request, as far as the models here can serve it.

What only tunes an answer and has no place here is taken and ignored (docs/claude-code.md lists it); what the answer
would lack is refused by name.
"""

from typing import Annotated, Any, Literal, NamedTuple

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationInfo,
    field_validator,
    model_validator,
)
from pydantic_core import PydanticCustomError

from services.openai.strict import STRICT, Base64, nothing_but

Effort = Literal["low", "medium", "high", "xhigh", "max"]
ToolName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")]  # Converse's


def _texts(content: object) -> object:
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


class OwnTool(NamedTuple):
    """Of a tool that Anthropic defines and the client runs: what it is called, and what it is given."""

    name: str
    needed: frozenset[str] = frozenset()
    possible: frozenset[str] = frozenset()


_SCREEN = frozenset({"display_width_px", "display_height_px"})
# Source: Anthropic's API reference, tools (as in anthropic-sdk-python 2.12).
OWN_TOOLS: dict[str | None, OwnTool] = {
    "bash_20250124": OwnTool("bash"),
    "text_editor_20250728": OwnTool("str_replace_based_edit_tool", possible=frozenset({"max_characters"})),
    "computer_20250124": OwnTool("computer", _SCREEN, frozenset({"display_number"})),
    "computer_20251124": OwnTool("computer", _SCREEN, frozenset({"display_number", "enable_zoom"})),
    "memory_20250818": OwnTool("memory"),
}


def _custom(kind: object) -> object:
    if kind in (None, "custom") or (isinstance(kind, str) and kind in OWN_TOOLS):
        return kind
    known = ", ".join(map(str, OWN_TOOLS))
    text = f"Tools that run at Anthropic are not here. Of those it defines these are: {known}."
    raise PydanticCustomError("unsupported_parameter", "{text}", {"text": text})


class CacheControl(BaseModel):
    """Claude Code also says a `scope`, by which Anthropic shares a cache among its customers' sessions."""

    model_config = STRICT
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"
    scope: str | None = None


class Source(BaseModel):
    model_config = STRICT
    type: Literal["base64", "text", "content", "url", "file"]
    media_type: str | None = None
    data: str | None = None
    content: Annotated[list["Block"] | None, BeforeValidator(_texts)] = None
    url: str | None = None
    file_id: str | None = None

    @model_validator(mode="after")
    def whole(self) -> "Source":
        needed = {"base64": "data", "text": "data", "content": "content", "url": "url", "file": "file_id"}[self.type]
        if getattr(self, needed) is None:
            raise ValueError(f"a source of type '{self.type}' needs '{needed}'")
        return self


class Block(BaseModel):
    """One class for every type, so that an error's path is the client's own."""

    model_config = STRICT
    type: Literal["text", "image", "document", "tool_use", "tool_result", "thinking", "redacted_thinking"]
    text: str | None = None
    source: Source | None = None
    title: str | None = None
    context: str | None = None
    citations: Any = None
    id: Annotated[str, StringConstraints(min_length=1)] | None = None
    name: ToolName | None = None
    input: dict[str, Any] | None = None
    tool_use_id: str | None = None
    content: Annotated[list["Block"] | None, BeforeValidator(_texts)] = None
    is_error: bool | None = None
    thinking: str | None = None
    signature: str | None = None
    data: Base64 | None = None
    cache_control: CacheControl | None = None
    caller: Any = None  # of a tool's use: who among Anthropic's own tools called it
    toolset_name: Annotated[None, nothing_but(remedy="Toolsets are Anthropic's own.")] = None
    transformations: Annotated[None, nothing_but(remedy="Models here see an image as it is.")] = None

    @model_validator(mode="after")
    def whole(self) -> "Block":
        given = {name for name in self.model_fields_set if getattr(self, name) is not None}
        needed, possible = _FIELDS[self.type]
        if missing := needed - given:
            raise ValueError(f"a block of type '{self.type}' needs '{min(missing)}'")
        if foreign := given - needed - possible - {"type", "cache_control"}:
            raise ValueError(f"a block of type '{self.type}' has no '{min(foreign)}'")
        if self.type == "document" and isinstance(self.citations, dict) and self.citations.get("enabled"):
            raise PydanticCustomError("unsupported_parameter", "Answers here carry no citations: leave them out.")
        return self


# What a block of each type must hold, and what it may.
_FIELDS: dict[str, tuple[set[str], set[str]]] = {
    "text": ({"text"}, {"citations"}),
    "image": ({"source"}, set()),
    "document": ({"source"}, {"title", "context", "citations"}),
    "tool_use": ({"id", "name", "input"}, {"caller"}),
    "tool_result": ({"tool_use_id"}, {"content", "is_error"}),
    "thinking": ({"thinking"}, {"signature"}),
    "redacted_thinking": ({"data"}, set()),
}
# Who may say what. An instruction in mid-conversation is a text.
_SPOKEN = {
    "user": {"text", "image", "document", "tool_result"},
    "assistant": {"text", "tool_use", "thinking", "redacted_thinking"},
    "system": {"text"},
}


class Message(BaseModel):
    model_config = STRICT
    role: Literal["user", "assistant", "system"]
    content: Annotated[list[Block], BeforeValidator(_texts)]

    @model_validator(mode="after")
    def fitting(self) -> "Message":
        for index, block in enumerate(self.content):
            if block.type not in _SPOKEN[self.role]:
                raise ValueError(f"content[{index}]: '{block.type}' is not for messages of the role '{self.role}'")
            for inner in block.content or ():
                if inner.type not in ("text", "image", "document"):
                    raise ValueError(f"content[{index}]: a result holds texts, images and documents")
        return self


_SCHEMA = frozenset({"input_schema"})
_CUSTOM = frozenset({"description", "input_schema", "strict"})
_OF_SOME = sorted(_CUSTOM.union(*(own.needed | own.possible for own in OWN_TOOLS.values())))  # fields of some types


class Tool(BaseModel):
    """What only Anthropic's API does with a tool (stream its input unchecked, load it late, …) changes no call."""

    model_config = STRICT
    type: Annotated[str | None, BeforeValidator(_custom)] = None
    name: ToolName
    description: str | None = None
    input_schema: Annotated[dict[str, Any] | None, Field(validate_default=True)] = None
    strict: bool | None = None
    display_width_px: Annotated[int | None, Field(ge=1, validate_default=True)] = None
    display_height_px: Annotated[int | None, Field(ge=1, validate_default=True)] = None
    display_number: Annotated[int | None, Field(ge=0)] = None
    enable_zoom: bool | None = None
    max_characters: Annotated[int | None, Field(ge=1)] = None
    cache_control: CacheControl | None = None
    eager_input_streaming: bool | None = None
    defer_loading: bool | None = None
    input_examples: list[Any] | None = None
    allowed_callers: list[str] | None = None

    @field_validator("name")
    @classmethod
    def known(cls, name: str, info: ValidationInfo) -> str:
        own = OWN_TOOLS.get(info.data.get("type"))
        if own is not None and name != own.name:
            raise ValueError(f"must be '{own.name}', as Claude calls a tool of this type")
        return name

    @field_validator("input_schema", "display_width_px", "display_height_px")
    @classmethod
    def whole(cls, value: Any, info: ValidationInfo) -> Any:
        own = OWN_TOOLS.get(info.data.get("type"))
        needed = _SCHEMA if own is None else own.needed
        if value is None and info.field_name in needed:
            raise PydanticCustomError("missing", "Field required")
        return value

    @field_validator(*_OF_SOME)
    @classmethod
    def fitting(cls, value: Any, info: ValidationInfo) -> Any:
        """Only what is its type's: of a tool that Anthropic defines, Claude knows the rest."""
        own = OWN_TOOLS.get(info.data.get("type"))
        its = _CUSTOM if own is None else own.needed | own.possible
        if value is not None and info.field_name not in its:
            raise PydanticCustomError("unsupported_parameter", "A tool of this type has none. Leave it out.")
        return value


def _text_alone(system: list[Block] | None) -> list[Block] | None:
    if any(block.type != "text" for block in system or ()):
        raise ValueError("holds texts alone: show the model what else there is in a message")
    return system


def _telling(stop: list[str] | None) -> list[str] | None:
    if not all(text.strip() for text in stop or ()):
        raise ValueError("a stop sequence must hold more than white space")
    return stop


class ToolChoice(BaseModel):
    model_config = STRICT
    type: Literal["auto", "any", "tool", "none"]
    name: str | None = None
    disable_parallel_tool_use: bool | None = None

    @model_validator(mode="after")
    def named(self) -> "ToolChoice":
        if (self.type == "tool") != (self.name is not None):
            raise ValueError("a tool is named with type 'tool' and only with it")
        return self


class Thinking(BaseModel):
    model_config = STRICT
    type: Literal["enabled", "adaptive", "disabled"]
    budget_tokens: Annotated[int, Field(ge=1024)] | None = None
    display: str | None = None

    @model_validator(mode="after")
    def whole(self) -> "Thinking":
        if (self.type == "enabled") != (self.budget_tokens is not None):
            raise ValueError("'budget_tokens' stands with type 'enabled' and only with it")
        return self


class Format(BaseModel):
    model_config = STRICT
    type: Literal["json_schema"]
    schema_: Annotated[dict[str, Any], Field(alias="schema")]


class OutputConfig(BaseModel):
    model_config = STRICT
    effort: Effort | None = None
    format: Format | None = None


class Edit(BaseModel):
    """Its own fields are for the model to judge."""

    model_config = STRICT | ConfigDict(extra="allow")
    type: Literal["clear_tool_uses_20250919", "clear_thinking_20251015"]

    @property
    def clears_nothing(self) -> bool:
        keep = (self.model_extra or {}).get("keep")
        return self.type == "clear_thinking_20251015" and keep in ("all", {"type": "all"})


class ContextManagement(BaseModel):
    model_config = STRICT
    edits: list[Edit] = []


class Metadata(BaseModel):
    model_config = STRICT
    user_id: str | None = None


class Prompt(BaseModel):
    """What a request to answer and a request to count have in common."""

    model_config = STRICT
    model: str
    messages: Annotated[list[Message], Field(min_length=1)]
    system: Annotated[list[Block] | None, BeforeValidator(_texts), AfterValidator(_text_alone)] = None
    tools: list[Tool] | None = None
    tool_choice: ToolChoice | None = None
    thinking: Thinking | None = None
    output_config: OutputConfig | None = None
    output_format: Format | None = None  # its older name
    context_management: ContextManagement | None = None
    cache_control: CacheControl | None = None
    betas: list[str] | None = None  # of the header
    speed: Annotated[str | None, nothing_but("standard", remedy="There is one speed here.")] = None
    mcp_servers: Annotated[list[Any] | None, nothing_but([], remedy="No tools are run here.")] = None
    container: Annotated[None, nothing_but(remedy="No code is run here.")] = None
    inference_geo: Annotated[None, nothing_but(remedy="Where a model runs is said by its name: GET /v1/models.")] = None
    thread: Annotated[
        None, nothing_but(remedy="No conversation is kept here: send its messages, as clients do at this answer.")
    ] = None
    diagnostics: Any = None  # an offer to explain the cache

    @property
    def effort(self) -> str | None:
        return self.output_config.effort if self.output_config else None

    @property
    def schema_wanted(self) -> dict[str, Any] | None:
        form = (self.output_config.format if self.output_config else None) or self.output_format
        return form.schema_ if form else None

    @property
    def one_call(self) -> bool:
        return bool(self.tool_choice and self.tool_choice.disable_parallel_tool_use)


class MessagesRequest(Prompt):
    """Source: Anthropic's API reference, Messages (as in anthropic-sdk-python 2.12)."""

    max_tokens: Annotated[int, Field(ge=1)]
    stream: bool | None = None
    temperature: Annotated[float, Field(ge=0, le=1)] | None = None
    top_p: Annotated[float, Field(ge=0, le=1)] | None = None
    top_k: Annotated[int, Field(ge=0)] | None = None
    stop_sequences: Annotated[list[str] | None, AfterValidator(_telling)] = None
    metadata: Metadata | None = None
    service_tier: Literal["auto", "standard_only"] | None = None


class CountRequest(Prompt):
    """Source: Anthropic's API reference, Count tokens in a Message (as in anthropic-sdk-python 2.12)."""
