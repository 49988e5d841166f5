"""Whole and streamed answers, read by unmodified boto3."""

import json
from typing import Any

import pytest

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-lite-v1:0"
WEATHER = {
    "toolSpec": {
        "name": "get_weather",
        "description": "Weather of a city",
        "inputSchema": {
            "json": {
                "type": "object",
                "properties": {"city": {"type": "string"}, "days": {"type": "integer"}},
                "required": ["city"],
            }
        },
    }
}
ADD = {
    "toolSpec": {
        "name": "add",
        "description": "Adds numbers",
        "inputSchema": {"json": {"type": "object", "properties": {"a": {"type": "number"}, "b": {"type": "number"}}}},
    }
}
PING = {"toolSpec": {"name": "ping", "inputSchema": {"json": {"type": "object"}}}}
THINKING = {"additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}}}
SCHEMA = {
    "type": "object",
    "properties": {"name": {"type": "string"}, "age": {"type": "integer"}},
    "required": ["name", "age"],
    "additionalProperties": False,
}


def user(text: str) -> dict[str, Any]:
    return {"role": "user", "content": [{"text": text}]}


def textual(reply: dict[str, Any]) -> str:
    return "".join(block.get("text", "") for block in reply["output"]["message"]["content"])


def glued(stream: Any) -> dict[str, Any]:
    """A stream's events put together to what Converse answers; fails on events out of order."""
    events = list(stream)
    assert [next(iter(event)) for event in (events[0], events[-2], events[-1])] == [
        "messageStart",
        "messageStop",
        "metadata",
    ]
    blocks: dict[int, dict[str, Any]] = {}
    stopped: set[int] = set()
    for event in events[1:-2]:
        ((name, payload),) = event.items()
        index = payload["contentBlockIndex"]
        assert index not in stopped
        if name == "contentBlockStop":
            assert index == len(stopped), "blocks end in order"
            stopped.add(index)
        elif name == "contentBlockStart":
            assert index not in blocks
            blocks[index] = {"toolUse": {**payload["start"]["toolUse"], "input": ""}}
        else:
            extend(blocks.setdefault(index, {}), payload["delta"])
    assert stopped == set(blocks)
    for block in blocks.values():
        if "toolUse" in block:
            block["toolUse"]["input"] = json.loads(block["toolUse"]["input"] or "{}")
    return {
        "content": [blocks[index] for index in sorted(blocks)],
        "stopReason": events[-2]["messageStop"]["stopReason"],
        "usage": events[-1]["metadata"]["usage"],
    }


def extend(block: dict[str, Any], delta: dict[str, Any]) -> None:
    ((kind, value),) = delta.items()
    if kind == "text":
        block["text"] = block.get("text", "") + value
    elif kind == "toolUse":
        block["toolUse"]["input"] += value["input"]
    elif "redactedContent" in value:
        block["reasoningContent"] = value
    else:
        ((part, text),) = value.items()
        shown = block.setdefault("reasoningContent", {"reasoningText": {}})["reasoningText"]
        shown[part] = shown.get(part, "") + text


REQUESTS: dict[str, dict[str, Any]] = {
    "plain": {"messages": [user("Tell me of the sea, the wind and the harbour.")]},
    "emoji and newlines": {"messages": [user('Say exactly: "näive 🦉\\n  two  spaces "')]},
    "cut by max tokens": {"messages": [user("Count to 200")], "inferenceConfig": {"maxTokens": 17}},
    "stopped": {"messages": [user("Count to 20")], "inferenceConfig": {"stopSequences": ["zebra", ", 7"]}},
    "stopped at once": {"messages": [user("Count to 20")], "inferenceConfig": {"stopSequences": ["1"]}},
    "one tool": {"messages": [user("Weather in Oslo?")], "toolConfig": {"tools": [WEATHER, ADD]}},
    "two tools": {
        "messages": [user('Call get_weather for "Paris" and add 2 and 3')],
        "toolConfig": {"tools": [WEATHER, ADD]},
    },
    "no arguments": {"messages": [user("Please ping")], "toolConfig": {"tools": [PING]}},
    "forced tool": {
        "messages": [user("Anything")],
        "toolConfig": {"tools": [WEATHER, ADD], "toolChoice": {"tool": {"name": "add"}}},
    },
    "thinking": {"messages": [user("Why is the sky blue?")], **THINKING},
    "thinking, then a tool": {"messages": [user("Weather in Oslo?")], "toolConfig": {"tools": [WEATHER]}, **THINKING},
    "schema": {
        "messages": [user('Ada is called "Ada Lovelace", age 36')],
        "outputConfig": {
            "textFormat": {"type": "json_schema", "structure": {"jsonSchema": {"schema": json.dumps(SCHEMA)}}}
        },
    },
    "prefill": {"messages": [user("Describe a tree"), {"role": "assistant", "content": [{"text": "A tree"}]}]},
    "system": {"messages": [user("Who are you?")], "system": [{"text": "You are a librarian."}]},
    "guarded": {
        "messages": [user("Tell me about operation moonbeam")],
        "guardrailConfig": {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "1", "trace": "enabled"},
    },
}


@pytest.mark.parametrize("name", REQUESTS)
def test_a_glued_stream_is_the_whole_reply(bedrock: Any, name: str) -> None:
    request = {"modelId": CLAUDE, **REQUESTS[name]}
    whole = bedrock.runtime.converse(**request)
    streamed = glued(bedrock.runtime.converse_stream(**request)["stream"])
    assert streamed == {
        "content": whole["output"]["message"]["content"],
        "stopReason": whole["stopReason"],
        "usage": whole["usage"],
    }


@pytest.mark.parametrize("name", REQUESTS)
def test_the_same_request_gets_the_same_answer(bedrock: Any, name: str) -> None:
    first, second = (bedrock.runtime.converse(modelId=CLAUDE, **REQUESTS[name])["output"] for _ in range(2))
    assert first == second


@pytest.mark.parametrize(
    ("prompt", "answer"),
    [
        ('Say exactly: "the owl flies at night"', "the owl flies at night"),
        ("Reply with the single word pong.", "pong"),
        ("Reply with exactly: all good", "all good"),
        ("Count to 5", "1, 2, 3, 4, 5"),
        ("Please count from 3 to 6.", "3, 4, 5, 6"),
        ("What is 6 times 7?", "42"),
        ("Compute 7/2", "3.5"),
        ("Hello!", "Hello! I am a simulated model. How can I help you?"),
    ],
)
def test_simple_wishes_are_fulfilled(bedrock: Any, prompt: str, answer: str) -> None:
    assert textual(bedrock.runtime.converse(modelId=NOVA, messages=[user(prompt)])) == answer


def test_other_answers_say_that_they_are_simulated_and_repeat_the_prompt(bedrock: Any) -> None:
    text = textual(bedrock.runtime.converse(modelId=NOVA, messages=[user("Describe the moon")]))
    assert "simulated" in text
    assert "Describe the moon" in text
    assert "Nova Lite" in text


def test_the_conversation_and_the_files_show_in_the_answer(bedrock: Any) -> None:
    picture = {"image": {"format": "png", "source": {"bytes": b"\x89PNG\r\n\x1a\n1234"}}}
    paper = {"document": {"format": "txt", "name": "notes", "source": {"bytes": b"some notes"}}}
    messages = [
        user("First"),
        {"role": "assistant", "content": [{"text": "Yes"}]},
        {"role": "user", "content": [{"text": "And these?"}, picture, paper]},
    ]
    text = textual(bedrock.runtime.converse(modelId=NOVA, messages=messages))
    assert "turn number 2" in text
    assert "image (png, 12 bytes)" in text
    assert "document notes (txt, 10 bytes)" in text


def test_max_tokens_and_stop_sequences_end_an_answer(bedrock: Any) -> None:
    def ended(**config: Any) -> tuple[str, str, int]:
        reply = bedrock.runtime.converse(modelId=CLAUDE, messages=[user("Count to 50")], inferenceConfig=config)
        return textual(reply), reply["stopReason"], reply["usage"]["outputTokens"]

    assert ended(maxTokens=3) == ("1, 2", "max_tokens", 3)
    assert ended(stopSequences=["5", "4"]) == ("1, 2, 3, ", "stop_sequence", 7)
    assert ended(maxTokens=3, stopSequences=["9"])[1] == "max_tokens"
    assert ended(maxTokens=99)[1] == "end_turn"


def test_the_stop_sequence_is_told_to_who_asks(bedrock: Any) -> None:
    reply = bedrock.runtime.converse(
        modelId=CLAUDE,
        messages=[user("Count to 9")],
        inferenceConfig={"stopSequences": ["5"]},
        additionalModelResponseFieldPaths=["/stop_sequence"],
    )
    assert reply["additionalModelResponseFields"] == {"stop_sequence": "5"}


def test_usage_grows_with_the_prompt_and_adds_up(bedrock: Any) -> None:
    def usage(text: str, **more: Any) -> dict[str, int]:
        return bedrock.runtime.converse(modelId=NOVA, messages=[user(text)], **more)["usage"]

    short, long = usage("Hi"), usage("Hi " * 100)
    assert long["inputTokens"] > short["inputTokens"] + 90
    assert usage("Hi", toolConfig={"tools": [ADD]})["inputTokens"] > short["inputTokens"]
    assert usage("Hi", system=[{"text": "Be brief."}])["inputTokens"] > short["inputTokens"]
    assert short["totalTokens"] == short["inputTokens"] + short["outputTokens"]


def test_a_cached_prefix_is_written_once_and_then_read(bedrock: Any) -> None:
    system = [{"text": "Long instructions of the cache test. " * 400}, {"cachePoint": {"type": "default"}}]

    def usage(text: str) -> dict[str, Any]:
        return bedrock.runtime.converse(modelId=NOVA, system=system, messages=[user(text)])["usage"]

    first, second = usage("One"), usage("Another question")
    written = first["cacheWriteInputTokens"]
    assert written > 1000
    assert first["cacheReadInputTokens"] == 0
    assert (second["cacheReadInputTokens"], second["cacheWriteInputTokens"]) == (written, 0)
    assert first["inputTokens"] < 20
    assert first["totalTokens"] == written + first["inputTokens"] + first["outputTokens"]
    assert first["cacheDetails"] == [{"ttl": "5m", "inputTokens": written}]


def test_a_prefix_shorter_than_the_model_caches_is_not_cached(bedrock: Any) -> None:
    system = [{"text": "Short."}, {"cachePoint": {"type": "default"}}]
    usage = bedrock.runtime.converse(modelId=NOVA, system=system, messages=[user("Hi")])["usage"]
    assert (usage["cacheReadInputTokens"], usage["cacheWriteInputTokens"]) == (0, 0)


def reasoning(bedrock: Any, model: str, **more: Any) -> list[dict[str, Any]]:
    reply = bedrock.runtime.converse(modelId=model, messages=[user("Think of a number")], **more)
    return [block["reasoningContent"] for block in reply["output"]["message"]["content"] if "reasoningContent" in block]


def test_claude_signs_its_thoughts_and_others_do_not(bedrock: Any) -> None:
    assert reasoning(bedrock, CLAUDE) == []
    (thoughts,) = reasoning(bedrock, CLAUDE, **THINKING)
    assert thoughts["reasoningText"]["signature"]
    for model in ("us.deepseek.r1-v1:0", "openai.gpt-oss-120b-1:0"):
        (thoughts,) = reasoning(bedrock, model)
        assert set(thoughts["reasoningText"]) == {"text"}
    effort = {"reasoningConfig": {"type": "enabled", "maxReasoningEffort": "low"}}
    nova = reasoning(bedrock, "us.amazon.nova-2-lite-v1:0", additionalModelRequestFields=effort)
    assert nova == [{"reasoningText": {"text": "[REDACTED]"}}]


def test_a_schema_is_answered_with_an_instance(bedrock: Any) -> None:
    reply = bedrock.runtime.converse(modelId=CLAUDE, **REQUESTS["schema"])
    assert json.loads(textual(reply)) == {"name": "Ada Lovelace", "age": 36}


def test_a_guardrail_blocks_a_prompt_and_masks_an_answer(bedrock: Any) -> None:
    blocked = bedrock.runtime.converse(modelId=NOVA, **REQUESTS["guarded"])
    assert blocked["stopReason"] == "guardrail_intervened"
    assert textual(blocked) == "Sorry, the simulated guardrail does not let this pass."
    assert blocked["usage"]["outputTokens"] == 0
    assessed = blocked["trace"]["guardrail"]["inputAssessment"]["simulatedguard1"]
    assert assessed["wordPolicy"]["customWords"][0]["match"] == "operation moonbeam"
    guard = {"guardrailIdentifier": "simulatedguard1", "guardrailVersion": "DRAFT"}
    masked = bedrock.runtime.converse(modelId=NOVA, messages=[user('Say "ask ada@example.com"')], guardrailConfig=guard)
    assert textual(masked) == "ask {EMAIL}"
    assert "trace" not in masked


@pytest.mark.parametrize(
    "model",
    [
        "amazon.nova-pro-v1:0",
        "us.amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1::foundation-model/amazon.nova-pro-v1:0",
        "arn:aws:bedrock:us-east-1:123456789012:inference-profile/us.amazon.nova-pro-v1:0",
        "global.anthropic.claude-sonnet-4-5-20250929-v1:0",
        "us.meta.llama3-3-70b-instruct-v1:0",
        "mistral.mistral-large-2402-v1:0",
    ],
)
def test_ids_and_arns_of_models_and_profiles_are_all_accepted(bedrock: Any, model: str) -> None:
    assert textual(bedrock.runtime.converse(modelId=model, messages=[user("Count to 3")])) == "1, 2, 3"
    assert bedrock.calls()[-1]["model"] == model.rpartition("/")[2].removeprefix("us.").removeprefix("global.")


def test_service_tier_and_latency_are_echoed(bedrock: Any) -> None:
    reply = bedrock.runtime.converse(
        modelId="amazon.nova-pro-v1:0",
        messages=[user("Hi")],
        serviceTier={"type": "flex"},
        performanceConfig={"latency": "optimized"},
    )
    assert reply["serviceTier"] == {"type": "flex"}
    assert reply["performanceConfig"] == {"latency": "optimized"}


def test_a_script_sends_exactly_its_deltas(bedrock: Any) -> None:
    deltas = [f"{number} " for number in range(64)]
    for burst in (False, True):
        bedrock.script(text_deltas=deltas, burst=burst)
        events = list(bedrock.runtime.converse_stream(modelId=CLAUDE, messages=[user("x")])["stream"])
        sent = [event["contentBlockDelta"]["delta"]["text"] for event in events if "contentBlockDelta" in event]
        assert sent == deltas
        assert textual(bedrock.runtime.converse(modelId=CLAUDE, messages=[user("x")])) == "".join(deltas)
    bedrock.http.delete("/_stand_in/script")
    assert textual(bedrock.runtime.converse(modelId=CLAUDE, messages=[user("Count to 2")])) == "1, 2"


def test_a_script_can_be_for_one_answer_only(bedrock: Any) -> None:
    bedrock.script(text_deltas=["once"], times=1)
    texts = [textual(bedrock.runtime.converse(modelId=CLAUDE, messages=[user("Count to 2")])) for _ in range(2)]
    assert texts == ["once", "1, 2"]


@pytest.mark.parametrize(
    "wish", [{}, {"text_deltas": []}, {"text_deltas": [1]}, {"text_deltas": ["a"], "times": 0}, []]
)
def test_a_senseless_script_is_refused(bedrock: Any, wish: Any) -> None:
    assert bedrock.http.post("/_stand_in/script", json=wish).status_code == 400
