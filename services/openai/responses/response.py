"""The response object: what was asked, said back, and what it used."""

from typing import Any, NamedTuple

from services.openai.refusal import status
from services.openai.responses.request import ResponseRequest
from services.openai.responses.toolbox import Toolbox

Response = dict[str, Any]

# Fields of the request that the answer repeats as they are.
_ECHOED = (
    *("instructions", "max_output_tokens", "max_tool_calls", "previous_response_id", "prompt_cache_key"),
    *("prompt_cache_retention", "safety_identifier", "service_tier", "temperature", "top_p", "user"),
)
ENDS = {"length": "max_output_tokens", "content_filter": "content_filter"}  # finish_reason → why it is incomplete


class Envelope(NamedTuple):
    """What a response carries beside the model's answer. `id` is `resp_` and 48 hex digits."""

    id: str
    created_at: int  # unix seconds
    first: int  # how many items the conversation held before this answer: it numbers the next

    def item_id(self, kind: str, index: int) -> str:
        """Of the item at that place of the output: it names the response in which it can be found again."""
        return item_id(self.id, kind, self.first + index)


_PREFIXES = {
    "message": "msg",
    "reasoning": "rs",
    "function_call": "fc",
    "function_call_output": "fco",
    "custom_tool_call": "ctc",
    "custom_tool_call_output": "ctco",
    "compaction": "cmp",
}


def item_id(response_id: str, kind: str, index: int) -> str:
    """`msg_`, the response's digits and four for the item."""
    return f"{_PREFIXES.get(kind, 'item')}_{response_id.removeprefix('resp_')}{index:04x}"


def begun(request: ResponseRequest, toolbox: Toolbox, envelope: Envelope, *, stored: bool) -> Response:
    """The response before the model said anything."""
    text = request.text.model_dump(by_alias=True, exclude_none=True) if request.text else {}
    reasoning = request.reasoning
    return {
        "id": envelope.id,
        "object": "response",
        "created_at": envelope.created_at,
        "status": "in_progress",
        "background": False,
        "completed_at": None,
        "error": None,
        "incomplete_details": None,
        "model": request.model,
        "output": [],
        "parallel_tool_calls": request.parallel_tool_calls is not False,
        "tools": toolbox.shown,
        "tool_choice": "auto" if request.tool_choice is None else request.tool_choice,
        "text": {"format": {"type": "text"}, **text},
        "reasoning": {"effort": reasoning and reasoning.effort, "summary": request.summary},
        "metadata": request.metadata or {},
        "truncation": "disabled",
        "top_logprobs": 0,
        "store": stored,
        "usage": None,
        **{name: getattr(request, name) for name in _ECHOED},
    }


def usage(spent: dict[str, Any] | None) -> dict[str, Any] | None:
    """A chat's usage as a response's; None for none. All counts are tokens."""
    if not isinstance(spent, dict):
        return None
    prompt, completion = spent.get("prompt_tokens") or 0, spent.get("completion_tokens") or 0
    read, made = spent.get("prompt_tokens_details") or {}, spent.get("completion_tokens_details") or {}
    details = {
        "cached_tokens": read.get("cached_tokens") or 0,
        "cache_write_tokens": read.get("cache_write_tokens") or 0,
    }
    return {
        "input_tokens": prompt,
        "input_tokens_details": details,
        "output_tokens": completion,
        "output_tokens_details": {"reasoning_tokens": made.get("reasoning_tokens") or 0},
        "total_tokens": prompt + completion,
    }


def error(told: dict[str, Any]) -> dict[str, str]:
    """OpenAI's error object of a chat as a response's."""
    code = "rate_limit_exceeded" if status(told) == 429 else "server_error"
    return {"code": code, "message": str(told.get("message") or "The model failed while answering.")}
