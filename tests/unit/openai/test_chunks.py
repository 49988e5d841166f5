import pytest
from hypothesis import given
from hypothesis import strategies as st
from openai.types.chat import ChatCompletionChunk

from pennyworth.errors import Problem
from services.openai.choices import interleaved, summed, together
from services.openai.chunks import ending, stream_chunks
from services.openai.converse import Envelope, Reading, from_converse
from services.openai.formats import ANSWER
from tests.converse_events import events_of

ENVELOPE = Envelope("chatcmpl-1", 1700000000, "nova-lite")
USAGE = {"inputTokens": 3, "outputTokens": 4, "totalTokens": 7}
TEXT = st.text(min_size=1, max_size=8)
JSON = st.dictionaries(TEXT, st.one_of(st.integers(), TEXT), max_size=3)
BLOCK = st.one_of(
    st.builds(lambda text: {"text": text}, TEXT),
    st.builds(lambda name, value: {"toolUse": {"toolUseId": f"id-{name}", "name": name, "input": value}}, TEXT, JSON),
    st.builds(lambda text: {"reasoningContent": {"reasoningText": {"text": text, "signature": "s"}}}, TEXT),
    st.builds(lambda text: {"reasoningContent": {"reasoningText": {"text": text}}}, TEXT),  # as of Nova and DeepSeek
    st.builds(
        lambda text: {"citationsContent": {"content": [{"text": text}], "citations": [{"title": "A book"}]}}, TEXT
    ),
    st.just({"reasoningContent": {"redactedContent": "AAAA"}}),
    st.builds(lambda value: {"toolUse": {"toolUseId": "ours", "name": ANSWER, "input": value}}, JSON),
)


def glue(chunks, index=0):
    """What a client makes of the chunks: the message of a choice, its finish reason, the usage."""
    message, finish, usage = {"role": None, "content": None, "refusal": None}, None, None
    for chunk in filter(None, chunks):
        usage = chunk.get("usage") or usage
        for choice in chunk["choices"]:
            if choice["index"] != index:
                continue
            finish = choice["finish_reason"] or finish
            for field, value in choice["delta"].items():
                if field == "tool_calls":
                    calls = message.setdefault("tool_calls", [])
                    for call in value:
                        if call["index"] == len(calls):
                            calls.append(
                                {key: call[key] for key in ("id", "type")} | {"function": dict(call["function"])}
                            )
                        else:
                            calls[call["index"]]["function"]["arguments"] += call["function"]["arguments"]
                elif field == "thinking_blocks":
                    for block in value:
                        assert block["index"] == len(message.setdefault("thinking_blocks", []))
                        message["thinking_blocks"].append({key: block[key] for key in block if key != "index"})
                elif field in ("role", "refusal"):
                    message[field] = value
                else:
                    message[field] = (message.get(field) or "") + value
    if not message["content"]:
        message["content"] = None
    return message, finish, usage


CONTENT = st.lists(BLOCK, max_size=5)
STOP = st.sampled_from(["end_turn", "tool_use", "max_tokens", "stop_sequence"])
READ = st.builds(Reading, st.booleans(), st.booleans())


def answered(content, stop):
    return {"output": {"message": {"role": "assistant", "content": content}}, "stopReason": stop, "usage": USAGE}


@given(content=CONTENT, stop=STOP, size=st.integers(1, 5), read=READ)
def test_the_chunks_of_a_stream_glued_are_the_message_of_the_whole_reply(content, stop, size, read):
    reply = answered(content, stop)
    whole = from_converse(reply, ENVELOPE, read)
    glued = glue(stream_chunks(events_of(reply, size), ENVELOPE, True, read))
    choice = whole["choices"][0]
    assert glued == (choice["message"], choice["finish_reason"], whole["usage"])


@given(contents=st.lists(CONTENT, min_size=2, max_size=3), stop=STOP, size=st.integers(1, 5), read=READ)
def test_so_are_those_of_each_of_several_answers(contents, stop, size, read):
    replies = [answered(content, stop) for content in contents]
    whole = together([from_converse(reply, ENVELOPE, read) for reply in replies])
    streams = [stream_chunks(events_of(reply, size), ENVELOPE, True, read) for reply in replies]
    chunks = list(interleaved(streams))
    for choice in whole["choices"]:
        assert glue(chunks, choice["index"]) == (choice["message"], choice["finish_reason"], whole["usage"])
    assert whole["usage"] == summed([from_converse(reply, ENVELOPE)["usage"] for reply in replies])


def reply(*content):
    return {"output": {"message": {"content": list(content)}}, "stopReason": "end_turn", "usage": USAGE}


def said(include_usage):
    return list(filter(None, stream_chunks(events_of(reply({"text": "x"}), 1), ENVELOPE, include_usage)))


def test_without_include_usage_no_chunk_speaks_of_usage():
    chunks = said(include_usage=False)
    assert all("usage" not in chunk and chunk["choices"] for chunk in chunks)


def test_with_include_usage_the_last_chunk_alone_holds_it():
    *chunks, last = said(include_usage=True)
    assert all(chunk["usage"] is None for chunk in chunks)
    assert (last["choices"], last["usage"]["total_tokens"]) == ([], 7)


def test_a_stream_that_just_ends_is_an_error_not_a_stop():
    events = list(events_of(reply({"text": "abc"}), 1))[:3]
    with pytest.raises(Problem) as raised:
        list(stream_chunks(events, ENVELOPE, include_usage=False))
    assert raised.value.code == "upstream_error"


STARTED = ("messageStart", {"role": "assistant"})
SAID = ("contentBlockDelta", {"delta": {"text": "Hi"}, "contentBlockIndex": 0})
STOPPED = ("messageStop", {"stopReason": "end_turn"})
SPENT = ("metadata", {"usage": {"inputTokens": 4, "outputTokens": 9, "totalTokens": 13}})


@pytest.mark.parametrize(
    ("came", "finish", "completion_tokens"),
    [
        ([], "length", 0),
        ([STARTED], "length", 0),
        ([STARTED, SAID, SAID], "length", 2),
        ([STARTED, SAID, STOPPED], "stop", 1),
        ([STARTED, SAID, STOPPED, SPENT], "stop", 9),
    ],
)
def test_a_converse_stream_is_made_whole_wherever_it_was_cut(came, finish, completion_tokens):
    pieces = sum(name == "contentBlockDelta" for name, _ in came)
    events = [*came, *ending({name for name, _ in came}, pieces)]
    chunks = [chunk for chunk in stream_chunks(events, ENVELOPE, include_usage=True) if chunk]
    for chunk in chunks:
        ChatCompletionChunk.model_validate(chunk)
    assert [choice["finish_reason"] for chunk in chunks for choice in chunk["choices"]][-1] == finish
    assert chunks[0]["choices"][0]["delta"]["role"] == "assistant"
    assert chunks[-1]["usage"]["completion_tokens"] == completion_tokens
    assert sum(bool(chunk.get("usage")) for chunk in chunks) == 1


def test_a_call_that_was_cut_is_no_finished_call():
    tool = ("contentBlockStart", {"start": {"toolUse": {"toolUseId": "t", "name": "f"}}, "contentBlockIndex": 0})
    half = ("contentBlockDelta", {"delta": {"toolUse": {"input": '{"a'}}, "contentBlockIndex": 0})
    events = [STARTED, tool, half, *ending({"messageStart"}, 1)]
    chunks = [chunk for chunk in stream_chunks(events, ENVELOPE, include_usage=False) if chunk]
    assert chunks[-1]["choices"][0]["finish_reason"] == "length"
