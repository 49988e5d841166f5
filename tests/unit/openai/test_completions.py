"""The older API on top of a chat: what a prompt becomes, and what becomes of the answer."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.body import check
from pennyworth.errors import Problem
from services.openai.completions import CompletionRequest, chats, text_completion, text_events
from services.openai.converse import Envelope
from services.openai.sse import sse

ENVELOPE = Envelope("cmpl-1", 1700000000, "nova-lite")
BASE = {"id": "cmpl-1", "object": "chat.completion.chunk", "created": 1700000000, "model": "nova-lite"}


def request(prompt="Once", **more):
    return check(CompletionRequest, {"model": "nova-lite", "prompt": prompt, **more})


def completion(*texts, finish="stop"):
    choices = [
        {"index": index, "message": {"role": "assistant", "content": text}, "logprobs": None, "finish_reason": finish}
        for index, text in enumerate(texts)
    ]
    usage = {
        "prompt_tokens": 3,
        "completion_tokens": 2,
        "total_tokens": 5,
        "prompt_tokens_details": {"cached_tokens": 1},
    }
    return {"choices": choices, "usage": usage}


def chunk(finish=None, index=0, **delta):
    return {**BASE, "choices": [{"index": index, "delta": delta, "logprobs": None, "finish_reason": finish}]}


def texts(chunks, asked):
    """The events, and the text of each choice that a client makes of them."""
    written = b"".join(text_events(sse(chunks), asked))
    glued = {}
    for event in written.split(b"\n\n")[:-1]:
        if event != b"data: [DONE]":
            made = json.loads(event.removeprefix(b"data: "))
            assert made["object"] == "text_completion"
            for choice in made["choices"]:
                glued[choice["index"]] = glued.get(choice["index"], "") + choice["text"]
    return written, glued


def test_a_prompt_becomes_a_users_message():
    (chat,) = chats(request(temperature=0.5, stop="x", n=1, best_of=1, echo=False, suffix="", logit_bias={}, user="u"))
    assert chat == {
        "model": "nova-lite",
        "messages": [{"role": "user", "content": "Once"}],
        "max_tokens": 16,
        "temperature": 0.5,
        "stop": "x",
        "n": 1,
        "user": "u",
    }


@pytest.mark.parametrize("given", [[9906, 1917], [[9906, 1917]]])
def test_token_ids_become_their_text(given):
    assert request(given).prompt == ["Hello world"]


def test_every_prompt_is_a_chat_and_the_choices_keep_their_order():
    asked = request(["a", "b"], n=2, max_tokens=5)
    assert [chat["messages"][0]["content"] for chat in chats(asked)] == ["a", "b"]
    made = text_completion([completion("A", "AA"), completion("B", None, finish="length")], asked, ENVELOPE)
    assert [(choice["index"], choice["text"]) for choice in made["choices"]] == [(0, "A"), (1, "AA"), (2, "B"), (3, "")]
    assert [choice["finish_reason"] for choice in made["choices"]] == ["stop", "stop", "length", "length"]
    counts = {"prompt_tokens": 6, "completion_tokens": 4, "total_tokens": 10}
    assert made["usage"] == {**counts, "prompt_tokens_details": {"cached_tokens": 2}}
    assert (made["id"], made["object"]) == ("cmpl-1", "text_completion")


def test_an_echo_begins_each_answer_with_its_prompt():
    made = text_completion([completion("A"), completion("B")], request(["a ", "b "], echo=True), ENVELOPE)
    assert [choice["text"] for choice in made["choices"]] == ["a A", "b B"]


@pytest.mark.parametrize("echo", [False, True])
@given(st.lists(st.text(max_size=5), max_size=6))
def test_the_events_of_a_stream_glued_are_the_text_of_the_whole(echo, said):
    asked = request(echo=echo, stream=True)
    chunks = [chunk(role="assistant"), *(chunk(content=text) for text in said), chunk("stop")]
    written, glued = texts(chunks, asked)
    whole = text_completion([completion("".join(said))], asked, ENVELOPE)
    assert glued == {0: whole["choices"][0]["text"]}
    assert written.endswith(b"data: [DONE]\n\n")


def test_what_a_model_thinks_is_no_text_and_usage_passes():
    usage = {**BASE, "choices": [], "usage": {"prompt_tokens": 1}}
    written, glued = texts([chunk(reasoning_content="Hm."), chunk("stop", content="Hi"), usage], request(stream=True))
    assert glued == {0: "Hi"}
    assert b"Hm." not in written
    assert b'"usage":{"prompt_tokens":1}' in written


def test_a_failure_after_the_first_byte_passes_as_it_is():
    def broken():
        yield chunk(content="Hi")
        raise Problem("upstream_error")

    written = b"".join(text_events(sse(broken()), request(stream=True)))
    assert b'"code":"upstream_error"' in written
    assert b"[DONE]" not in written


def test_a_client_that_hangs_up_closes_the_chat():
    closed = []

    def events():
        try:
            yield b'data: {"choices":[{"index":0,"delta":{"content":"a"},"finish_reason":null}]}\n\n'
            yield b"data: [DONE]\n\n"
        finally:
            closed.append(True)

    written = text_events(events(), request(stream=True))
    next(written)
    written.close()
    assert closed


@pytest.mark.parametrize(
    ("body", "code", "param", "words"),
    [
        ({"model": "nova-lite"}, "missing_required_parameter", "prompt", "Missing"),
        ({"prompt": " "}, "invalid_value", "prompt", "not blank"),
        ({"prompt": []}, "invalid_value", "prompt", "not blank"),
        ({"prompt": ["a", ""]}, "invalid_value", "prompt[1]", "not blank"),
        ({"prompt": [100256]}, "invalid_value", "prompt", "no token of cl100k_base"),
        ({"prompt": [220]}, "invalid_value", "prompt", "not blank"),
        ({"prompt": [[1], [220]]}, "invalid_value", "prompt[1]", "not blank"),
        ({"prompt": [[1], [-1]]}, "invalid_value", "prompt[1]", "no token of cl100k_base"),
        ({"prompt": [[1], []]}, "invalid_value", "prompt[1]", "not be empty"),
        ({"prompt": [1, "a"]}, "invalid_value", "prompt[0]", "string"),
        ({"prompt": [["a"]]}, "invalid_value", "prompt[0]", "string"),
        ({"prompt": ["a"] * 21}, "invalid_value", "prompt", "20 are the most"),
        ({"prompt": ["a", "b"], "stream": True}, "invalid_value", "prompt", "a request for each"),
        ({"prompt": "a", "best_of": 2}, "invalid_value", "best_of", "must equal 'n'"),
        ({"prompt": "a", "best_of": True}, "invalid_value", "best_of", "integer"),
        ({"prompt": "a", "logprobs": 0}, "unsupported_parameter", "logprobs", "Leave it out"),
        ({"prompt": "a", "suffix": "b"}, "unsupported_parameter", "suffix", "Leave it out"),
        ({"prompt": "a", "logit_bias": {"1": 1}}, "unsupported_parameter", "logit_bias", "Leave it out"),
        ({"prompt": "a", "echo": 1}, "invalid_value", "echo", "true or false"),
        ({"prompt": "a", "messages": []}, "unsupported_parameter", "messages", "Leave it out"),
    ],
)
def test_what_cannot_be_done_is_refused_by_name(body, code, param, words):
    with pytest.raises(Problem, match=words) as raised:
        chats(check(CompletionRequest, {"model": "nova-lite", **body}))
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, code, param)
