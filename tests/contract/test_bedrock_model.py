"""Our tables against botocore's service model: they fail on the day AWS adds what they lack."""

import json
from pathlib import Path
from typing import get_args

import botocore.session
import pytest
from botocore.validate import ParamValidator
from openai.types.chat import ChatCompletion

from services.openai.chunks import stream_chunks
from services.openai.converse import FINISH_REASONS, MALFORMED, Envelope, from_converse, service_tier
from services.openai.faults import PROBLEMS

MODEL = botocore.session.get_session().get_service_model("bedrock-runtime")
OPERATIONS = (
    "Converse",
    "ConverseStream",
    "InvokeModel",
    "InvokeModelWithResponseStream",
    "CountTokens",
    "ApplyGuardrail",
)
ENVELOPE = Envelope("chatcmpl-1", 1, "m")
GOLDEN = sorted((Path(__file__).parents[1] / "golden" / "chat").iterdir())
CALL = {"id": "t", "type": "function", "function": {"name": "f", "arguments": '{"a":1}'}}
THOUGHT = {"reasoningText": {"text": "Hm.", "signature": "s"}}
# Every content block of an answer, with what a client reads of it.
ANSWERED = {
    "text": ("Hi", {"content": "Hi"}),
    "toolUse": ({"toolUseId": "t", "name": "f", "input": {"a": 1}}, {"tool_calls": [CALL]}),
    "reasoningContent": (
        THOUGHT,
        {
            "reasoning_content": "Hm.",
            "thinking_blocks": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
        },
    ),
    "citationsContent": ({"content": [{"text": "Hi"}], "citations": []}, {"content": "Hi"}),
}
# Those only a client sends never stand in an answer.
SENT_ONLY = {"document", "toolResult", "guardContent", "cachePoint", "searchResult", "toolAddition", "toolRemoval"}
NOT_ASKED_FOR = {"image", "video", "audio"}  # no chat model of the catalogue answers with media
# Every kind of reasoning, with the kind of block a client keeps of it.
REASONING = {
    "reasoningText": ({"text": "Hm.", "signature": "s"}, "thinking"),
    "redactedContent": ("AAAA", "redacted_thinking"),
}
# Every delta of a stream's, with what a client reads of it. Citations are asked for of no model, and results of tools
# that run at Bedrock and images come from none of the catalogue's.
DELTAS = {
    "text": ("Hi", {"content": "Hi"}),
    "toolUse": (
        {"input": '{"a":1}'},
        {"tool_calls": [{"index": 0, "function": {"arguments": '{"a":1}'}}]},
    ),
    "reasoningContent": ({"text": "Hm."}, {"reasoning_content": "Hm."}),
    "citation": ({"title": "A book"}, None),
    "toolResult": ([{"text": "Hi"}], None),
    "image": ({"source": {"bytes": "AAAA"}}, None),
}
STARTS = {
    "toolUse": (
        {"toolUseId": "t", "name": "f"},
        {"tool_calls": [{"index": 0, **CALL, "function": {"name": "f", "arguments": ""}}]},
    ),
    "toolResult": ({"toolUseId": "t"}, None),
    "image": ({"format": "png"}, None),
}
REASONING_DELTAS = {"text", "redactedContent", "signature"}
EVENTS = {"messageStart", "contentBlockStart", "contentBlockDelta", "contentBlockStop", "messageStop", "metadata"}
TOKENS = {
    *("inputTokens", "outputTokens", "cacheReadInputTokens", "cacheWriteInputTokens"),
    *("totalTokens", "cacheDetails"),  # a sum of ours, and the writes once more by their time to live
}
# What OpenAI's reply may say of how it was served: the SDK's Literal.
TIERS = set(get_args(next(one for one in get_args(ChatCompletion.model_fields["service_tier"].annotation) if one)))


def test_every_stop_reason_has_a_finish_reason_or_is_an_error():
    assert set(MODEL.shape_for("StopReason").enum) == set(FINISH_REASONS) | MALFORMED


@pytest.mark.parametrize("operation", OPERATIONS)
def test_every_declared_error_has_a_problem(operation):
    declared = {shape.name for shape in MODEL.operation_model(operation).error_shapes}
    assert declared <= set(PROBLEMS)


@pytest.mark.parametrize("stream", ["ConverseStreamOutput", "ResponseStream"])
def test_every_error_inside_a_stream_has_a_problem(stream):
    names = [name for name in MODEL.shape_for(stream).members if name.endswith("Exception")]
    assert names
    assert {name[0].upper() + name[1:] for name in names} <= set(PROBLEMS)


def test_every_event_of_a_stream_is_read_or_is_an_error():
    members = set(MODEL.shape_for("ConverseStreamOutput").members)
    assert {name for name in members if not name.endswith("Exception")} == EVENTS


@pytest.mark.parametrize(
    ("shape", "rows"),
    [
        ("ContentBlock", {*ANSWERED, *SENT_ONLY, *NOT_ASKED_FOR}),
        ("ContentBlockStart", set(STARTS)),
        ("ContentBlockDelta", set(DELTAS)),
        ("ReasoningContentBlock", set(REASONING)),
        ("ReasoningContentBlockDelta", REASONING_DELTAS),
        ("TokenUsage", TOKENS),
    ],
)
def test_every_member_has_a_row(shape, rows):
    assert set(MODEL.shape_for(shape).members) == rows


def answered(block):
    message = {"role": "assistant", "content": [block]}
    usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
    return {"output": {"message": message}, "stopReason": "end_turn", "usage": usage, "metrics": {"latencyMs": 1}}


@pytest.mark.parametrize(("kind", "row"), ANSWERED.items())
def test_every_block_of_an_answer_is_read(kind, row):
    sample, fields = row
    message = from_converse(answered({kind: sample}), ENVELOPE)["choices"][0]["message"]
    assert message == {"role": "assistant", "content": None, "refusal": None, **fields}


@pytest.mark.parametrize(("kind", "row"), REASONING.items())
def test_every_kind_of_reasoning_is_kept(kind, row):
    sample, kept = row
    reply = answered({"reasoningContent": {kind: sample}})
    (block,) = from_converse(reply, ENVELOPE)["choices"][0]["message"]["thinking_blocks"]
    assert block["type"] == kept


def read(*events):
    """What a client reads of the last of the events."""
    end = ("messageStop", {"stopReason": "end_turn"})
    *_, last, _ = stream_chunks([*events, end], ENVELOPE, include_usage=False)
    return last and last["choices"][0]["delta"]


@pytest.mark.parametrize(("kind", "row"), STARTS.items())
def test_every_start_of_a_block_is_read_or_says_nothing(kind, row):
    sample, delta = row
    assert read(("contentBlockStart", {"start": {kind: sample}, "contentBlockIndex": 0})) == delta


@pytest.mark.parametrize(("kind", "row"), DELTAS.items())
def test_every_delta_is_read_or_says_nothing(kind, row):
    sample, delta = row
    opened = ("contentBlockStart", {"start": {"toolUse": STARTS["toolUse"][0]}, "contentBlockIndex": 0})
    before = [opened] if kind == "toolUse" else []
    assert read(*before, ("contentBlockDelta", {"delta": {kind: sample}, "contentBlockIndex": 0})) == delta


def test_every_tier_that_serves_has_a_name_that_openai_has():
    for tier in MODEL.shape_for("ServiceTierType").enum:
        assert service_tier({"serviceTier": {"type": tier}})["service_tier"] in TIERS


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_every_request_we_make_is_valid_to_botocore(case):
    body = json.loads((case / "converse.json").read_text())
    report = ParamValidator().validate({"modelId": "m", **body}, MODEL.operation_model("Converse").input_shape)
    assert not report.has_errors(), report.generate_report()


@pytest.mark.parametrize("case", GOLDEN, ids=lambda case: case.name)
def test_every_reply_we_read_is_one_botocore_knows(case):
    reply = json.loads((case / "reply.json").read_text())
    report = ParamValidator().validate(reply, MODEL.operation_model("Converse").output_shape)
    assert not report.has_errors(), report.generate_report()
