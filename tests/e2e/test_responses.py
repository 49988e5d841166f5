"""The Responses API through the unmodified OpenAI SDK: asked, streamed, gone on from, given back."""

import asyncio
import base64
import json
import zlib

import openai
import pytest
from pydantic import BaseModel

CLAUDE = "claude-haiku-4.5"
TIME = {"type": "function", "name": "get_time", "parameters": {"type": "object", "properties": {}}, "strict": False}
WEATHER = {
    "type": "function",
    "name": "get_weather",
    "description": "The weather in a city",
    "parameters": {"type": "object", "properties": {"city": {"type": "string"}}, "required": ["city"]},
    "strict": False,
}


def ask(text):
    return [{"role": "user", "content": text}]


def png():
    def chunk(kind, data):
        return len(data).to_bytes(4) + kind + data + zlib.crc32(kind + data).to_bytes(4)

    header = chunk(b"IHDR", b"\0\0\0\1\0\0\0\1\x08\0\0\0\0")
    data = b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", zlib.compress(b"\0\0")) + chunk(b"IEND", b"")
    return "data:image/png;base64," + base64.b64encode(data).decode()


def test_a_text_is_answered_and_all_that_was_asked_is_said_back(gateway):
    response = gateway.openai().responses.create(
        model=gateway.model, input="Count to 5.", instructions="Be brief.", temperature=0, metadata={"case": "élan"}
    )
    assert response.output_text == "1, 2, 3, 4, 5"
    assert (response.status, response.model, response.instructions) == ("completed", gateway.model, "Be brief.")
    assert (response.temperature, response.metadata, response.error) == (0, {"case": "élan"}, None)
    assert response.usage.total_tokens == response.usage.input_tokens + response.usage.output_tokens > 0


def test_a_stream_folds_into_the_whole_response(gateway):
    client = gateway.openai()
    request = {"model": gateway.model, "input": "Tell me about rivers.", "temperature": 0}
    whole = client.responses.create(**request)
    with client.responses.stream(**request) as stream:
        events = list(stream)
        final = stream.get_final_response()
    assert final.output_text == whole.output_text
    assert "".join(event.delta for event in events if event.type == "response.output_text.delta") == whole.output_text
    assert [event.sequence_number for event in events] == list(range(len(events)))
    kinds = [event.type for event in events]
    assert kinds[:4] == [
        "response.created",
        "response.in_progress",
        "response.output_item.added",
        "response.content_part.added",
    ]
    assert kinds[-4:] == [
        "response.output_text.done",
        "response.content_part.done",
        "response.output_item.done",
        "response.completed",
    ]
    assert final.usage == whole.usage


def test_the_stream_names_its_events_and_ends_with_done(gateway):
    with gateway.http() as http:
        body = {"model": gateway.model, "input": "Hi", "stream": True}
        answer = http.post("/responses", json=body).raise_for_status()
    assert answer.headers["content-type"].startswith("text/event-stream")
    *events, done, rest = answer.text.split("\n\n")
    assert (done, rest) == ("data: [DONE]", "")
    for event in events:
        name, data = event.split("\n")
        assert name.removeprefix("event: ") == json.loads(data.removeprefix("data: "))["type"]


def test_it_answers_the_asynchronous_client(gateway):
    async def ask():
        async with openai.AsyncOpenAI(base_url=gateway.base_url, api_key=gateway.api_key, max_retries=0) as client:
            whole = await client.responses.create(model=gateway.model, input="Count to 3.")
            async with client.responses.stream(model=gateway.model, input="Count to 3.") as stream:
                final = await stream.get_final_response()
            return whole, final, await client.responses.retrieve(final.id)

    whole, final, stored = asyncio.run(ask())
    assert whole.output_text == final.output_text == stored.output_text == "1, 2, 3"


class Trip(BaseModel):
    city: str
    days: int


@pytest.mark.parametrize("model", [CLAUDE, "nova-lite"])
def test_an_answer_is_parsed_into_a_model(gateway, model):
    client = gateway.openai()
    request = {"model": model, "input": "Plan a trip.", "text_format": Trip}
    assert isinstance(client.responses.parse(**request).output_parsed, Trip)
    if model == CLAUDE:  # the other answers by a tool, which it does not stream
        with client.responses.stream(**request) as stream:
            assert isinstance(stream.get_final_response().output_parsed, Trip)


@pytest.mark.parametrize("stream", [False, True])
def test_a_tool_makes_its_round_trip_by_the_previous_response(gateway, stream):
    client = gateway.openai()

    def ask(**request):
        request |= {"model": CLAUDE, "tools": [WEATHER]}
        if not stream:
            return client.responses.create(**request)
        with client.responses.stream(**request) as events:
            return events.get_final_response()

    first = ask(input="What is the weather in Oslo? Use get_weather.")
    (call,) = [item for item in first.output if item.type == "function_call"]
    assert call.name == "get_weather"
    json.loads(call.arguments)
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "snow, -3 °C"}
    second = ask(input=[output], previous_response_id=first.id)
    assert "snow, -3 °C" in second.output_text
    assert second.previous_response_id == first.id
    third = ask(input="Say exactly: goodbye", previous_response_id=second.id)
    assert third.output_text == "goodbye"
    items = list(client.responses.input_items.list(third.id, order="asc", limit=2))
    assert [item.type for item in items] == [
        *("message", "function_call", "function_call_output", "message"),
        "message",
    ]
    assert len({item.id for item in items}) == 5


@pytest.mark.parametrize("redacted", [False, True])
@pytest.mark.parametrize("stream", [False, True])
def test_signed_reasoning_makes_its_round_trip_while_nothing_is_stored(gateway, fault, stream, redacted):
    if redacted:
        fault(redact_reasoning=True)
    client = gateway.openai()
    request = {
        "model": CLAUDE,
        "tools": [TIME],
        "reasoning": {"effort": "medium", "summary": "auto"},
        "store": False,
        "include": ["reasoning.encrypted_content"],
    }
    said = [{"role": "user", "content": "Use get_time."}]
    if stream:
        with client.responses.stream(**request, input=said) as events:
            first = events.get_final_response()
    else:
        first = client.responses.create(**request, input=said)
    thought, call = first.output
    assert (thought.type, call.type) == ("reasoning", "function_call")
    assert thought.encrypted_content
    assert bool(thought.summary) == (not redacted)
    back = [item.model_dump(exclude_none=True, exclude={"parsed_arguments"}) for item in first.output]
    said += [*back, {"type": "function_call_output", "call_id": call.call_id, "output": "noon"}]
    second = client.responses.create(**request, input=said)
    assert "noon" in second.output_text
    assert second.output[0].type == "reasoning"
    with pytest.raises(openai.NotFoundError):
        client.responses.retrieve(first.id)


def test_reasoning_that_is_stored_need_not_be_sent_back(gateway):
    client = gateway.openai()
    request = {"model": CLAUDE, "tools": [TIME], "reasoning": {"effort": "low"}}
    first = client.responses.create(**request, input="Use get_time.")
    thought, call = first.output
    assert "simulated" in thought.content[0].text
    assert thought.encrypted_content is None
    output = {"type": "function_call_output", "call_id": call.call_id, "output": "noon"}
    by_id = client.responses.create(**request, input=[output], previous_response_id=first.id)
    references = [{"type": "item_reference", "id": item.id} for item in first.output]
    by_reference = client.responses.create(
        **request, input=[{"role": "user", "content": "Use get_time."}, *references, output]
    )
    for second in (by_id, by_reference):
        assert "noon" in second.output_text
        assert second.output[0].type == "reasoning"  # which Claude refuses where the first is lost
    kept = client.responses.retrieve(first.id, include=["reasoning.encrypted_content"])
    assert kept.output[0].encrypted_content


def test_reasoning_that_was_changed_is_refused(gateway):
    client = gateway.openai()
    request = {"model": CLAUDE, "reasoning": {"effort": "low"}, "store": False}
    first = client.responses.create(**request, input="Hi")
    item, message = (item.model_dump(exclude_none=True) for item in first.output)
    kept = json.loads(base64.b64decode(item["encrypted_content"]))
    kept["thinking_blocks"][0]["thinking"] += " Or not."
    for broken in (base64.b64encode(json.dumps(kept).encode()).decode(), "gAAAAABo"):
        item["encrypted_content"] = broken
        with pytest.raises(openai.BadRequestError):
            client.responses.create(**request, input=[{"role": "user", "content": "Hi"}, item, message, *ask("Again")])


def test_an_image_is_seen_also_where_a_tool_gave_it(gateway):
    client = gateway.openai()
    image = {"type": "input_image", "image_url": png(), "detail": "auto"}
    seen = client.responses.create(
        model=CLAUDE, input=[{"role": "user", "content": [{"type": "input_text", "text": "What is this?"}, image]}]
    )
    assert seen.status == "completed"
    first = client.responses.create(model=CLAUDE, tools=[TIME], input="Use get_time.")
    call = first.output[-1]
    output = {"type": "function_call_output", "call_id": call.call_id, "output": [image]}
    second = client.responses.create(model=CLAUDE, tools=[TIME], input=[output], previous_response_id=first.id)
    assert second.status == "completed"


def test_a_response_is_given_back_and_forgotten(gateway):
    client = gateway.openai()
    made = client.responses.create(model=gateway.model, input="Count to 2.")
    assert client.responses.retrieve(made.id) == made
    (item,) = client.responses.input_items.list(made.id)
    assert item.content[0].text == "Count to 2."
    with pytest.raises(openai.BadRequestError, match="background"):
        client.responses.cancel(made.id)
    client.responses.delete(made.id)
    for gone in (client.responses.retrieve, client.responses.delete, client.responses.cancel):
        with pytest.raises(openai.NotFoundError):
            gone(made.id)
    with pytest.raises(openai.NotFoundError) as refused:
        client.responses.create(model=gateway.model, input="Hi", previous_response_id=made.id)
    assert refused.value.param == "previous_response_id"


def test_anothers_response_does_not_exist(gateway):
    made = gateway.openai().responses.create(model=gateway.model, input="My secret is 42.")
    other = gateway.openai(gateway.key(gateway.user("eve.responses@example.com"))["value"])
    for reach in (other.responses.retrieve, other.responses.delete, other.responses.cancel):
        with pytest.raises(openai.NotFoundError):
            reach(made.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.input_items.list(made.id)
    with pytest.raises(openai.NotFoundError):
        other.responses.create(model=gateway.model, input="What is it?", previous_response_id=made.id)
    item = {"type": "item_reference", "id": made.output[0].id}
    with pytest.raises(openai.NotFoundError):
        other.responses.create(model=gateway.model, input=[item, *ask("What is it?")])
    assert gateway.openai().responses.retrieve(made.id).id == made.id


@pytest.mark.parametrize("name", ["resp_1", "..%2Ffiles%2Fx", "resp_%2e%2e", "%2e%2e", "resp_" + "a" * 48 + "%00"])
def test_an_id_that_is_none_reaches_nothing(gateway, name):
    with gateway.http() as http:
        for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/input_items"), ("POST", "/cancel")):
            answer = http.request(method, f"/responses/{name}{path}", json={} if method == "POST" else None)
            assert answer.status_code in (403, 404), answer.text


PICTURE = {"type": "input_image", "image_url": "data:,x"}
REFUSED = [
    ({}, "input"),
    ({"input": []}, "input"),
    ({"input": [{"role": "user", "content": [PICTURE]}]}, "input[0].content[0].image_url"),
    ({"input": [{"type": "function_call_output", "call_id": "x", "output": ""}]}, "input[0].call_id"),
    ({"input": [{"type": "web_search_call", "id": "x"}]}, "input[0].type"),
    (
        {"input": [*ask("a"), {"type": "function_call", "call_id": "x", "name": "f", "arguments": "{"}]},
        "input[1].arguments",
    ),
    ({"input": "a", "background": True}, "background"),
    ({"input": "a", "conversation": "conv_1"}, "conversation"),
    ({"input": "a", "truncation": "auto"}, "truncation"),
    ({"input": "a", "prompt": {"id": "p"}}, "prompt"),
    ({"input": "a", "reasoning": {"effort": "lowest"}}, "reasoning.effort"),
    ({"input": "a", "max_output_tokens": 10**9}, "max_output_tokens"),
    ({"input": "a", "text": {"verbosity": "low"}}, "text.verbosity"),
    ({"input": "a", "tools": [{"type": "file_search", "vector_store_ids": []}]}, "tools[0].type"),
    ({"input": "a", "tools": [{"type": "web_search"}], "tool_choice": {"type": "web_search"}}, "tool_choice.type"),
    ({"input": "a", "tools": [{"type": "web_search"}], "tool_choice": "required"}, "tool_choice"),
    ({"input": "a", "tools": [{"type": "function", "name": "a b"}]}, "tools[0].name"),
    ({"input": "a", "include": ["message.output_text.logprobs"]}, "include[0]"),
    ({"input": "a", "unheard_of": 1}, "unheard_of"),
]


@pytest.mark.parametrize(("request_", "param"), REFUSED, ids=[param for _, param in REFUSED])
def test_what_cannot_be_done_is_refused_by_its_own_path(gateway, request_, param):
    with pytest.raises(openai.BadRequestError) as refused:
        gateway.openai().responses.create(model=gateway.model, extra_body=request_)
    assert refused.value.param == param


def test_an_answer_cut_short_says_so(gateway, fault):
    client = gateway.openai()
    cut = client.responses.create(model=gateway.model, input="Count to 200.", max_output_tokens=5)
    assert (cut.status, cut.incomplete_details.reason) == ("incomplete", "max_output_tokens")
    assert cut.output[0].status == "incomplete"
    with client.responses.stream(model=gateway.model, input="Count to 200.", max_output_tokens=5) as stream:
        assert [event.type for event in stream][-1] == "response.incomplete"
    fault(stop_reason="content_filtered")
    filtered = client.responses.create(model=gateway.model, input="Hi")
    assert (filtered.status, filtered.incomplete_details.reason) == ("incomplete", "content_filter")


def test_a_stream_that_breaks_fails_by_its_own_event_and_is_not_gone_on_from(gateway, fault):
    client = gateway.openai()
    fault(operation="ConverseStream", error="ModelStreamErrorException", after_events=4)
    events = list(client.responses.create(model=gateway.model, input="Count to 20.", stream=True))
    assert [event.type for event in events][-2:] == ["error", "response.failed"]
    failed = events[-1].response
    assert (failed.status, failed.error.code) == ("failed", "server_error")
    with pytest.raises(openai.BadRequestError) as refused:
        client.responses.create(model=gateway.model, input="Hi", previous_response_id=failed.id)
    assert refused.value.param == "previous_response_id"


def test_what_bedrock_refuses_is_a_status_also_of_a_stream(gateway, fault):
    fault(error="ThrottlingException", times=10)
    with pytest.raises(openai.RateLimitError):
        gateway.openai().responses.create(model=gateway.model, input="Hi", stream=True)


def test_a_conversation_is_compacted_and_gone_on_from(gateway):
    client = gateway.openai()
    first = client.responses.create(model=CLAUDE, input="Use get_time.", tools=[TIME])
    output = {"type": "function_call_output", "call_id": first.output[-1].call_id, "output": "noon"}
    second = client.responses.create(model=CLAUDE, input=[output], previous_response_id=first.id, tools=[TIME])
    compacted = client.responses.compact(model=CLAUDE, previous_response_id=second.id)
    assert compacted.object == "response.compaction"
    assert [item.type for item in compacted.output] == ["compaction"]
    assert compacted.usage.total_tokens > 0
    third = client.responses.create(model=CLAUDE, input=[*compacted.output, *ask("Count to 3.")])
    assert third.output_text == "1, 2, 3"
    (item, _) = client.responses.input_items.list(third.id, order="asc")
    assert item.type == "compaction"


CODEX = {
    "model": CLAUDE,
    "instructions": "You are a coding agent running in a terminal.",
    "input": [
        {
            "type": "message",
            "role": "developer",
            "content": [
                {"type": "input_text", "text": "<permissions instructions>read-only</permissions instructions>"}
            ],
        },
        {
            "type": "message",
            "role": "user",
            "content": [
                {"type": "input_text", "text": "<environment_context>\n  <cwd>/srv</cwd>\n</environment_context>"}
            ],
            "internal_chat_message_metadata_passthrough": {"turn_id": "0199"},
        },
        {"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Use apply_patch."}]},
    ],
    "tools": [
        {
            "type": "function",
            "name": "exec_command",
            "description": "Runs a command.",
            "strict": False,
            "parameters": {
                "type": "object",
                "properties": {"cmd": {"type": "string"}},
                "required": ["cmd"],
                "additionalProperties": False,
            },
        },
        {
            "type": "custom",
            "name": "apply_patch",
            "description": "Edits files.",
            "format": {"type": "grammar", "syntax": "lark", "definition": 'start: "*** Begin Patch"'},
        },
        {
            "type": "namespace",
            "name": "mcp__clock",
            "description": "A clock.",
            "tools": [
                {
                    "type": "function",
                    "name": "now",
                    "description": "The time",
                    "strict": False,
                    "parameters": {"type": "object", "properties": {}},
                }
            ],
        },
        {"type": "web_search", "external_web_access": False},
        {"type": "tool_search", "execution": "client", "description": "Finds tools.", "parameters": {}},
        {"type": "image_generation", "output_format": "png"},
    ],
    "tool_choice": "auto",
    "parallel_tool_calls": True,
    "reasoning": None,
    "store": False,
    "stream": True,
    "include": ["reasoning.encrypted_content"],
    "prompt_cache_key": "0199-aaaa",
    "client_metadata": {"x-codex-installation-id": "1"},
}


def turn(gateway, **change):
    """What a client that reads the events alone makes of a turn: the items that are done, and the last event."""
    with gateway.http() as http:
        answer = http.post("/responses", json={**CODEX, **change})
    assert answer.status_code == 200, answer.text
    events = [
        json.loads(line.removeprefix("data: ")) for line in answer.text.splitlines() if line.startswith("data: {")
    ]
    return [event["item"] for event in events if event["type"] == "response.output_item.done"], events[-1]


def test_codex_makes_its_turns(gateway):
    items, last = turn(gateway)
    (call,) = items
    assert (call["type"], call["name"]) == ("custom_tool_call", "apply_patch")
    assert isinstance(call["input"], str)
    assert last["type"] == "response.completed"
    assert [tool["type"] for tool in last["response"]["tools"]] == ["function", "custom", "namespace"]
    result = {"type": "custom_tool_call_output", "call_id": call["call_id"], "output": "Success. Updated x.py"}
    (message,), _ = turn(gateway, input=[*CODEX["input"], call, result])
    assert "Success. Updated x.py" in message["content"][0]["text"]


def test_codex_reaches_its_mcp_servers(gateway):
    said = [{"type": "message", "role": "user", "content": [{"type": "input_text", "text": "Ask the clock."}]}]
    (call,), _ = turn(gateway, input=said)
    assert (call["type"], call["namespace"], call["name"]) == ("function_call", "mcp__clock", "now")
    result = {
        "type": "function_call_output",
        "call_id": call["call_id"],
        "output": [{"type": "input_text", "text": "noon"}],
    }
    (message,), _ = turn(gateway, input=[*said, call, result])
    assert "noon" in message["content"][0]["text"]


def test_a_prompts_tokens_are_counted_by_bedrock_or_estimated(gateway):
    client = gateway.openai()
    prompt = {"input": ask("What is the weather in Paris?"), "instructions": "Be brief.", "tools": [WEATHER]}
    count = client.responses.input_tokens.with_raw_response.count
    counted = count(model=CLAUDE, **prompt)
    answer = client.responses.create(model=CLAUDE, **prompt)
    assert counted.headers["x-pennyworth-token-count"] == "exact"
    assert counted.parse().object == "response.input_tokens"
    assert counted.parse().input_tokens == answer.usage.input_tokens
    said = client.responses.create(model=CLAUDE, input="Count to 3.")
    longer = count(model=CLAUDE, input="And to 4?", previous_response_id=said.id).parse()
    assert longer.input_tokens > said.usage.total_tokens
    estimated = count(model="nova-lite", **prompt)
    assert estimated.headers["x-pennyworth-token-count"] == "estimate"
    assert 10 < estimated.parse().input_tokens < 300
    image = [{"type": "input_image", "image_url": png()}, {"type": "input_text", "text": "Describe it."}]
    seen = count(model="nova-lite", input=[{"role": "user", "content": image}]).parse()
    assert 1000 < seen.input_tokens < 3000


@pytest.mark.parametrize(
    ("param", "request_"),
    [
        ("personality", {"personality": "friendly"}),
        ("conversation", {"conversation": "conv_1"}),
        ("truncation", {"truncation": "auto"}),
        ("tools[0].type", {"tools": [{"type": "code_interpreter", "container": {"type": "auto"}}]}),
        (
            "input[0].content[0].image_url",
            {
                "input": [
                    {"role": "user", "content": [{"type": "input_image", "image_url": "data:image/png;base64,AAAA"}]}
                ]
            },
        ),
        ("previous_response_id", {"previous_response_id": "resp_" + "a" * 48}),
        ("store", {"extra_body": {"store": False}}),
    ],
)
def test_what_cannot_be_counted_is_refused_by_name(gateway, param, request_):
    with pytest.raises(openai.APIStatusError) as refused:
        gateway.openai().responses.input_tokens.count(model=CLAUDE, **{"input": "Hi", **request_})
    assert (refused.value.status_code in (400, 404), refused.value.param) == (True, param)
