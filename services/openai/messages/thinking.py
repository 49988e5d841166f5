"""`thinking` and `output_config.effort` as what the model knows of them.

The catalogue is the data: `adaptive` names the efforts of a model that decides itself how much to think, `efforts` what
asks any other to. A budget goes on to a Claude that takes one. Otherwise a model is asked for the effort that comes
nearest, and one that does not reason is not asked.
"""

from collections.abc import Iterable
from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.messages.params import MessagesRequest, Prompt, Thinking

_ORDER = ("none", "minimal", "low", "medium", "high", "xhigh", "max")
_DEFAULT = "high"  # Anthropic's, where a request says none
_BUDGETS = ((2048, "low"), (8192, "medium"))  # below these, the effort that a budget stands for
_LEAST_TOP_P = 0.95


def thinking_fields(request: Prompt, model: Model) -> dict[str, Any]:
    """The additionalModelRequestFields that ask for it.

    None where a conversation that came by another way answers tool calls without the thoughts that led to them: Claude
    would refuse to think on from there. Raises Problem for what cannot stand beside a budget.
    """
    wanted = request.thinking
    if wanted is None or wanted.type == "disabled":
        return _effort_alone(request, model)
    forced = request.tool_choice is not None and request.tool_choice.type in ("any", "tool")
    if model.adaptive:
        shown = {"display": wanted.display} if wanted.display else {}
        return {} if forced else {"thinking": {"type": "adaptive", **shown}}
    if _thoughts_lost(request):
        return {}
    if wanted.budget_tokens is not None and _takes_budgets(model):
        _require_room(request, wanted.budget_tokens)
        return {"thinking": {"type": "enabled", "budget_tokens": wanted.budget_tokens}}
    fields = _nearest(request.effort or effort_of(wanted), model)
    budget = fields.get("thinking", {}).get("budget_tokens")
    return {} if budget is not None and obstacle(request, budget) else fields


def output_effort(request: Prompt, model: Model) -> dict[str, str]:
    """The part of Converse's outputConfig for a model that decides itself how to think."""
    budget = request.thinking and request.thinking.budget_tokens
    effort = request.effort or (effort_of(request.thinking) if request.thinking and budget else None)
    return {"effort": _closest(effort, model.adaptive)} if effort and model.adaptive else {}


def effort_of(thinking: Thinking) -> str:
    """The effort that a client means who gives a budget, or leaves it to the model."""
    if thinking.budget_tokens is None:
        return _DEFAULT
    return next((effort for least, effort in _BUDGETS if thinking.budget_tokens < least), "high")


def obstacle(request: Prompt, budget: int) -> tuple[str, str] | None:
    """The parameter beside which Claude does not think by a budget, and why.

    Source: Anthropic's documentation of extended thinking (read 2026-11).
    """
    if request.messages[-1].role == "assistant":
        return "messages", "the last must not be the model's"
    if request.tool_choice is not None and request.tool_choice.type in ("any", "tool"):
        return "tool_choice", "must leave the model the choice"
    if not isinstance(request, MessagesRequest):
        return None
    if request.max_tokens <= budget:
        return "max_tokens", f"must be over {budget}, which the thinking alone may take"
    if request.temperature not in (None, 1):
        return "temperature", "must be 1"
    if request.top_p is not None and request.top_p < _LEAST_TOP_P:
        return "top_p", f"must be at least {_LEAST_TOP_P}"
    return ("top_k", "cannot be given") if request.top_k is not None else None


def _require_room(request: Prompt, budget: int) -> None:
    found = obstacle(request, budget)
    if found:
        param, reason = found
        raise Problem("invalid_value", param=param, reason=f"beside 'thinking' it {reason}")


def _takes_budgets(model: Model) -> bool:
    return any("budget_tokens" in fields.get("thinking", ()) for fields in model.efforts.values())


def _effort_alone(request: Prompt, model: Model) -> dict[str, Any]:
    if request.thinking is not None:
        return model.efforts.get("none", {})
    return {} if request.effort is None or _takes_budgets(model) else _nearest(request.effort, model)


def _nearest(effort: str, model: Model) -> dict[str, Any]:
    """Nova's highest takes no limit beside it, and every request here has one."""
    known = [
        name
        for name, fields in model.efforts.items()
        if name != "none" and fields.get("reasoningConfig", {}).get("maxReasoningEffort") != "high"
    ]
    return model.efforts[_closest(effort, known)] if known else {}


def _closest(effort: str, known: Iterable[str]) -> str:
    return min(known, key=lambda name: abs(_ORDER.index(name) - _ORDER.index(effort)))


def _thoughts_lost(request: Prompt) -> bool:
    messages = request.messages
    last = next((i for i in reversed(range(len(messages))) if messages[i].role == "assistant"), None)
    if last is None or not any(block.type == "tool_result" for said in messages[last:] for block in said.content):
        return False
    first = messages[last].content[0] if messages[last].content else None
    return first is None or not (first.signature if first.type == "thinking" else first.type == "redacted_thinking")
