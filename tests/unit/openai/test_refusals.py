"""What a client must not send, or a model cannot do: a 400 that names the parameter."""

import pytest

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.converse import Envelope, from_converse, to_converse

USER = {"role": "user", "content": "Hi"}
THOUGHT = {"type": "thinking", "thinking": "Hm.", "signature": "s"}
TOOL = {"type": "function", "function": {"name": "f"}}


def call(call_id="t1", arguments="{}"):
    return {"id": call_id, "type": "function", "function": {"name": "f", "arguments": arguments}}


def asked(*messages, **more):
    return {"model": "nova-lite", "messages": list(messages) or [USER], **more}


def marked(text="Hi", **control):
    return {"role": "user", "content": text, "cache_control": {"type": "ephemeral", **control}}


def marked_part(text):
    return {"type": "text", "text": text, "cache_control": {"type": "ephemeral"}}


def schema(**more):
    return {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "object", **more}}}


OPUS = {"model": "claude-opus-5.5", "messages": [USER]}
NOVA_2 = {"model": "nova-2-lite", "messages": [USER], "reasoning_effort": "high"}
CASES = [
    # request, code, param
    ({**OPUS, "temperature": 0.5}, "unsupported_parameter", "temperature"),
    ({**OPUS, "top_p": 0.5}, "unsupported_parameter", "top_p"),
    ({**OPUS, "reasoning_effort": "none"}, "unsupported_parameter", "reasoning_effort"),
    ({**OPUS, "tools": [TOOL], "tool_choice": "required"}, "unsupported_parameter", "tool_choice"),
    ({**OPUS, "messages": [USER, {"role": "assistant", "content": "I"}]}, "invalid_value", "messages"),
    (
        {**OPUS, "model": "claude-opus-5", "tools": [TOOL], "tool_choice": "required", "reasoning_effort": "low"},
        "unsupported_parameter",
        "tool_choice",
    ),
    ({**NOVA_2, "max_completion_tokens": 10}, "unsupported_parameter", "max_completion_tokens"),
    ({**NOVA_2, "max_tokens": 10}, "unsupported_parameter", "max_tokens"),
    ({**NOVA_2, "temperature": 0}, "unsupported_parameter", "temperature"),
    ({**NOVA_2, "top_p": 0.5}, "unsupported_parameter", "top_p"),
    ({"model": "nova-lite"}, "missing_required_parameter", "messages"),
    ({**asked(), "messages": []}, "invalid_value", "messages"),
    ({**asked(), "messages": "Hi"}, "invalid_value", "messages"),
    (asked({"content": "Hi"}), "missing_required_parameter", "messages[0].role"),
    (asked({"role": "wizard", "content": "Hi"}), "invalid_value", "messages[0].role"),
    (asked({"role": "user", "content": 7}), "invalid_value", "messages[0].content"),
    (asked({"role": "user", "content": {"text": "Hi"}}), "invalid_value", "messages[0].content"),
    (
        asked({"role": "user", "content": [{"type": "video_url", "video_url": {}}]}),
        "invalid_value",
        "messages[0].content[0].type",
    ),
    (asked({"role": "user", "content": [{"type": "text", "text": 1}]}), "invalid_value", "messages[0].content[0].text"),
    (asked({"role": "user", "content": [{"type": "text"}]}), "invalid_value", "messages[0].content[0]"),
    (
        asked({"role": "user", "content": [{"type": "text", "text": "a", "refusal": "b"}]}),
        "invalid_value",
        "messages[0].content[0]",
    ),
    (asked({"role": "user", "content": "Hi", "tool_calls": [call()]}), "invalid_value", "messages[0]"),
    (asked({"role": "user", "content": "Hi", "tool_call_id": "t1"}), "invalid_value", "messages[0]"),
    (asked({"role": "user", "content": "Hi", "refusal": "no"}), "invalid_value", "messages[0]"),
    (asked({"role": "user"}), "invalid_value", "messages[0].content"),
    (asked(USER, {"role": "user", "content": " \n"}), "invalid_value", "messages[1].content"),
    (asked({"role": "assistant", "content": "Hello"}), "invalid_value", "messages"),
    (asked(USER, {"role": "tool", "tool_call_id": "t1", "content": "x"}), "invalid_value", "messages[1].tool_call_id"),
    (asked(USER, {"role": "tool", "content": "x"}), "missing_required_parameter", "messages[1].tool_call_id"),
    (asked(USER, {"role": "assistant", "tool_calls": [call()]}, USER), "invalid_value", "messages[1].tool_calls"),
    (asked(USER, {"role": "assistant", "tool_calls": [call()]}), "invalid_value", "messages[1].tool_calls"),
    (asked(USER, {"role": "assistant", "tool_calls": [call(), call()]}), "invalid_value", "messages[1].tool_calls"),
    (
        asked(USER, {"role": "assistant", "tool_calls": [call(arguments="[]")]}),
        "invalid_value",
        "messages[1].tool_calls[0].function.arguments",
    ),
    (
        asked(USER, {"role": "assistant", "tool_calls": [call(arguments="{")]}),
        "invalid_value",
        "messages[1].tool_calls[0].function.arguments",
    ),
    *(
        (
            asked(USER, {"role": "assistant", "tool_calls": [call(arguments=arguments)]}),
            "invalid_value",
            "messages[1].tool_calls[0].function.arguments",
        )
        for arguments in ('{"a":' * 5000 + "1" + "}" * 5000, '{"a": NaN}', '{"a": 1e999}', '{"a": "\\ud800"}')
    ),
    (asked(temperature="hot"), "invalid_value", "temperature"),
    (asked(temperature=2.1), "invalid_value", "temperature"),
    (asked(temperature=1.5), "invalid_value", "temperature"),
    (asked(top_p=-0.1), "invalid_value", "top_p"),
    (asked(max_tokens=0), "invalid_value", "max_tokens"),
    (asked(max_tokens=10**6), "invalid_value", "max_tokens"),
    (asked(max_completion_tokens=10**6), "invalid_value", "max_completion_tokens"),
    (asked(max_tokens=1.5), "invalid_value", "max_tokens"),
    (asked(stop=["a"] * 5), "invalid_value", "stop"),
    (asked(stop=1), "invalid_value", "stop"),
    (asked(stop=[1]), "invalid_value", "stop[0]"),
    (asked(stream="yes"), "invalid_value", "stream"),
    (asked(stream_options={"include_usage": 1}), "invalid_value", "stream_options.include_usage"),
    (asked(stop=["\n\n"]), "invalid_value", "stop"),
    (asked(n=9), "invalid_value", "n"),
    (asked(n=0), "invalid_value", "n"),
    (asked(n=True), "invalid_value", "n"),
    (asked(logprobs=True), "unsupported_parameter", "logprobs"),
    (asked(top_logprobs=3), "unsupported_parameter", "top_logprobs"),
    (asked(modalities=["text", "audio"]), "unsupported_parameter", "modalities"),
    (asked(verbosity="low"), "unsupported_parameter", "verbosity"),
    (asked(audio={"voice": "x"}), "unsupported_parameter", "audio"),
    (asked(web_search_options={}), "unsupported_parameter", "web_search_options"),
    (asked(prompt_cache_options={"ttl": "24h"}), "invalid_value", "prompt_cache_options.ttl"),
    (asked(service_tier="flex"), "unsupported_parameter", "service_tier"),
    (asked(service_tier="scale"), "invalid_value", "service_tier"),
    (asked(safety_identifier="x" * 129), "invalid_value", "safety_identifier"),
    (asked(prediction={"type": "content"}), "missing_required_parameter", "prediction.content"),
    (asked(seed=1), "unsupported_parameter", "seed"),
    (asked(logit_bias={"1": 1}), "unsupported_parameter", "logit_bias"),
    (asked(presence_penalty=0.5), "unsupported_parameter", "presence_penalty"),
    (asked(response_format={"type": "xml"}), "invalid_value", "response_format.type"),
    (asked(response_format={"type": "json_schema"}), "invalid_value", "response_format"),
    (asked(response_format={"type": "json_object", "json_schema": {"name": "x"}}), "invalid_value", "response_format"),
    (asked(response_format=schema(type="array")), "invalid_value", "response_format.json_schema.schema"),
    (
        {**asked(response_format={"type": "json_object"}), "model": "deepseek-r1"},
        "unsupported_parameter",
        "response_format",
    ),
    (
        {**asked(response_format={"type": "json_object"}), "model": "gpt-oss-120b"},
        "unsupported_parameter",
        "response_format",
    ),
    (
        {**asked(response_format=schema(maxProperties=3)), "model": "gpt-oss-120b"},
        "invalid_value",
        "response_format.json_schema.schema",
    ),
    (
        asked(tools=[{"type": "function", "function": {"name": "answer_in_json"}}]),
        "invalid_value",
        "tools[0].function.name",
    ),
    (asked(metadata={"k": "é"}), "invalid_value", "metadata.k"),
    (asked(metadata={"k": "x" * 257}), "invalid_value", "metadata.k"),
    (asked(metadata={str(i): "x" for i in range(17)}), "invalid_value", "metadata"),
    (asked(metadata={"k": "v\u00a0"}), "invalid_value", "metadata.k"),
    (asked(metadata={"k": "v\n\u2028"}), "invalid_value", "metadata.k"),
    (asked(tools=[{"type": "web_search"}]), "invalid_value", "tools[0].type"),
    (asked(tools=[{"type": "function", "function": {"name": "no spaces"}}]), "invalid_value", "tools[0].function.name"),
    (asked(tools=[TOOL, TOOL]), "invalid_value", "tools[1].function.name"),
    (asked(tools=[TOOL], tool_choice="always"), "invalid_value", "tool_choice"),
    (
        asked(tools=[TOOL], tool_choice={"type": "function", "function": {"name": "g"}}),
        "invalid_value",
        "tool_choice.function.name",
    ),
    (asked(tools=[TOOL], tool_choice={"type": "function"}), "invalid_value", "tool_choice"),
    (asked(tool_choice="required"), "invalid_value", "tool_choice"),
    (asked(reasoning_effort="low"), "unsupported_parameter", "reasoning_effort"),
    (asked(USER, {"role": "user", "content": "Hi", "thinking_blocks": [THOUGHT]}), "invalid_value", "messages[1]"),
    (
        asked(USER, {"role": "assistant", "content": "Hi", "thinking_blocks": [{**THOUGHT, "signature": None}]}),
        "invalid_value",
        "messages[1].thinking_blocks[0]",
    ),
    (
        asked(USER, {"role": "assistant", "thinking_blocks": [{"type": "redacted_thinking", "data": "?"}]}),
        "invalid_value",
        "messages[1].thinking_blocks[0].data",
    ),
    *(
        ({**asked(*messages, **more), "model": "claude-haiku-4.5", "reasoning_effort": effort}, code, param)
        for effort, messages, more, code, param in (
            ("extreme", (), {}, "unsupported_parameter", "reasoning_effort"),
            ("high", (), {"max_tokens": 4096}, "invalid_value", "max_tokens"),
            ("low", (), {"temperature": 0}, "unsupported_parameter", "temperature"),
            ("low", (), {"top_p": 0.5}, "unsupported_parameter", "top_p"),
            ("low", (), {"tools": [TOOL], "tool_choice": "required"}, "unsupported_parameter", "tool_choice"),
            ("low", (), {"response_format": {"type": "json_object"}}, "unsupported_parameter", "response_format"),
            ("low", (USER, {"role": "assistant", "content": "I"}), {}, "invalid_value", "messages"),
        )
    ),
    ({**asked(reasoning_effort="none"), "model": "deepseek-r1"}, "unsupported_parameter", "reasoning_effort"),
    (asked(marked(ttl="2h")), "invalid_value", "messages[0].cache_control.ttl"),
    (asked(marked(ttl="1h")), "unsupported_parameter", "messages[0].cache_control"),
    (asked(marked(text=" ")), "invalid_value", "messages[0].cache_control"),
    (asked(marked(), marked(), marked(), marked(), marked()), "invalid_value", "messages[4].cache_control"),
    (
        asked(tools=[{**TOOL, "cache_control": {"type": "ephemeral"}}]),
        "unsupported_parameter",
        "tools[0].cache_control",
    ),
    (
        asked({"role": "user", "content": [{**marked_part(""), "prompt_cache_breakpoint": {"mode": "explicit"}}]}),
        "invalid_value",
        "messages[0].content[0].prompt_cache_breakpoint",
    ),
    (
        asked({"role": "user", "content": [marked_part(" "), {"type": "text", "text": "Hi"}]}),
        "invalid_value",
        "messages[0].content[0].cache_control",
    ),
    ({**asked(marked()), "model": "gpt-oss-120b"}, "unsupported_parameter", "messages[0].cache_control"),
    (
        {**asked(marked(), marked(ttl="1h")), "model": "claude-haiku-4.5"},
        "invalid_value",
        "messages[1].cache_control",
    ),
    ({**asked(USER, {"role": "assistant", "content": "I"}), "model": "gpt-oss-120b"}, "invalid_value", "messages"),
    (
        asked(USER, {"role": "assistant", "content": "{"}, response_format={"type": "json_object"}),
        "unsupported_parameter",
        "response_format",
    ),
    (asked(functions=[]), "unsupported_parameter", "functions"),
    ({**asked(tools=[TOOL]), "model": "deepseek-r1"}, "unsupported_parameter", "tools"),
    ({**asked(tools=[TOOL], stream=True), "model": "llama-3.3-70b"}, "unsupported_parameter", "tools"),
    ({**asked(tools=[TOOL], tool_choice="required"), "model": "llama-3.3-70b"}, "unsupported_parameter", "tool_choice"),
    ({**asked(stop="x"), "model": "llama-3.3-70b"}, "unsupported_parameter", "stop"),
    ({**asked(temperature=1, top_p=0.5), "model": "claude-haiku-4.5"}, "unsupported_parameter", "top_p"),
    ({**asked(temperature=0.5, top_p=0.5), "model": "claude-haiku-4.5"}, "unsupported_parameter", "top_p"),
]


@pytest.mark.parametrize(("body", "code", "param"), CASES, ids=lambda value: value if isinstance(value, str) else None)
def test_a_bad_request_names_its_parameter(body, code, param):
    with pytest.raises(Problem) as raised:
        to_converse(check(ChatRequest, body), find(body["model"]))
    assert (raised.value.code, raised.value.param, raised.value.status) == (code, param, 400)


def test_what_asks_for_the_default_is_taken():
    defaults = {
        "n": 1, "logprobs": False, "top_logprobs": 0, "presence_penalty": 0, "frequency_penalty": 0.0, "logit_bias": {},
        "modalities": ["text"], "verbosity": "medium", "parallel_tool_calls": False, "service_tier": "auto",
        "prediction": {"type": "content", "content": "x"}, "store": True, "stop": "", "prompt_cache_retention": "24h",
    }  # fmt: skip
    nothing = dict.fromkeys((*defaults, "seed", "audio", "functions", "function_call", "web_search_options"))
    plain = to_converse(check(ChatRequest, asked()), find("nova-lite"))
    for more in (defaults, nothing):
        assert to_converse(check(ChatRequest, asked(**more)), find("nova-lite")) == plain


def test_hints_that_bedrock_cannot_carry_stay_here():
    own = {str(number): "x" for number in range(15)}
    body = asked(metadata=own, user="auth0|7", safety_identifier="s-1", prompt_cache_key="k")
    converse = to_converse(check(ChatRequest, body), find("nova-lite"))
    assert converse["requestMetadata"] == own | {"safety_identifier": "s-1"}


def test_the_clients_own_pair_is_not_replaced_by_a_hint():
    converse = to_converse(check(ChatRequest, asked(metadata={"user": "mine"}, user="other")), find("nova-lite"))
    assert converse["requestMetadata"] == {"user": "mine"}


def test_an_answers_message_can_be_sent_back_as_it_is():
    reasoned = {"reasoningContent": {"reasoningText": {"text": "Hm."}}}
    called = {"toolUse": {"toolUseId": "t1", "name": "f", "input": {}}}
    reply = {
        "output": {"message": {"role": "assistant", "content": [reasoned, {"text": "Wait"}, called]}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 1, "outputTokens": 1},
    }
    message = from_converse(reply, Envelope("c", 1, "nova-lite"))["choices"][0]["message"]
    body = asked(USER, message, {"role": "tool", "tool_call_id": "t1", "content": "1"})
    turn = to_converse(check(ChatRequest, body), find("nova-lite"))["messages"][1]
    assert turn["content"] == [{"text": "Wait"}, called]


def test_an_unknown_model_is_a_404_that_names_it():
    with pytest.raises(Problem) as raised:
        find("gpt-17")
    assert (raised.value.status, raised.value.code, raised.value.param) == (404, "model_not_found", "model")
    assert "gpt-17" in raised.value.message


def test_a_top_p_of_1_beside_a_temperature_asks_for_nothing():
    body = {**asked(temperature=0.1, top_p=1), "model": "claude-haiku-4.5"}
    assert to_converse(check(ChatRequest, body), find(body["model"]))["inferenceConfig"] == {"temperature": 0.1}
