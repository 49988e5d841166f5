"""The tools that tell whoever calls of themselves, as clients are shown them."""

from collections.abc import Mapping

from services.mcp.tools import TOKENS, Tool, object_of

_LIST = {"type": "array", "items": {"type": "string"}}

MY_KEYS = Tool(
    name="my_keys",
    title="List my API keys",
    description="List the API keys of the person who calls: what each may do and when it ends. Never a secret.",
    input_schema={"type": "object", "properties": {}, "additionalProperties": False},
    output_schema=object_of(
        {
            "keys": {
                "type": "array",
                "items": object_of(
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
_TIME = {"type": "integer", "minimum": 0, "maximum": 253_402_300_799, "description": "Unix seconds"}
_USED = {
    "requests": {"type": "integer", "minimum": 0, "description": "Whose tokens were counted, and priced tools' calls"},
    "input_tokens": {**TOKENS, "description": "With those read from and written to a prompt cache"},
    "input_cached_tokens": {**TOKENS, "description": "Of the input, those read from a prompt cache"},
    "output_tokens": TOKENS,
    "cost_usd": {"type": "number", "minimum": 0, "description": "Dollars"},
}
_SERVED = {"type": "string", "description": "The model that answered, by its own name; or a tool that has a price"}
_BUDGET = {"type": ["number", "null"], "minimum": 0, "description": "Dollars a month; null for any amount"}

MY_USAGE = Tool(
    name="my_usage",
    title="What I used and spent",
    description=(
        "Tell what the person who calls has spent this month, in dollars: in all, with each of their API keys, and "
        "what everyone in their group has; with the budgets that hold and when they begin anew. And what they used, "
        "requests and tokens, in all and by model: this month, or from start_time to end_time. A request counts some "
        "seconds after it has ended."
    ),
    input_schema=object_of(
        {
            "start_time": {**_TIME, "description": "Of the usage, included; left out, the month's begin in UTC"},
            "end_time": {**_TIME, "description": "Of the usage, excluded; left out, now"},
        },
        [],
    ),
    output_schema=object_of(
        {
            "month": {"type": "string", "description": "In UTC, such as 2026-11"},
            "spent_usd": {**_USD, "description": "With all keys, and signed in"},
            "budget_usd": _BUDGET,
            "group": {"type": "string", "description": "The group that speaks for the person"},
            "group_spent_usd": {**_USD, "description": "By everyone in it, as of the person's own last request"},
            "group_budget_usd": _BUDGET,
            "keys": {
                "type": "array",
                "items": object_of(
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
            "usage": {
                **object_of(
                    {
                        "start_time": _TIME,
                        "end_time": _TIME,
                        **_USED,
                        "models": {
                            "type": "array",
                            "items": object_of({"model": _SERVED, **_USED}, ["model", *_USED]),
                        },
                    },
                    ["start_time", "end_time", *_USED, "models"],
                ),
                "type": ["object", "null"],
                "description": "With all keys, and signed in; null where the log gave no answer in time: ask again",
            },
        },
        [
            *("month", "spent_usd", "budget_usd", "group", "group_spent_usd", "group_budget_usd"),
            *("keys", "budget_resets_at", "usage"),
        ],
    ),
    annotations={"readOnlyHint": True, "destructiveHint": False, "idempotentHint": True, "openWorldHint": False},
    action="usage",
)

SELF_TOOLS: Mapping[str, Tool] = {tool.name: tool for tool in (MY_KEYS, MY_USAGE)}  # they ask no model
