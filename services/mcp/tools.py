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


def _object(properties: Mapping[str, Any], required: list[str]) -> dict[str, Any]:
    return {"type": "object", "properties": properties, "required": required, "additionalProperties": False}


_LIST = {"type": "array", "items": {"type": "string"}}
_TOKENS = {"type": "integer", "minimum": 0}

LIST_MODELS = Tool(
    name="list_models",
    title="List models",
    description="List the language models you may use here. Their ids go into the argument 'model' of the tool chat.",
    input_schema={"type": "object", "properties": {}, "additionalProperties": False},
    output_schema=_object(
        {
            "models": {
                "type": "array",
                "items": _object(
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
    input_schema=_object(
        {
            "model": {"type": "string", "minLength": 1, "description": "An id from list_models"},
            "prompt": {"type": "string", "minLength": 1, "description": "What to ask, instead of 'messages'"},
            "messages": {
                "type": "array",
                "minItems": 1,
                "description": "The conversation so far, oldest first, instead of 'prompt'",
                "items": _object(
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
    output_schema=_object(
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
                **_object(
                    {"prompt_tokens": _TOKENS, "completion_tokens": _TOKENS, "total_tokens": _TOKENS},
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
    input_schema=_object(
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
    output_schema=_object(
        {
            "model": {"type": "string", "description": "The model that answered"},
            "embeddings": {
                "type": "array",
                "description": "A vector for each text, in their order",
                "items": {"type": "array", "items": {"type": "number"}},
            },
            "usage": _object({"prompt_tokens": _TOKENS, "total_tokens": _TOKENS}, ["prompt_tokens", "total_tokens"]),
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
    input_schema=_object(
        {name: CHAT.input_schema["properties"][name] for name in ("model", "prompt", "messages", "system")}, ["model"]
    ),
    output_schema=_object({"model": {"type": "string"}, "input_tokens": _TOKENS}, ["model", "input_tokens"]),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
)

MY_KEYS = Tool(
    name="my_keys",
    title="List my API keys",
    description="List the API keys of the person who calls: what each may do and when it ends. Never a secret.",
    input_schema={"type": "object", "properties": {}, "additionalProperties": False},
    output_schema=_object(
        {
            "keys": {
                "type": "array",
                "items": _object(
                    {
                        "id": {"type": "string"},
                        "name": {"type": "string"},
                        "ends_with": {"type": "string", "description": "The last characters of the secret"},
                        "in_use": {"type": "boolean", "description": "Whether this call was made with it"},
                        "expired": {"type": "boolean"},
                        "scopes": _LIST,
                        "models": _LIST,
                        "tools": _LIST,
                        "created_at": {"type": "integer", "description": "Unix seconds"},
                        "expires_at": {"type": "integer", "description": "Unix seconds; absent for never"},
                    },
                    ["id", "name", "ends_with", "in_use", "expired", "scopes", "models", "tools", "created_at"],
                ),
            }
        },
        ["keys"],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
    action="mcp",
)

_USD = {"type": "number", "minimum": 0, "description": "Dollars, this month"}
_BUDGET = {"type": ["number", "null"], "minimum": 0, "description": "Dollars a month; null for any amount"}

MY_USAGE = Tool(
    name="my_usage",
    title="What I spent this month",
    description=(
        "Tell what the person who calls has spent this month, in dollars: in all, with each of their API keys, and "
        "what everyone in their group has; with the budgets that hold and when they begin anew. A request counts some "
        "seconds after it has ended. Tokens and requests are not told here, but by GET /me/usage."
    ),
    input_schema={"type": "object", "properties": {}, "additionalProperties": False},
    output_schema=_object(
        {
            "month": {"type": "string", "description": "In UTC, such as 2026-11"},
            "spent_usd": {**_USD, "description": "With all keys, and signed in"},
            "budget_usd": _BUDGET,
            "group": {"type": "string", "description": "The group that speaks for the person"},
            "group_spent_usd": {**_USD, "description": "By everyone in it, as of the person's own last request"},
            "group_budget_usd": _BUDGET,
            "keys": {
                "type": "array",
                "items": _object(
                    {
                        "id": {"type": "string"},
                        "name": {"type": "string"},
                        "in_use": {"type": "boolean", "description": "Whether this call was made with it"},
                        "spent_usd": _USD,
                        "budget_usd": _BUDGET,
                    },
                    ["id", "name", "in_use", "spent_usd", "budget_usd"],
                ),
            },
            "budget_resets_at": {"type": "integer", "description": "Unix seconds: when the next month begins, in UTC"},
        },
        [
            *("month", "spent_usd", "budget_usd", "group", "group_spent_usd", "group_budget_usd"),
            *("keys", "budget_resets_at"),
        ],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
    action="usage",
)

TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in (LIST_MODELS, CHAT, EMBED, COUNT_TOKENS)}
SELF_TOOLS: Mapping[str, Tool] = {
    tool.name: tool for tool in (MY_KEYS, MY_USAGE)
}  # about whoever calls: they ask no model
