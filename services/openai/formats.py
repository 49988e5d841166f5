"""`response_format`: an answer in JSON, enforced by Bedrock where it can, else as a call of our tool.

The call is forced where the model lets itself be forced. Models that always think do not: they are asked for it, and
nearly always obey.
"""

import json
from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.schemas import enforceable

ANSWER = "answer_in_json"  # the tool whose input is the answer
_ORDER = f"Give your whole answer by calling the tool {ANSWER}, once, and not as text."
_ASKED = "The only way to answer. Call it with the JSON object that is the whole answer, as it was asked for."


def output_config(request: ChatRequest, model: Model) -> dict[str, Any] | None:
    """Converse's outputConfig, where the model and the schema allow. Raises Problem where nothing else would do."""
    form = request.response_format
    if form is None or form.json_schema is None or not form.json_schema.schema_ or not model.accepts("json_schema"):
        return None
    try:
        schema = enforceable(form.json_schema.schema_)
    except ValueError as error:
        if model.accepts("tool_choice"):
            return None
        raise Problem("invalid_value", param="response_format.json_schema.schema", reason=str(error)) from None
    text = {"schema": json.dumps(schema, separators=(",", ":"), ensure_ascii=False), "name": form.json_schema.name}
    if form.json_schema.description:
        text["description"] = form.json_schema.description
    return {"textFormat": {"type": "json_schema", "structure": {"jsonSchema": text}}}


def answer_tool(request: ChatRequest, model: Model) -> dict[str, Any] | None:
    """The toolSpec to answer with, where a JSON answer is wanted and no outputConfig says so. Where the client demands
    a call of one of its own tools, that is the answer."""
    form, choice = request.response_format, request.tool_choice
    if form is None or form.type == "text" or output_config(request, model):
        return None
    if not (model.accepts("tool_choice") or model.adaptive) or (request.stream and not model.accepts("stream_tools")):
        reason = f"The model '{model.name}' does not take '{form.type}'."
        raise Problem("unsupported_parameter", param="response_format", reason=reason)
    if choice is not None and choice.type in ("required", "function"):
        return None
    if "thinking" in model.efforts.get(request.reasoning_effort or "", ()):
        reason = f"The model '{model.name}' reasons beside a json_schema that Bedrock enforces, and no other."
        raise Problem("unsupported_parameter", param="response_format", reason=reason)
    wanted = form.json_schema
    schema = {"type": "object", "properties": {}, **((wanted and wanted.schema_) or {})}
    if schema["type"] != "object":
        reason = "must be of the type 'object'"
        raise Problem("invalid_value", param="response_format.json_schema.schema", reason=reason)
    description = f"{_ASKED} {wanted.description}" if wanted and wanted.description else _ASKED
    return {"name": ANSWER, "description": description, "inputSchema": {"json": schema}}


def forced(request: ChatRequest, model: Model) -> bool:
    """Whether a call of our tool may be demanded."""
    return model.accepts("tool_choice") and request.reasoning_effort not in model.adaptive


def asked_for(tools: dict[str, Any] | None) -> list[dict[str, str]]:
    """The system block that asks for a call of our tool, where it is on offer and no call is demanded."""
    asked = tools is not None and "toolChoice" not in tools and answered_by_tool({"toolConfig": tools})
    return [{"text": _ORDER}] if asked else []


def require_judged(converse: dict[str, Any], model: Model) -> None:
    """Raise the Problem of an answer that no guardrail would judge: it reads no input of a tool's call.

    Source: Amazon Bedrock user guide, include a guardrail with the Converse API (read 2026-11).
    """
    if answered_by_tool(converse):
        reason = (
            f"The model '{model.name}' gives such an answer only as a tool's call, which a guardrail does not judge."
        )
        raise Problem("unsupported_parameter", param="response_format", reason=reason)


def answered_by_tool(converse: dict[str, Any]) -> bool:
    """Whether a Converse body asks for the answer as a call of our tool."""
    tools = converse.get("toolConfig", {}).get("tools", ())
    return any(tool["toolSpec"]["name"] == ANSWER for tool in tools if "toolSpec" in tool)
