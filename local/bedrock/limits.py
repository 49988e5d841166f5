"""The parameters around the messages: how to answer, with which tools, in which form, and what a model lets through."""

import json
from typing import Any

from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, refused_by_model, unsupported
from local.bedrock.eventstream import encoded
from local.bedrock.extras import EFFORTS, check_extra
from local.bedrock.schemas import check_references, check_schema, is_schema

ADAPTIVE_EFFORTS = (*EFFORTS, "xhigh", "max")


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
