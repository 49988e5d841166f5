"""What a model says before a tool's call and after it: a response tells them in this order, whole or streamed."""

from hypothesis import given, settings
from hypothesis import strategies as st

from services.openai.chunks import stream_chunks, whole_chunks
from services.openai.converse import PLAINLY
from services.openai.eventdata import chunks
from services.openai.sse import sse
from tests.converse_events import events_of
from tests.unit.openai.responses.test_events import answered
from tests.unit.openai.test_chunks import CONTENT, ENVELOPE, READ, STOP
from tests.unit.openai.test_chunks import answered as reply_of


def whole(reply, read=PLAINLY, **asked):
    return answered(whole_chunks(reply, ENVELOPE, read), **asked)[1]


def streamed(reply, size, read=PLAINLY, **asked):
    told = sse(stream_chunks(events_of(reply, size), ENVELOPE, include_usage=True, read=read))
    return answered(chunks(told), **asked)[1]


@given(content=CONTENT, stop=STOP, size=st.integers(1, 5), read=READ, summary=st.sampled_from([None, "auto"]))
@settings(deadline=None)
def test_the_whole_response_is_the_streamed_one(content, stop, size, read, summary):
    reply = reply_of(content, stop)
    asked = {"reasoning": {"summary": summary}, "store": False}
    assert whole(reply, read, **asked) == streamed(reply, size, read, **asked)


def test_text_after_a_call_is_an_item_after_it():
    call = {"toolUse": {"toolUseId": "t", "name": "f", "input": {"a": 1}}}
    reply = reply_of([{"text": "Before."}, call, {"text": "After."}], "tool_use")
    for response in (whole(reply), streamed(reply, 3)):
        first, second, third = response["output"]
        assert (first["content"][0]["text"], third["content"][0]["text"]) == ("Before.", "After.")
        assert (second["type"], second["arguments"]) == ("function_call", '{"a":1}')
        assert response["usage"]["total_tokens"] == 7
