"""What the official conformance suite looks for in a server: by name, as data and as small functions.

Source: the suite's own descriptions of its scenarios (`src/scenarios/server` of modelcontextprotocol/conformance).
"""

from collections.abc import Callable, Mapping
from typing import Any

# The smallest picture and sound there are.
PNG = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
WAV = "UklGRiQAAABXQVZFZm10IBAAAAABAAEAQB8AAIA+AAACABAAZGF0YQAAAAA="

Content = dict[str, Any]


def text(said: str) -> Content:
    return {"type": "text", "text": said}


def embedded(uri: str, mime_type: str, content: str) -> Content:
    return {"type": "resource", "resource": {"uri": uri, "mimeType": mime_type, "text": content}}


IMAGE = {"type": "image", "data": PNG, "mimeType": "image/png"}
AUDIO = {"type": "audio", "data": WAV, "mimeType": "audio/wav"}

# Tools that always say the same.
CONSTANT: Mapping[str, list[Content]] = {
    "test_simple_text": [text("This is a simple text response for testing.")],
    "test_image_content": [IMAGE],
    "test_audio_content": [AUDIO],
    "test_embedded_resource": [
        embedded("test://embedded-resource", "text/plain", "This is an embedded resource content.")
    ],
    "test_multiple_content_types": [
        text("Multiple content types test:"),
        IMAGE,
        embedded("test://mixed-content-resource", "application/json", '{"test":"data","value":123}'),
    ],
    "test_headers": [text("The headers were right.")],
    "json_schema_2020_12_tool": [text("The schema was kept.")],
}


def elicitation(message: str, field: str, kind: str = "string") -> dict[str, Any]:
    schema = {"type": "object", "properties": {field: {"type": kind}}, "required": [field]}
    return {"method": "elicitation/create", "params": {"mode": "form", "message": message, "requestedSchema": schema}}


def sampling(prompt: str) -> dict[str, Any]:
    messages = [{"role": "user", "content": text(prompt)}]
    return {"method": "sampling/createMessage", "params": {"messages": messages, "maxTokens": 100}}


ROOTS = {"method": "roots/list", "params": {}}

# Tools that ask until every question has its answer: (questions, the state that goes out with them).
Questions = Mapping[str, Mapping[str, Any]]
ASKING: Mapping[str, tuple[Questions, str | None]] = {
    "test_input_required_result_elicitation": ({"user_name": elicitation("What is your name?", "name")}, None),
    "test_input_required_result_sampling": ({"capital_question": sampling("What is the capital of France?")}, None),
    "test_input_required_result_list_roots": ({"client_roots": ROOTS}, None),
    "test_input_required_result_request_state": ({"confirm": elicitation("Please confirm", "ok", "boolean")}, "ok"),
    "test_input_required_result_tampered_state": ({"confirm": elicitation("Please confirm", "ok", "boolean")}, "ok"),
    "test_input_required_result_multiple_inputs": (
        {
            "user_name": elicitation("What is your name?", "name"),
            "greeting": sampling("Generate a greeting"),
            "client_roots": ROOTS,
        },
        "three questions",
    ),
    "test_streaming_elicitation": ({"user_name": elicitation("What is your name?", "name")}, None),
    "test_sampling": ({"thought": sampling("Think")}, None),
    "test_elicitation": ({"user": elicitation("Who are you?", "username")}, None),
    "test_elicitation_sep1034_defaults": ({"user": elicitation("Who are you?", "username")}, None),
    "test_elicitation_sep1330_enums": ({"user": elicitation("Which one?", "choice")}, None),
}
ASKING_PROMPT = {"user_context": elicitation("What context should the prompt use?", "context")}

# A tool of two rounds: the state says which one it is.
STEPS: Mapping[str | None, tuple[Questions, str]] = {
    None: ({"step1": elicitation("Step 1: What is your name?", "name")}, "step 1"),
    "step 1": ({"step2": elicitation("Step 2: What is your favorite color?", "color")}, "step 2"),
}

OTHER_TOOLS = (
    "test_tool_with_logging",
    "test_logging_tool",
    "test_error_handling",
    "test_tool_with_progress",
    "test_missing_capability",
    "test_input_required_result_multi_round",
    "test_input_required_result_capabilities",
)

_STRING = {"type": "string"}
_SCHEMAS: Mapping[str, dict[str, Any]] = {
    "test_headers": {
        "type": "object",
        "properties": {"region": {**_STRING, "x-mcp-header": "Region"}, "query": _STRING},
        "required": ["region"],
    },
    "test_sampling": {"type": "object", "properties": {"prompt": _STRING}},
    "test_elicitation": {"type": "object", "properties": {"message": _STRING}},
    "json_schema_2020_12_tool": {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "type": "object",
        "$defs": {
            "address": {
                "$anchor": "addressDef",
                "type": "object",
                "properties": {"street": _STRING, "city": _STRING},
            }
        },
        "properties": {
            "name": _STRING,
            "address": {"$ref": "#/$defs/address"},
            "contactMethod": {"type": "string", "enum": ["phone", "email"]},
            "phone": _STRING,
            "email": _STRING,
        },
        "allOf": [{"anyOf": [{"required": ["phone"]}, {"required": ["email"]}]}],
        "if": {"properties": {"contactMethod": {"const": "phone"}}, "required": ["contactMethod"]},
        "then": {"required": ["phone"]},
        "else": {"required": ["email"]},
        "additionalProperties": False,
    },
}
TOOLS = [
    {
        "name": name,
        "description": f"The conformance suite's {name}",
        "inputSchema": _SCHEMAS.get(name, {"type": "object"}),
    }
    for name in (*CONSTANT, *ASKING, *OTHER_TOOLS)
]

RESOURCES = [
    {"uri": f"test://{name}", "name": name, "description": f"The conformance suite's {name}", "mimeType": mime_type}
    for name, mime_type in (
        ("static-text", "text/plain"),
        ("static-binary", "image/png"),
        ("watched-resource", "text/plain"),
    )
]
CONTENTS: Mapping[str, dict[str, Any]] = {
    "test://static-text": {"text": "This is the content of the static text resource.", "mimeType": "text/plain"},
    "test://static-binary": {"blob": PNG, "mimeType": "image/png"},
    "test://watched-resource": {"text": "Watched resource content", "mimeType": "text/plain"},
}
TEMPLATE = "test://template/{id}/data"
TEMPLATES = [{"uriTemplate": TEMPLATE, "name": "template", "description": "Data by id", "mimeType": "application/json"}]


def _prompt(name: str, *arguments: str) -> dict[str, Any]:
    wanted = [{"name": argument, "description": argument, "required": True} for argument in arguments]
    return {"name": name, "description": f"The conformance suite's {name}", "arguments": wanted}


PROMPTS = [
    _prompt("test_simple_prompt"),
    _prompt("test_prompt_with_arguments", "arg1", "arg2"),
    _prompt("test_prompt_with_embedded_resource", "resourceUri"),
    _prompt("test_prompt_with_image"),
    _prompt("test_input_required_result_prompt"),
]
MESSAGES: Mapping[str, Callable[[Mapping[str, str]], list[Content]]] = {
    "test_simple_prompt": lambda _: [text("This is a simple prompt for testing.")],
    "test_prompt_with_arguments": lambda given: [
        text(f"Prompt with arguments: arg1='{given['arg1']}', arg2='{given['arg2']}'")
    ],
    "test_prompt_with_embedded_resource": lambda given: [
        embedded(given["resourceUri"], "text/plain", "Embedded resource content for testing."),
        text("Please process the embedded resource above."),
    ],
    "test_prompt_with_image": lambda _: [IMAGE, text("Please analyze the image above.")],
}
