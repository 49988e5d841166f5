"""A foreign stream that is cut ends in its own words."""

import json

import pytest
from openai.types import Completion
from openai.types.chat import ChatCompletionChunk

from services.openai.converse import Envelope
from services.openai.ending import Ending

ENVELOPE = Envelope("chatcmpl-ours", 5, "ours")


def said(*documents):
    return b"".join(b"data: " + json.dumps(document).encode() + b"\n\n" for document in documents)


def chunk(index=0, text="", finish=None, **more):
    choice = {"index": index, "delta": {"content": text}, "finish_reason": finish}
    return {"id": "theirs", "created": 7, "model": "gpt-x", "system_fingerprint": "fp", "choices": [choice], **more}


def test_a_foreign_stream_ends_under_its_own_name():
    ending = Ending({"stream_options": {"include_usage": True}}, ENVELOPE)
    ending.see(said(chunk(text="a"), chunk(text="b")))
    ending.see(b": still there\n\n" + said(chunk(text="c")))
    last, usage = ending.end()
    for made in (last, usage):
        ChatCompletionChunk.model_validate(made)
        assert (made["id"], made["created"], made["model"], made["system_fingerprint"]) == ("theirs", 7, "gpt-x", "fp")
    assert last["choices"] == [{"index": 0, "delta": {}, "logprobs": None, "finish_reason": "length"}]
    assert usage["usage"] == {"prompt_tokens": 0, "completion_tokens": 3, "total_tokens": 3}


def test_a_foreign_stream_of_which_nothing_came_ends_under_ours():
    (last,) = Ending({}, ENVELOPE).end()
    assert (last["id"], last["created"], last["model"]) == ("chatcmpl-ours", 5, "ours")
    assert last["choices"][0]["finish_reason"] == "length"


def test_an_answer_that_had_ended_does_not_end_again():
    ending = Ending({"n": 3, "stream_options": {"include_usage": True}}, ENVELOPE)
    ending.see(said(chunk(1, "a", "stop"), chunk(0, "b")))
    assert [made["choices"][0]["index"] for made in ending.end() if made["choices"]] == [0, 2]
    ending.told_usage()
    assert all(made["choices"] for made in ending.end())


@pytest.mark.parametrize(
    ("asked", "answers"),
    [
        ({"prompt": "x"}, 1),
        ({"prompt": ["x", "y"], "n": 2}, 4),
        ({"prompt": [1, 2, 3]}, 1),
        ({"prompt": [[1], [2]]}, 2),
    ],
)
def test_the_older_api_ends_in_its_own_form(asked, answers):
    made = list(Ending(asked, ENVELOPE).end())
    assert len(made) == answers
    for each in made:
        Completion.model_validate(each)
        assert (each["object"], each["choices"][0]["text"]) == ("text_completion", "")


@pytest.mark.parametrize("n", [10**12, -1, "2", None, True])
def test_a_wish_that_no_upstream_grants_does_no_harm(n):
    assert 1 <= len(list(Ending({"n": n}, ENVELOPE).end())) <= 2560


@pytest.mark.parametrize(
    "events",
    [
        b'data: {"finish_reason": "stop"\n\n',
        b'data: [{"finish_reason": "stop"}]\n\n',
        said({"choices": [None, {"finish_reason": "stop", "index": "0"}]}),
        said({"choices": "finish_reason"}, {"finish_reason": "stop", "choices": {}}),
        b'data: ["finish_reason", "finish_reason":"' + b"[" * 100_000 + b"\n\n",
        said(chunk(text='"finish_reason": "stop"')),
        b"data: [DONE]\n\n",
    ],
)
def test_what_is_no_end_is_not_taken_for_one(events):
    ending = Ending({}, ENVELOPE)
    ending.see(events)
    (last,) = ending.end()
    ChatCompletionChunk.model_validate(last)


def test_pieces_are_counted_and_what_adds_no_text_is_none():
    ending = Ending({}, ENVELOPE)
    ending.see(said(chunk(text=""), chunk(text='"content": "x"'), {"choices": [{"delta": {"reasoning_content": "y"}}]}))
    call = {"index": 0, "function": {"arguments": "{"}}
    ending.see(said({"choices": [{"delta": {"content": None, "tool_calls": [call]}}]}))
    assert ending.pieces == 3
