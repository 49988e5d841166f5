"""The law of streams: the events, glued as Anthropic's SDK glues them, are the message of the whole reply."""

import json

import pytest
from anthropic.types import RawMessageStreamEvent
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter

from pennyworth.errors import Problem
from services.openai.converse import MALFORMED, Envelope
from services.openai.messages.events import message_events, whole_events
from services.openai.messages.reply import STOP_REASONS, from_converse
from services.openai.messages.sse import MESSAGE
from services.openai.sse import sse
from tests.contract.test_bedrock_model import MODEL

ENVELOPE = Envelope("msg_1", 1, "m")
USAGE = {"inputTokens": 5, "outputTokens": 2, "totalTokens": 7, "cacheReadInputTokens": 3}
EVENT = TypeAdapter(RawMessageStreamEvent)

TEXT = st.text(min_size=1, max_size=12)
BLOCK = st.one_of(
    st.builds(lambda text: {"text": text}, TEXT),
    st.builds(
        lambda name, given: {"toolUse": {"toolUseId": f"id_{name}", "name": name, "input": given}},
        st.sampled_from("fgh"),
        st.sampled_from([{}, {"a": 1}, {"city": "Ålesund", "days": [1, 2]}]),
    ),
    st.builds(
        lambda text, signed: {"reasoningContent": {"reasoningText": {"text": text, **signed}}},
        st.one_of(TEXT, st.just("")),
        st.sampled_from([{"signature": "c2ln"}, {}]),
    ),
    st.just({"reasoningContent": {"redactedContent": "c2VhbGVk"}}),
)


def apart(text, size):
    return [text[at : at + size] for at in range(0, len(text), size)]


def streamed(blocks, stop, size):
    """The events in which Bedrock streams these blocks: a start only for a tool's use."""
    yield "messageStart", {"role": "assistant"}
    for index, block in enumerate(blocks):
        at = {"contentBlockIndex": index}
        if "text" in block:
            deltas = [{"text": piece} for piece in apart(block["text"], size)]
        elif "toolUse" in block:
            used = block["toolUse"]
            start = {"toolUse": {"toolUseId": used["toolUseId"], "name": used["name"]}}
            yield "contentBlockStart", {"start": start, **at}
            text = json.dumps(used["input"]) if used["input"] else ""
            deltas = [{"toolUse": {"input": piece}} for piece in apart(text, size)]
        else:
            deltas = [{"reasoningContent": piece} for piece in thought(block["reasoningContent"], size)]
        for delta in deltas:
            yield "contentBlockDelta", {"delta": delta, **at}
        yield "contentBlockStop", at
    yield "messageStop", {"stopReason": stop}
    yield "metadata", {"usage": USAGE, "metrics": {"latencyMs": 1}}


def thought(content, size):
    if "redactedContent" in content:
        return [content]
    shown = content["reasoningText"]
    signed = [{"signature": piece} for piece in apart(shown.get("signature", ""), 3)]
    return [{"text": piece} for piece in apart(shown["text"], size)] + signed


def glued(events):
    message, texts = None, {}
    for event in filter(None, events):
        EVENT.validate_python(event)
        match event["type"]:
            case "message_start":
                message = event["message"] | {"content": []}
            case "content_block_start":
                assert event["index"] == len(message["content"])
                message["content"].append(dict(event["content_block"]))
                texts[event["index"]] = ""
            case "content_block_delta":
                assert event["index"] == len(message["content"]) - 1
                block, delta = message["content"][event["index"]], event["delta"]
                match delta["type"]:
                    case "text_delta":
                        block["text"] += delta["text"]
                    case "thinking_delta":
                        block["thinking"] += delta["thinking"]
                    case "signature_delta":
                        block["signature"] = delta["signature"]
                    case "input_json_delta":
                        texts[event["index"]] += delta["partial_json"]
                        block["input"] = None
            case "content_block_stop":
                block = message["content"][event["index"]]
                if block["type"] == "tool_use":
                    block["input"] = json.loads(texts[event["index"]] or "{}")
            case "message_delta":
                message |= event["delta"]
                message["usage"] = event["usage"]
    assert event["type"] == "message_stop"
    return message


def reply(blocks, stop):
    return {"output": {"message": {"role": "assistant", "content": blocks}}, "stopReason": stop, "usage": USAGE}


@given(st.lists(BLOCK, max_size=5), st.sampled_from(sorted(STOP_REASONS)), st.integers(1, 7), st.booleans())
def test_the_events_glued_are_the_message(blocks, stop, size, one_call):
    whole = from_converse(reply(blocks, stop), ENVELOPE, one_call=one_call)
    assert glued(message_events(streamed(blocks, stop, size), ENVELOPE, one_call=one_call)) == whole
    assert glued(whole_events(whole)) == whole


def test_every_stop_reason_of_bedrocks_has_one_of_anthropics_or_is_a_failure():
    assert set(MODEL.shape_for("StopReason").enum) == set(STOP_REASONS) | MALFORMED


@pytest.mark.parametrize("reason", sorted(MALFORMED))
def test_a_model_that_failed_at_its_own_format_is_a_problem(reason):
    with pytest.raises(Problem) as raised:
        from_converse(reply([{"text": "x"}], reason), ENVELOPE)
    assert raised.value.code == "upstream_error"


def test_a_stream_that_just_ends_says_so_in_an_error_event():
    cut = list(streamed([{"text": "Hel"}], "end_turn", 3))[:-2]
    *_, last = b"".join(sse(message_events(cut, ENVELOPE), form=MESSAGE)).strip().split(b"\n\n")
    name, data = last.split(b"\n")
    assert name == b"event: error"
    body = json.loads(data.removeprefix(b"data: "))
    assert (body["type"], body["error"]["type"]) == ("error", "api_error")


def test_each_event_is_named():
    events = b"".join(sse(message_events(streamed([{"text": "Hi"}], "end_turn", 3), ENVELOPE), form=MESSAGE))
    for event in events.strip().split(b"\n\n"):
        name, data = event.split(b"\n")
        assert name.removeprefix(b"event: ").decode() == json.loads(data.removeprefix(b"data: "))["type"]
    assert b"[DONE]" not in events


def test_a_failure_after_the_first_byte_is_no_clean_end():
    def broken():
        yield {"type": "ping"}
        raise Problem("rate_limit_exceeded")

    *_, last = b"".join(sse(broken(), form=MESSAGE)).strip().split(b"\n\n")
    assert json.loads(last.split(b"data: ")[1])["error"]["type"] == "rate_limit_error"


@pytest.mark.parametrize("failure", [Problem("rate_limit_exceeded"), None])
def test_a_failure_before_bedrock_said_anything_is_raised_while_another_model_may_answer(failure):
    def silent():
        if failure:
            raise failure
        yield from ()

    with pytest.raises(Problem) as raised:
        next(sse(message_events(silent(), ENVELOPE), form=MESSAGE))
    assert raised.value.code == ("rate_limit_exceeded" if failure else "upstream_error")
