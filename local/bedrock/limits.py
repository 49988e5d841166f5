"""The parameters around the messages: how to answer, with which tools, in which form, and what a model lets through."""

import json
from functools import lru_cache
from typing import Any

from jsonschema import Draft202012Validator
from jsonschema.exceptions import SchemaError

from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, malformed, refused_by_model, unsupported
from local.bedrock.eventstream import encoded

EFFORTS = ("low", "medium", "high")
ADAPTIVE_EFFORTS = (*EFFORTS, "xhigh", "max")
THINKING_MINIMUM = 1024
# Sources: Amazon Bedrock user guide, Anthropic Claude Messages request; reports of live calls in
# https://github.com/anthropics/claude-code/issues/49370 and https://github.com/BerriAI/litellm/pull/19877 (read
# 2026-11).
BETAS = {
    "computer-use-2025-01-24", "context-1m-2025-08-07", "context-management-2025-06-27",
    "fine-grained-tool-streaming-2025-05-14", "interleaved-thinking-2025-05-14",
}  # fmt: skip
EDITS = {"clear_tool_uses_20250919", "clear_thinking_20251015"}
# What structured output does not know. Source: Amazon Bedrock user guide, structured outputs, JSON schema support.
UNSUPPORTED_KEYWORDS = {
    "minimum", "maximum", "exclusiveMinimum", "exclusiveMaximum", "multipleOf", "minLength", "maxLength", "maxItems",
    "uniqueItems", "minProperties", "maxProperties", "patternProperties", "not", "if", "then", "else",
}  # fmt: skip


def check_limits(model: Model, body: dict[str, Any], streamed: bool) -> None:
    """Raise the first parameter that this model does not take."""
    check_inference(model, body.get("inferenceConfig", {}))
    check_extra(model, body)
    check_tools(model, body, streamed)
    check_output(model, body.get("outputConfig", {}))
    if "promptVariables" in body:
        raise unsupported("promptVariables")
    if body.get("performanceConfig", {}).get("latency") == "optimized" and not model.can("optimized_latency"):
        raise invalid("Latency performance configuration is not supported for this model.")
    tier = body.get("serviceTier", {}).get("type", "default")
    if tier not in model.service_tiers:
        raise invalid(f"The service tier {tier} is not supported for this model.")
    for path in body.get("additionalModelResponseFieldPaths", []):
        if not path.startswith("/"):
            raise invalid(f"The path {path} in additionalModelResponseFieldPaths is not a valid JSON Pointer.")


def check_inference(model: Model, config: dict[str, Any]) -> None:
    limit = model.max_output_tokens
    if config.get("maxTokens", 0) > limit:
        raise invalid(
            f"The maximum tokens you requested exceeds the model limit of {limit}. "
            f"Try again with a maximum tokens value that is lower than {limit}."
        )
    if model.can("one_sampling_parameter") and "temperature" in config and "topP" in config:
        raise refused_by_model(
            "`temperature` and `top_p` cannot both be specified for this model. Please use only one."
        )
    for name, native in (("temperature", "temperature"), ("topP", "top_p")):
        if model.can("no_sampling") and config.get(name, 1) != 1:
            raise refused_by_model(f"`{native}` is not supported for this model.")
    stops = config.get("stopSequences", [])
    if stops and not model.max_stop_sequences:
        raise unsupported("inferenceConfig.stopSequences")
    if len(stops) > model.max_stop_sequences:
        raise refused_by_model(
            f"Malformed input request: #/stopSequences: expected maximum item count: {model.max_stop_sequences}, "
            f"found: {len(stops)}, please reformat your input and try again."
        )
    if any(not stop.strip() for stop in stops):
        raise refused_by_model("stop_sequences: each stop sequence must contain non-whitespace")


def check_tools(model: Model, body: dict[str, Any], streamed: bool) -> None:
    config = body.get("toolConfig")
    if config is None:
        return
    if streamed and not model.can("streamed_tools"):
        raise invalid("This model doesn't support tool use in streaming mode.")
    if not model.can("tools"):
        raise invalid("This model doesn't support tool use.")
    names = []
    for number, tool in enumerate(config["tools"]):
        if "systemTool" in tool:
            raise unsupported(f"toolConfig.tools.{number}.systemTool")
        if "toolSpec" in tool:
            names.append(tool["toolSpec"]["name"])
            check_tool(model, f"toolConfig.tools.{number}.toolSpec", tool["toolSpec"])
    if not names:
        raise invalid("The toolConfig.tools field must hold at least one toolSpec.")
    if len(names) != len(set(names)):
        raise refused_by_model("tools: Tool names must be unique.")
    check_tool_choice(model, body, config.get("toolChoice", {"auto": {}}), names)


def check_tool(model: Model, where: str, tool: dict[str, Any]) -> None:
    schema = tool["inputSchema"].get("json")
    if not isinstance(schema, dict) or schema.get("type") != "object":
        raise invalid(f"The value at {where}.inputSchema.json.type must be one of the following: object.")
    if not is_schema(encoded(schema)):
        raise refused_by_model(
            f"{where}.inputSchema.json: JSON schema is invalid. It must match JSON Schema draft 2020-12"
        )
    if tool.get("strict"):
        if not model.can("structured_output"):
            raise unsupported(f"{where}.strict")
        check_references(f"{where}.inputSchema.json", schema)
        check_schema(f"{where}.inputSchema.json", schema)


def check_tool_choice(model: Model, body: dict[str, Any], choice: dict[str, Any], names: list[str]) -> None:
    (kind, value), *_ = choice.items()
    if kind != "auto" and not model.can({"any": "any_tool", "tool": "named_tool"}[kind]):
        raise unsupported(f"toolConfig.toolChoice.{kind}")
    if kind == "tool" and value["name"] not in names:
        raise refused_by_model(f"Tool '{value['name']}' not found in provided tools")
    thinking = (body.get("additionalModelRequestFields") or {}).get("thinking", {})
    if kind != "auto" and thinking.get("type") in ("enabled", "adaptive"):
        raise refused_by_model("Thinking may not be enabled when tool_choice forces tool use.")


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
            check_native_tool_choice(value, body)
        if name == "anthropic_beta" and not (isinstance(value, list) and all(beta in BETAS for beta in value)):
            raise refused_by_model("invalid beta flag")
        if name == "context_management":
            check_context_management(value, extra)


def check_context_management(value: Any, extra: dict[str, Any]) -> None:
    if "context-management-2025-06-27" not in extra.get("anthropic_beta", []):
        raise refused_by_model("context_management: Extra inputs are not permitted")
    edits = value.get("edits", []) if isinstance(value, dict) else [None]
    if not all(isinstance(edit, dict) and edit.get("type") in EDITS for edit in edits):
        raise refused_by_model(f"context_management.edits: Input tag is not one of the expected tags: {sorted(EDITS)}")


def check_native_tool_choice(value: Any, body: dict[str, Any]) -> None:
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


def check_output(model: Model, config: dict[str, Any]) -> None:
    if "effort" in config and not model.can("adaptive_thinking"):
        raise unsupported("outputConfig.effort")
    if config.get("effort", "high") not in ADAPTIVE_EFFORTS:
        raise refused_by_model(f"output_config.effort: Input should be one of {', '.join(ADAPTIVE_EFFORTS)}")
    form = config.get("textFormat")
    if form is None:
        return
    if not model.can("structured_output"):
        raise unsupported("outputConfig.textFormat")
    try:
        schema = json.loads(form["structure"]["jsonSchema"]["schema"])
    except ValueError:
        schema = None
    if not isinstance(schema, dict):
        raise invalid("The value at outputConfig.textFormat.structure.jsonSchema.schema is not a JSON object.")
    if not is_schema(encoded(schema)):
        raise refused_by_model("output_config.format.schema: JSON schema is invalid.")
    check_references("output_config.format.schema", schema)
    check_schema("output_config.format.schema", schema)


@lru_cache(maxsize=256)
def is_schema(text: str) -> bool:
    """Judging a schema takes longer than answering: the same tools come again and again."""
    try:
        Draft202012Validator.check_schema(json.loads(text))
    except SchemaError:
        return False
    return True


def check_schema(where: str, schema: Any) -> None:
    """What structured output demands of a schema: closed objects, and no keyword it cannot enforce."""
    if isinstance(schema, list):
        for part in schema:
            check_schema(where, part)
    if not isinstance(schema, dict):
        return
    kinds = schema.get("type")
    if "object" in (kinds if isinstance(kinds, list) else [kinds]) and schema.get("additionalProperties") is not False:
        raise refused_by_model(f"{where}: For 'object' type, 'additionalProperties' must be explicitly set to false")
    wrong = sorted(schema.keys() & UNSUPPORTED_KEYWORDS)
    if wrong:
        raise refused_by_model(f"{where}: For '{kinds}' type, properties {', '.join(wrong)} are not supported")
    if schema.get("minItems", 0) > 1:
        raise refused_by_model(f"{where}: For 'array' type, 'minItems' values other than 0 or 1 are not supported")
    if not str(schema.get("$ref", "#")).startswith("#"):
        raise refused_by_model(f"{where}: External $ref is not supported")
    for key in ("items", "prefixItems", "anyOf", "oneOf", "allOf"):
        check_schema(where, schema.get(key))
    for key in ("properties", "$defs", "definitions"):
        check_schema(where, list(schema.get(key, {}).values()))


def check_references(where: str, root: dict[str, Any]) -> None:
    """A grammar is compiled with every reference written out, so none may lead back to where it stands."""

    def walk(node: Any, within: tuple[str, ...]) -> None:
        if isinstance(node, list):
            for part in node:
                walk(part, within)
        elif isinstance(node, dict):
            reference = node.get("$ref")
            if reference in within:
                raise refused_by_model(f"{where}: Recursive schemas are not supported")
            if isinstance(reference, str):
                walk(named(root, reference), (*within, reference))
            for key, value in node.items():
                if key not in ("$ref", "$defs", "definitions", "enum", "const", "default", "examples"):
                    walk(value, within)

    walk(root, ("#",))


def named(root: dict[str, Any], reference: str) -> Any:
    node: Any = root
    for step in reference.removeprefix("#").split("/")[1:]:
        node = node.get(step) if isinstance(node, dict) else None
    return node
