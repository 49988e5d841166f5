"""The fixtures as an MCP server of their own, by the official SDK, for the gateway to stand in front of.

Prints its address when it is there: `python -m tests.conformance.upstream`.
"""

import socket
import sys
import warnings
from typing import Any

import anyio
import mcp_types as types
import uvicorn
from mcp.server.lowlevel.server import Server
from mcp.shared.exceptions import MCPError

from tests.conformance import fixtures

MISSING_CAPABILITY = -32021


async def list_tools(_context: Any, _params: Any) -> types.ListToolsResult:
    return types.ListToolsResult.model_validate({"tools": fixtures.TOOLS})


async def call_tool(context: Any, params: types.CallToolRequestParams) -> Any:
    name = params.name
    if name in fixtures.CONSTANT:
        return _said(fixtures.CONSTANT[name])
    if name in fixtures.ASKING:
        questions, state = fixtures.ASKING[name]
        return _asked(params, questions, state)
    return await _SPECIAL[name](context, params)


def _said(content: list[dict[str, Any]], *, is_error: bool = False) -> types.CallToolResult:
    return types.CallToolResult.model_validate({"content": content, "isError": is_error})


def _asked(params: Any, questions: fixtures.Questions, state: str | None) -> Any:
    """Ask what has not been answered; all of it again where anything is missing."""
    if questions.keys() <= (params.input_responses or {}).keys():
        if params.request_state != state:
            raise MCPError(types.INVALID_PARAMS, "That is not the state this was asked in.")
        return _said([fixtures.text("state-ok" if state else "Thank you for the answers.")])
    return _questions(questions, state)


def _questions(questions: fixtures.Questions, state: str | None) -> types.InputRequiredResult:
    found = {"resultType": "input_required", "inputRequests": questions}
    return types.InputRequiredResult.model_validate(found if state is None else {**found, "requestState": state})


async def _log(context: Any, _params: Any) -> types.CallToolResult:
    for message in ("Tool execution started", "Tool processing data", "Tool execution completed"):
        await context.session.send_log_message("info", message, related_request_id=context.request_id)
        await anyio.sleep(0.05)
    return _said([fixtures.text("Said three things on the way.")])


async def _progress(context: Any, _params: Any) -> types.CallToolResult:
    for progress in (0, 50, 100):
        await context.session.report_progress(progress, 100)
        await anyio.sleep(0.05)
    return _said([fixtures.text("Came to its end.")])


async def _fail(_context: Any, _params: Any) -> types.CallToolResult:
    return _said([fixtures.text("This tool intentionally returns an error for testing")], is_error=True)


async def _need_sampling(context: Any, _params: Any) -> types.CallToolResult:
    capabilities = context.session.client_capabilities
    if capabilities is None or capabilities.sampling is None:
        raise MCPError(MISSING_CAPABILITY, "This needs sampling.", {"requiredCapabilities": {"sampling": {}}})
    return _said([fixtures.text("The client can sample.")])


async def _two_rounds(_context: Any, params: types.CallToolRequestParams) -> Any:
    if params.request_state == "step 2":
        return _said([fixtures.text("Both rounds are over.")])
    return _questions(*fixtures.STEPS[params.request_state])


async def _what_it_can(context: Any, _params: Any) -> types.InputRequiredResult:
    capabilities = context.session.client_capabilities
    return _questions(
        {
            **({"thought": fixtures.sampling("Think")} if capabilities.sampling is not None else {}),
            **({"name": fixtures.elicitation("Who?", "name")} if capabilities.elicitation is not None else {}),
        },
        None,
    )


_SPECIAL = {
    "test_tool_with_logging": _log,
    "test_logging_tool": _log,
    "test_error_handling": _fail,
    "test_tool_with_progress": _progress,
    "test_missing_capability": _need_sampling,
    "test_input_required_result_multi_round": _two_rounds,
    "test_input_required_result_capabilities": _what_it_can,
}


async def list_prompts(_context: Any, _params: Any) -> types.ListPromptsResult:
    return types.ListPromptsResult.model_validate({"prompts": fixtures.PROMPTS})


async def get_prompt(_context: Any, params: types.GetPromptRequestParams) -> Any:
    if params.name not in fixtures.MESSAGES:
        questions = fixtures.ASKING_PROMPT
        if not questions.keys() <= (params.input_responses or {}).keys():
            return _questions(questions, None)
        content = [fixtures.text("A prompt in the context you gave.")]
    else:
        content = fixtures.MESSAGES[params.name](params.arguments or {})
    messages = [{"role": "user", "content": one} for one in content]
    return types.GetPromptResult.model_validate({"messages": messages})


async def list_resources(_context: Any, _params: Any) -> types.ListResourcesResult:
    return types.ListResourcesResult.model_validate({"resources": fixtures.RESOURCES})


async def list_templates(_context: Any, _params: Any) -> types.ListResourceTemplatesResult:
    return types.ListResourceTemplatesResult.model_validate({"resourceTemplates": fixtures.TEMPLATES})


async def read_resource(_context: Any, params: types.ReadResourceRequestParams) -> types.ReadResourceResult:
    uri = str(params.uri)
    content = fixtures.CONTENTS.get(uri)
    before, after = fixtures.TEMPLATE.split("{id}")
    if content is None and uri.startswith(before) and uri.endswith(after):
        found = uri[len(before) : -len(after)]
        content = {"mimeType": "application/json", "text": f'{{"id":"{found}","data":"Data for ID: {found}"}}'}
    if content is None:
        raise MCPError(types.INVALID_PARAMS, "There is no such resource.", {"uri": uri})
    return types.ReadResourceResult.model_validate({"contents": [{"uri": uri, **content}]})


async def complete(_context: Any, params: types.CompleteRequestParams) -> types.CompleteResult:
    values = [value for value in ("paris", "park", "party") if value.startswith(params.argument.value)]
    return types.CompleteResult.model_validate({"completion": {"values": values, "total": len(values)}})


def main() -> None:
    warnings.simplefilter("ignore")  # of what 2026-07-28 calls deprecated, which older clients are still to be served
    server = Server(
        "conformance",
        version="1.0.0",
        on_list_tools=list_tools,
        on_call_tool=call_tool,
        on_list_prompts=list_prompts,
        on_get_prompt=get_prompt,
        on_list_resources=list_resources,
        on_list_resource_templates=list_templates,
        on_read_resource=read_resource,
        on_completion=complete,
    )
    listener = socket.create_server(("127.0.0.1", 0))
    sys.stdout.write(f"http://127.0.0.1:{listener.getsockname()[1]}/mcp\n")
    sys.stdout.flush()
    application = server.streamable_http_app(stateless_http=True)
    uvicorn.Server(uvicorn.Config(application, log_level="warning", ws="none")).run([listener])


if __name__ == "__main__":
    main()
