"""Anthropic's API over a provider that speaks OpenAI's."""

import json

import pytest

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.converse import Envelope
from services.openai.messages.chat import chat_body, chat_events, from_chat
from services.openai.messages.params import MessagesRequest
from services.openai.messages.sse import MESSAGE
from services.openai.providers.provider import Provider as AnyProvider
from services.openai.sse import sse
from tests.unit.openai.messages.test_events import glued

ENVELOPE = Envelope("msg_1", 1, "gpt-x")
USAGE = {"prompt_tokens": 9, "completion_tokens": 4, "prompt_tokens_details": {"cached_tokens": 2}}
TOOL = {"name": "weather", "input_schema": {"type": "object", "properties": {"city": {"type": "string"}}}}
ROUND = [
    {"role": "user", "content": [{"type": "text", "text": "Weather?"}]},
    {
        "role": "assistant",
        "content": [
            {"type": "thinking", "thinking": "Hm.", "signature": ""},
            {"type": "text", "text": "I look."},
            {"type": "tool_use", "id": "t1", "name": "weather", "input": {"city": "Oslo"}},
        ],
    },
    {
        "role": "user",
        "content": [
            {
                "type": "tool_result",
                "tool_use_id": "t1",
                "is_error": True,
                "content": [
                    {"type": "text", "text": "No such city"},
                    {"type": "image", "source": {"type": "base64", "media_type": "image/png", "data": "AAAA"}},
                ],
            },
            {"type": "text", "text": "Go on."},
        ],
    },
]


def body(**fields):
    asked = {"model": "gpt-x", "max_tokens": 100, "messages": [{"role": "user", "content": "Hi"}], **fields}
    return chat_body(check(MessagesRequest, asked))


def test_a_round_of_tools_is_said_in_a_chats_messages():
    made = body(messages=ROUND, tools=[TOOL], tool_choice={"type": "any", "disable_parallel_tool_use": True})
    call = {"id": "t1", "type": "function", "function": {"name": "weather", "arguments": '{"city": "Oslo"}'}}
    assert made["messages"] == [
        {"role": "user", "content": "Weather?"},
        {"role": "assistant", "content": "I look.", "tool_calls": [call]},
        {"role": "tool", "tool_call_id": "t1", "content": "Error: No such city"},
        {
            "role": "user",
            "content": [
                {"type": "image_url", "image_url": {"url": "data:image/png;base64,AAAA"}},
                {"type": "text", "text": "Go on."},
            ],
        },
    ]
    assert (made["tool_choice"], made["parallel_tool_calls"]) == ("required", False)
    assert made["tools"][0]["function"] == {
        "name": "weather",
        "description": "weather",
        "parameters": TOOL["input_schema"],
    }


@pytest.mark.parametrize(
    ("asked", "effort"),
    [
        ({}, None),
        ({"thinking": {"type": "adaptive"}}, None),
        ({"thinking": {"type": "adaptive"}, "output_config": {"effort": "max"}}, "xhigh"),
        ({"thinking": {"type": "enabled", "budget_tokens": 1024}}, "low"),
        ({"thinking": {"type": "enabled", "budget_tokens": 31999}}, "high"),
        ({"thinking": {"type": "disabled"}, "output_config": {"effort": "low"}}, None),
    ],
)
def test_thinking_is_an_effort_where_the_client_says_how_much(asked, effort):
    assert body(**asked).get("reasoning_effort") == effort


def test_what_has_another_name_goes_by_it():
    made = body(system="Be brief.", stop_sequences=["END"], stream=True, temperature=0.5)
    assert made["messages"][0] == {"role": "system", "content": "Be brief."}
    assert made["stop"] == ["END"]
    assert made["max_completion_tokens"] == 100
    assert made["stream_options"] == {"include_usage": True}


def test_a_file_that_nobody_sent_is_refused_by_its_path():
    source = {"type": "url", "url": "https://example.com/a.pdf"}
    with pytest.raises(Problem) as raised:
        body(messages=[{"role": "user", "content": [{"type": "document", "source": source}]}])
    assert (raised.value.status, raised.value.param) == (400, "messages[0].content[0].source")


def completion(**message):
    return {"choices": [{"message": message, "finish_reason": "stop"}], "usage": USAGE}


CALLS = [
    {"id": "c1", "type": "function", "function": {"name": "weather", "arguments": '{"city":"Oslo"}'}},
    {"id": "c2", "type": "function", "function": {"name": "now", "arguments": ""}},
]
CHUNKS = [
    {"choices": [{"delta": {"role": "assistant", "content": ""}}]},
    {"choices": [{"delta": {"reasoning_content": "Hm"}}]},
    {"choices": [{"delta": {"reasoning_content": "."}}]},
    {"choices": [{"delta": {"content": "I lo"}}]},
    {"choices": [{"delta": {"content": "ok."}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 0, "id": "c1", "function": {"name": "weather"}}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '{"city":'}}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 0, "function": {"arguments": '"Oslo"}'}}]}}]},
    {"choices": [{"delta": {"tool_calls": [{"index": 1, "id": "c2", "function": {"name": "now", "arguments": ""}}]}}]},
    {"choices": [{"delta": {}, "finish_reason": "tool_calls"}]},
    {"choices": [], "usage": USAGE},
]


def test_the_chunks_glued_are_the_message_of_the_whole_completion():
    whole = from_chat(completion(reasoning_content="Hm.", content="I look.", tool_calls=CALLS), ENVELOPE)
    assert [block["type"] for block in whole["content"]] == ["thinking", "text", "tool_use", "tool_use"]
    assert (whole["stop_reason"], whole["content"][3]["input"]) == ("tool_use", {})
    assert whole["usage"] == {
        "input_tokens": 7,
        "cache_creation_input_tokens": 0,
        "cache_read_input_tokens": 2,
        "output_tokens": 4,
    }
    assert glued(chat_events(CHUNKS, ENVELOPE)) == whole


def test_a_provider_may_count_what_is_from_a_cache_beside_the_prompt():
    usage = {"prompt_tokens": 3, "completion_tokens": 1, "prompt_tokens_details": {"cached_tokens": 90}}
    told = from_chat({**completion(content="Hi"), "usage": usage}, ENVELOPE)["usage"]
    assert (told["input_tokens"], told["cache_read_input_tokens"]) == (3, 90)


@pytest.mark.parametrize(
    "chunks",
    [
        CHUNKS[:-2],
        [{"error": {"message": "secret"}}],
        [{"choices": None}],
        [{"choices": [{"delta": {"tool_calls": [{"index": 0}]}}]}],
    ],
)
def test_a_stream_that_breaks_is_a_problem(chunks):
    with pytest.raises(Problem) as raised:
        list(chat_events(chunks, ENVELOPE))
    assert raised.value.code == "upstream_error"


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        ({"code": "rate_limit_exceeded", "message": "secret"}, "rate_limit_error"),
        ({"type": "rate_limit_error", "code": None}, "rate_limit_error"),
        ({"code": "insufficient_quota"}, "rate_limit_error"),
        ({"code": 429}, "rate_limit_error"),
        ({"code": "503"}, "overloaded_error"),
        ({"code": 529}, "overloaded_error"),
        ({"type": "overloaded_error"}, "overloaded_error"),
        ({"code": 404}, "api_error"),
        ({"message": "rate_limit_exceeded"}, "api_error"),
        ("rate_limit_exceeded", "api_error"),
        (None, "api_error"),
    ],
)
def test_an_error_in_mid_stream_keeps_its_kind(error, kind):
    told = sse(chat_events([*CHUNKS[:2], {"error": error}], ENVELOPE), form=MESSAGE)
    *_, last = b"".join(told).split(b"\n\n")[:-1]
    name, _, data = last.partition(b"\ndata: ")
    assert (name, json.loads(data)["error"]["type"]) == (b"event: error", kind)
    assert b"secret" not in data


@pytest.mark.parametrize(
    "broken",
    [{}, {"choices": []}, completion(tool_calls=[{"id": "c", "function": {"name": "f", "arguments": "[1]"}}])],
)
def test_what_is_no_completion_is_a_problem(broken):
    with pytest.raises(Problem) as raised:
        from_chat(broken, ENVELOPE)
    assert raised.value.code == "upstream_error"


class Provider(AnyProvider):
    def __init__(self):
        self.closed = False

    def stream(self, *_):
        try:
            yield from (f"data: {json.dumps(chunk)}\r\n\r\n".encode() for chunk in CHUNKS)
            yield b"data: [DONE]\n\n"
        finally:
            self.closed = True


def test_a_client_that_leaves_closes_the_providers_stream():
    provider = Provider()
    asked = {"model": "m", "max_tokens": 9, "stream": True, "messages": [{"role": "user", "content": "Hi"}]}
    events = provider.stream_message(asked, ENVELOPE, None)
    assert next(events).startswith(b"event: message_start\n")
    assert b"thinking" in next(events)
    events.close()
    assert provider.closed


def test_a_prompts_length_is_an_estimate():
    tokens, exact = Provider().message_tokens({"model": "m", "messages": [{"role": "user", "content": "word " * 400}]})
    assert not exact
    assert 400 < tokens < 700


def test_a_tool_that_claude_alone_knows_is_refused_by_its_path():
    asked = {"model": "gpt-x", "max_tokens": 9, "messages": [{"role": "user", "content": "Hi"}]}
    with pytest.raises(Problem) as raised:
        chat_body(check(MessagesRequest, {**asked, "tools": [{"type": "bash_20250124", "name": "bash"}]}))
    assert (raised.value.status, raised.value.param) == (400, "tools[0].type")


@pytest.mark.parametrize(("limit", "most"), [(None, 9000), (20000, 9000), (100, 100)])
def test_the_models_own_limit_is_the_most_that_is_asked_for(limit, most):
    asked = {"model": "m", "max_tokens": 9000, "messages": [{"role": "user", "content": "Hi"}]}
    assert chat_body(check(MessagesRequest, asked), limit)["max_completion_tokens"] == most
