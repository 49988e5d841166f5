"""The model's own parameters, which Converse passes on in additionalModelRequestFields."""

from typing import Any

from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, malformed, refused_by_model
from local.bedrock.owntools import check_own_tools

EFFORTS = ("low", "medium", "high")
THINKING_MINIMUM = 1024
# Sources: Amazon Bedrock user guide, Anthropic Claude Messages request; reports of live calls in
# https://github.com/anthropics/claude-code/issues/49370 and https://github.com/BerriAI/litellm/pull/19877 (read
# 2026-11).
BETAS = {
    "computer-use-2025-01-24", "computer-use-2025-11-24", "context-1m-2025-08-07", "context-management-2025-06-27",
    "fine-grained-tool-streaming-2025-05-14", "interleaved-thinking-2025-05-14",
}  # fmt: skip
EDITS = {"clear_tool_uses_20250919", "clear_thinking_20251015"}


def check_extra(model: Model, body: dict[str, Any]) -> None:
    extra = body.get("additionalModelRequestFields")
    if extra is None:
        return
    if not isinstance(extra, dict):
        raise invalid(
            "The format of the value at additionalModelRequestFields is invalid. Provide a json object and try again."
        )
    for name, value in extra.items():
        if name not in model.extra_fields:
            raise refused_by_model(malformed(f"#: extraneous key [{name}] is not permitted").message)
        if name == "thinking":
            check_thinking(model, value, body.get("inferenceConfig", {}))
        if name == "reasoningConfig":
            check_reasoning_config(value, body.get("inferenceConfig", {}))
        if name == "inferenceConfig" and not (isinstance(value, dict) and set(value) <= {"topK"}):
            raise refused_by_model(malformed("#/inferenceConfig: only topK is permitted").message)
        if name == "reasoning_effort" and value not in EFFORTS:
            raise refused_by_model(f"reasoning_effort: Input should be one of {', '.join(EFFORTS)}")
        if name == "tool_choice":
            check_native_tool_choice(model, value, body)
        if name == "anthropic_beta" and not (isinstance(value, list) and all(beta in BETAS for beta in value)):
            raise refused_by_model("invalid beta flag")
        if name == "tools":
            check_own_tools(model, value, body)
        if name == "context_management":
            check_context_management(value, extra)


def check_context_management(value: Any, extra: dict[str, Any]) -> None:
    if "context-management-2025-06-27" not in extra.get("anthropic_beta", []):
        raise refused_by_model("context_management: Extra inputs are not permitted")
    edits = value.get("edits", []) if isinstance(value, dict) else [None]
    if not all(isinstance(edit, dict) and edit.get("type") in EDITS for edit in edits):
        raise refused_by_model(f"context_management.edits: Input tag is not one of the expected tags: {sorted(EDITS)}")


def check_native_tool_choice(model: Model, value: Any, body: dict[str, Any]) -> None:
    """Anthropic's tool_choice beside Converse's: fields that both say are refused, the others join.

    Source: Bedrock's words in https://github.com/BerriAI/litellm/issues/36536 (read 2026-11).
    """
    choice = body.get("toolConfig", {}).get("toolChoice")
    if not isinstance(value, dict):
        raise refused_by_model("tool_choice: Input should be a valid dictionary or object to extract fields from")
    if choice and value.keys() & {"type", "name"}:
        field = f"tool_choice/{min(value.keys() & {'type', 'name'}, key=len)}"
        existing = f"toolConfig.toolChoice.{next(iter(choice))}"
        raise invalid(
            f"The additional field {field} conflicts with the existing field {existing}. Remove {field} and try again."
        )
    if not choice and "type" not in value:
        raise refused_by_model("tool_choice.type: Field required")
    if not choice and value["type"] not in ("auto", "any", "tool"):
        raise refused_by_model("tool_choice: Input tag is not one of the expected tags: 'auto', 'any', 'tool', 'none'")
    kind = value.get("type", "auto")
    thinking = body["additionalModelRequestFields"].get("thinking", {})
    if kind != "auto" and (not model.can(f"{'named' if kind == 'tool' else kind}_tool") or thinking):
        raise refused_by_model("tool_choice: forced tool use is not supported for this request.")
    offered = [tool["toolSpec"] for tool in body.get("toolConfig", {}).get("tools", []) if "toolSpec" in tool]
    offered += body["additionalModelRequestFields"].get("tools", [])
    if kind == "tool" and value.get("name") not in [tool["name"] for tool in offered]:
        raise refused_by_model(f"Tool '{value.get('name')}' not found in provided tools")
    if "toolConfig" not in body:
        raise refused_by_model("tool_choice may only be specified while providing tools.")


def check_thinking(model: Model, thinking: Any, config: dict[str, Any]) -> None:
    """Claude's extended thinking leaves little choice in the other parameters; newer models know no other than their
    own."""
    if model.can("adaptive_thinking"):
        check_adaptive_thinking(thinking)
        return
    if not isinstance(thinking, dict) or thinking.get("type") not in ("enabled", "disabled"):
        raise refused_by_model("thinking: Input tag is not one of the expected tags: 'disabled', 'enabled'")
    if thinking["type"] == "disabled":
        return
    budget = thinking.get("budget_tokens")
    if not isinstance(budget, int) or isinstance(budget, bool):
        raise refused_by_model("thinking.enabled.budget_tokens: Field required")
    if budget < THINKING_MINIMUM:
        raise refused_by_model("thinking.enabled.budget_tokens: Input should be greater than or equal to 1024")
    if config.get("maxTokens", model.max_output_tokens) <= budget:
        raise refused_by_model("`max_tokens` must be greater than `thinking.budget_tokens`.")
    if config.get("temperature", 1) != 1:
        raise refused_by_model("`temperature` may only be set to 1 when thinking is enabled.")
    if config.get("topP", 1) < 0.95:
        raise refused_by_model("`top_p` must be greater than or equal to 0.95 or unset when thinking is enabled.")


def check_adaptive_thinking(thinking: Any) -> None:
    """Source: Amazon Bedrock user guide, adaptive thinking (read 2026-11)."""
    if not isinstance(thinking, dict) or thinking.get("type") != "adaptive":
        given = thinking.get("type") if isinstance(thinking, dict) else thinking
        raise refused_by_model(
            f'"thinking.type.{given}" is not supported for this model. '
            'Use "thinking.type.adaptive" and "output_config.effort" to control thinking behavior.'
        )
    if thinking.get("display", "omitted") not in ("omitted", "summarized"):
        raise refused_by_model("thinking.adaptive.display: Input should be 'summarized' or 'omitted'")
    for name in thinking:
        if name not in ("type", "display"):
            raise refused_by_model(f"thinking.adaptive.{name}: Extra inputs are not permitted")


def check_reasoning_config(value: Any, config: dict[str, Any]) -> None:
    """Nova 2's reasoning: an effort, and at high effort no other parameter."""
    if not isinstance(value, dict) or value.get("type") not in ("enabled", "disabled"):
        raise refused_by_model("reasoningConfig.type must be one of: enabled, disabled")
    if value["type"] == "enabled" and value.get("maxReasoningEffort") not in EFFORTS:
        raise refused_by_model(f"reasoningConfig.maxReasoningEffort must be one of: {', '.join(EFFORTS)}")
    if value.get("maxReasoningEffort") == "high" and config.keys() & {"temperature", "topP", "maxTokens"}:
        raise refused_by_model("temperature, topP and maxTokens cannot be used when maxReasoningEffort is high")
