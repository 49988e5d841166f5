"""The tools as clients are shown them: data, and the two shapes that carry it."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class Tool:
    name: str
    title: str
    description: str
    input_schema: Mapping[str, Any]
    output_schema: Mapping[str, Any]
    annotations: Mapping[str, bool]
    client_capabilities: tuple[str, ...] = ()  # what a client must declare for the tool to work: "sampling", …
    action: str = "inference"  # what the caller must be allowed to do for it to be of use

    @property
    def definition(self) -> dict[str, Any]:
        """MCP's Tool object."""
        return {
            "name": self.name,
            "title": self.title,
            "description": self.description,
            "inputSchema": self.input_schema,
            "outputSchema": self.output_schema,
            "annotations": self.annotations,
        }


@dataclass(frozen=True, slots=True)
class ToolResult:
    """What a call gives: texts for a model to read, and the same as data that fits the tool's output schema."""

    texts: tuple[str, ...]
    structured: Mapping[str, Any] | None = None
    is_error: bool = False

    @classmethod
    def error(cls, text: str) -> "ToolResult":
        return cls((text,), is_error=True)

    @property
    def members(self) -> dict[str, Any]:
        """MCP's CallToolResult object."""
        result: dict[str, Any] = {"content": [{"type": "text", "text": text} for text in self.texts]}
        if self.structured is not None:
            result["structuredContent"] = self.structured
        return {**result, "isError": self.is_error}


def object_of(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    """The JSON Schema of an object with these members and no others."""
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


TOKENS = {"type": "integer", "minimum": 0}

LIST_MODELS = Tool(
    name="list_models",
    title="List models",
    description="List the language models you may use here. Their ids go into the argument 'model' of the tool chat.",
    input_schema={"type": "object", "properties": {}, "additionalProperties": False},
    output_schema=object_of(
        {
            "models": {
                "type": "array",
                "items": object_of(
                    {
                        "id": {"type": "string", "description": "The name to use in chat"},
                        "owned_by": {"type": "string", "description": "Who made or serves the model"},
                    },
                    ["id", "owned_by"],
                ),
            }
        },
        ["models"],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
)

CHAT = Tool(
    name="chat",
    title="Ask a model",
    description=(
        "Ask a language model and get its answer as text. Give either 'prompt', one question, or 'messages', a whole "
        "conversation. An answer that takes longer than about 25 seconds comes back cut, and says so."
    ),
    input_schema=object_of(
        {
            "model": {"type": "string", "minLength": 1, "description": "An id from list_models"},
            "prompt": {"type": "string", "minLength": 1, "description": "What to ask, instead of 'messages'"},
            "messages": {
                "type": "array",
                "minItems": 1,
                "description": "The conversation so far, oldest first, instead of 'prompt'",
                "items": object_of(
                    {
                        "role": {"type": "string", "enum": ["system", "user", "assistant"]},
                        "content": {"type": "string", "minLength": 1},
                    },
                    ["role", "content"],
                ),
            },
            "system": {"type": "string", "minLength": 1, "description": "Instructions that come before everything"},
            "max_tokens": {"type": "integer", "minimum": 1, "description": "The longest answer wanted, in tokens"},
            "temperature": {
                "type": "number",
                "minimum": 0,
                "maximum": 2,
                "description": "0 for the likeliest answer; higher for variety. Not every model takes it",
            },
        },
        ["model"],
    ),
    output_schema=object_of(
        {
            "text": {"type": "string", "description": "The answer"},
            "model": {"type": "string", "description": "The model that answered"},
            "finish_reason": {
                "type": "string",
                "description": (
                    "Why the answer ends: stop (it is whole), length (max_tokens reached), content_filter, or timeout "
                    "(cut when the time of this call ran out)"
                ),
            },
            "usage": {
                "description": "Absent where the answer was cut before the count came",
                **object_of(
                    {"prompt_tokens": TOKENS, "completion_tokens": TOKENS, "total_tokens": TOKENS},
                    ["prompt_tokens", "completion_tokens", "total_tokens"],
                ),
            },
        },
        ["text", "model", "finish_reason"],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": False, "openWorldHint": True},
)

_INPUTS = 16  # texts of one call: a vector of 1024 numbers is some 20 KB

EMBED = Tool(
    name="embed",
    title="Embed texts",
    description=f"Turn up to {_INPUTS} texts into vectors, with an embedding model from list_models.",
    input_schema=object_of(
        {
            "model": {"type": "string", "minLength": 1, "description": "An embedding model's id from list_models"},
            "input": {
                "type": "array",
                "minItems": 1,
                "maxItems": _INPUTS,
                "items": {"type": "string", "minLength": 1},
                "description": "The texts",
            },
            "dimensions": {
                "type": "integer",
                "minimum": 1,
                "description": "Numbers in a vector, of models that let one choose",
            },
        },
        ["model", "input"],
    ),
    output_schema=object_of(
        {
            "model": {"type": "string", "description": "The model that answered"},
            "embeddings": {
                "type": "array",
                "description": "A vector for each text, in their order",
                "items": {"type": "array", "items": {"type": "number"}},
            },
            "usage": object_of({"prompt_tokens": TOKENS, "total_tokens": TOKENS}, ["prompt_tokens", "total_tokens"]),
        },
        ["model", "embeddings"],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": True},
)

COUNT_TOKENS = Tool(
    name="count_tokens",
    title="Count tokens",
    description=(
        "Count the tokens of a prompt for a model, without asking it. Where the model's provider cannot count, it is "
        "an estimate. Give either 'prompt' or 'messages', as to chat."
    ),
    input_schema=object_of(
        {name: CHAT.input_schema["properties"][name] for name in ("model", "prompt", "messages", "system")}, ["model"]
    ),
    output_schema=object_of({"model": {"type": "string"}, "input_tokens": TOKENS}, ["model", "input_tokens"]),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
)

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in (LIST_MODELS, CHAT, EMBED, COUNT_TOKENS)}
