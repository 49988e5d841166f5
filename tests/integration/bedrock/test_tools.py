"""Tool calls: which tools, with which arguments, and what follows a result."""

import json
from typing import Any

import jsonschema
import pytest

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"


def tool(name: str, description: str, **properties: Any) -> dict[str, Any]:
    schema = {"type": "object", "properties": properties, "required": list(properties)}
    return {"toolSpec": {"name": name, "description": description, "inputSchema": {"json": schema}}}


STRING, NUMBER, INTEGER, BOOLEAN = ({"type": kind} for kind in ("string", "number", "integer", "boolean"))
TOOLS = [
    tool("get_weather", "Current conditions in a city", city=STRING),
    tool("get_time", "The clock of a place", place=STRING),
    tool("add", "Sum of two numbers", a=NUMBER, b=NUMBER),
    tool("createInvoice", "Bills a customer", customer=STRING, amount=NUMBER, urgent=BOOLEAN),
    tool("translate-text", "Puts a sentence into a language", text=STRING, language={"enum": ["french", "german"]}),
    tool("find_flights", "Departures between airports on a day", day={"type": "string", "format": "date"}),
]


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def ask(bedrock: Any, prompt: str, **more: Any) -> list[dict[str, Any]]:
    config = {"tools": TOOLS, **more.pop("config", {})}
    reply = bedrock.runtime.converse(modelId=CLAUDE, messages=[user(prompt)], toolConfig=config, **more)
    blocks = reply["output"]["message"]["content"]
    called = any("toolUse" in block for block in blocks)
    assert reply["stopReason"] == ("tool_use" if called else "end_turn")
    return blocks


def calls(blocks: list[dict[str, Any]]) -> list[tuple[str, dict[str, Any]]]:
    return [(block["toolUse"]["name"], block["toolUse"]["input"]) for block in blocks if "toolUse" in block]


@pytest.mark.parametrize(
    ("prompt", "expected"),
    [
        ("What is the weather in San Francisco?", [("get_weather", {"city": "San Francisco"})]),
        ('Use get_weather for "Oslo".', [("get_weather", {"city": "Oslo"})]),
        ("add 3.5 and -4", [("add", {"a": 3.5, "b": -4})]),
        (
            'Create invoice for customer "Ada & Sons", amount 99.5, urgent: true',
            [("createInvoice", {"customer": "Ada & Sons", "amount": 99.5, "urgent": True})],
        ),
        ('translate text "good night" to German', [("translate-text", {"text": "good night", "language": "german"})]),
        ("Any departures between the two airports on 2026-12-24?", [("find_flights", {"day": "2026-12-24"})]),
        (
            'get_weather for "Paris" and get_time for "Tokyo" and add 1 and 2',
            [("get_weather", {"city": "Paris"}), ("get_time", {"place": "Tokyo"}), ("add", {"a": 1, "b": 2})],
        ),
        ("Tell me a story.", []),
        ("Do not use any tools: what is the weather like?", []),
    ],
)
def test_the_prompt_names_the_tools_and_their_arguments(bedrock: Any, prompt: str, expected: list[Any]) -> None:
    assert calls(ask(bedrock, prompt)) == expected


def test_several_calls_come_with_text_and_their_own_ids(bedrock: Any) -> None:
    text, *uses = ask(bedrock, 'get_weather for "Paris", then get_time')
    assert "Simulated" in text["text"]
    ids = [use["toolUse"]["toolUseId"] for use in uses]
    assert len(ids) == len(set(ids)) == 2


def test_tool_choice_decides(bedrock: Any) -> None:
    named = ask(bedrock, "Tell me a story.", config={"toolChoice": {"tool": {"name": "get_time"}}})
    assert [name for name, _ in calls(named)] == ["get_time"]
    assert [name for name, _ in calls(ask(bedrock, "Tell me a story.", config={"toolChoice": {"any": {}}}))] == [
        "get_weather"
    ]
    other = ask(bedrock, "What time is it in Rome?", config={"toolChoice": {"any": {}}})
    assert calls(other) == [("get_time", {"place": "Rome"})]


def test_parallel_calls_can_be_forbidden(bedrock: Any) -> None:
    fields = {"tool_choice": {"type": "auto", "disable_parallel_tool_use": True}}
    blocks = ask(bedrock, "get_weather and get_time in Paris", additionalModelRequestFields=fields)
    assert [name for name, _ in calls(blocks)] == ["get_weather"]


def test_a_result_is_told_in_text(bedrock: Any) -> None:
    messages = [user("get_weather in Oslo and get_time in Rome")]
    first = bedrock.runtime.converse(modelId=CLAUDE, messages=messages, toolConfig={"tools": TOOLS})
    messages.append(first["output"]["message"])
    one, two = (block["toolUse"]["toolUseId"] for block in messages[1]["content"] if "toolUse" in block)
    results = [
        {"toolResult": {"toolUseId": one, "content": [{"json": {"celsius": -3}}]}},
        {"toolResult": {"toolUseId": two, "content": [{"text": "no clock"}], "status": "error"}},
    ]
    messages.append({"role": "user", "content": results})
    reply = bedrock.runtime.converse(modelId=CLAUDE, messages=messages, toolConfig={"tools": TOOLS})
    (block,) = reply["output"]["message"]["content"]
    assert reply["stopReason"] == "end_turn"
    assert 'get_weather returned: {"celsius": -3}' in block["text"]
    assert "get_time failed with: no clock" in block["text"]


def test_thoughts_go_back_with_the_result_unchanged(bedrock: Any) -> None:
    fields = {"thinking": {"type": "enabled", "budget_tokens": 1024}}
    request = {"modelId": CLAUDE, "toolConfig": {"tools": TOOLS}, "additionalModelRequestFields": fields}
    messages = [user("get_weather in Oslo")]
    answer = bedrock.runtime.converse(messages=messages, **request)["output"]["message"]
    result = {"toolUseId": answer["content"][1]["toolUse"]["toolUseId"], "content": [{"text": "cold"}]}
    messages += [answer, {"role": "user", "content": [{"toolResult": result}]}]
    assert bedrock.runtime.converse(messages=messages, **request)["stopReason"] == "end_turn"
    answer["content"][0]["reasoningContent"]["reasoningText"]["text"] += " Changed."
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="Invalid `signature`"):
        bedrock.runtime.converse(messages=messages, **request)
    answer["content"] = answer["content"][1:]
    with pytest.raises(bedrock.runtime.exceptions.ValidationException, match="must start with a thinking block"):
        bedrock.runtime.converse(messages=messages, **request)


DEEP = {
    "type": "object",
    "properties": {
        "order": {"$ref": "#/$defs/order"},
        "contact": {"anyOf": [{"type": "null"}, {"type": "string", "format": "email"}]},
        "tags": {"type": "array", "items": {"type": "string"}, "minItems": 2, "uniqueItems": True},
        "priority": {"enum": ["low", "high"]},
        "code": {"type": "string", "pattern": "^[A-Z]{3}-\\d{4}$"},
    },
    "required": ["order", "contact", "tags", "priority", "code"],
    "additionalProperties": False,
    "$defs": {
        "order": {
            "type": "object",
            "properties": {
                "quantity": {"type": "integer", "minimum": 1, "maximum": 10},
                "lines": {"type": "array", "items": {"$ref": "#/$defs/line"}},
            },
            "required": ["quantity", "lines"],
        },
        "line": {"type": "object", "properties": {"sku": {"type": "string"}}, "required": ["sku"]},
    },
}


def test_nested_arguments_fit_their_schema(bedrock: Any) -> None:
    spec = {"name": "place_order", "inputSchema": {"json": DEEP}}
    reply = bedrock.runtime.converse(
        modelId=CLAUDE,
        messages=[user('Place order of 99 for ada@example.com with priority high, tags "red" and "blue"')],
        toolConfig={"tools": [{"toolSpec": spec}]},
    )
    (block,) = reply["output"]["message"]["content"]
    arguments = block["toolUse"]["input"]
    jsonschema.validate(arguments, DEEP)
    assert arguments["order"]["quantity"] == 10
    assert arguments["contact"] == "ada@example.com"
    assert arguments["priority"] == "high"


def said(bedrock: Any, prompt: str, **more: Any) -> str:
    reply = bedrock.runtime.converse(modelId=CLAUDE, messages=[user(prompt)], **more)
    (block,) = reply["output"]["message"]["content"]
    return block["text"]


@pytest.mark.parametrize(
    "prompt",
    [
        "Answer in JSON with 'setup' and 'punchline' keys.",
        "JSON, please, with the keys setup, and punchline",
        'As JSON of the fields "setup" and "punchline".',
    ],
)
def test_json_asked_for_in_words_has_the_keys_they_name(bedrock: Any, prompt: str) -> None:
    assert set(json.loads(said(bedrock, prompt))) == {"setup", "punchline"}


def test_a_schema_written_in_words_is_followed_and_filled_from_the_rest(bedrock: Any) -> None:
    schema = json.dumps(tool("t", "d", city=STRING, days=INTEGER)["toolSpec"]["inputSchema"]["json"])
    system = [{"text": f"Always answer with JSON that fits this schema:\n{schema}"}]
    assert json.loads(said(bedrock, 'Of "Rome", for 3 days.', system=system)) == {"city": "Rome", "days": 3}
    assert json.loads(said(bedrock, f'JSON, as {schema}, of "Rome", for 3 days.')) == {"city": "Rome", "days": 3}


@pytest.mark.parametrize("prompt", ["Tell me of JSON.", "Name the keys a and b.", 'JSON like {"a": 1} is short.'])
def test_words_that_ask_for_no_json_get_none(bedrock: Any, prompt: str) -> None:
    assert said(bedrock, prompt).startswith("This is a simulated answer")


def test_a_tool_that_takes_anything_is_given_what_the_words_ask_for(bedrock: Any) -> None:
    anything = {"toolSpec": {"name": "answer", "inputSchema": {"json": {"type": "object", "properties": {}}}}}
    config = {"tools": [anything], "toolChoice": {"tool": {"name": "answer"}}}
    ((_, arguments),) = calls(ask(bedrock, "Answer in JSON with the keys a and b.", config=config))
    assert arguments.keys() == {"a", "b"}


def test_arguments_are_written_in_the_schemas_order(bedrock: Any) -> None:
    schema = {"type": "object", "properties": {"name": STRING, "street": STRING}, "required": ["street", "name"]}
    config = {"tools": [{"toolSpec": {"name": "note", "inputSchema": {"json": schema}}}]}
    ((_, arguments),) = calls(ask(bedrock, 'note "Ada" of "Main Street"', config=config))
    assert list(arguments.items()) == [("name", "Ada"), ("street", "Main Street")]


def test_what_the_prompt_lacks_is_looked_for_in_those_before_it(bedrock: Any) -> None:
    messages = [user("a: 3.5, b: 4"), {"role": "assistant", "content": [{"text": "Well?"}]}, user("Now add them.")]
    reply = bedrock.runtime.converse(modelId=CLAUDE, messages=messages, toolConfig={"tools": TOOLS})
    assert calls(reply["output"]["message"]["content"]) == [("add", {"a": 3.5, "b": 4})]


def test_a_list_holds_what_follows_its_name_once(bedrock: Any) -> None:
    names = {"type": "array", "items": STRING}
    config = {"tools": [tool("invite", "Invites people", guests=names)]}
    assert calls(ask(bedrock, 'invite guests "Ann" and "Bob"', config=config)) == [
        ("invite", {"guests": ["Ann", "Bob"]})
    ]
