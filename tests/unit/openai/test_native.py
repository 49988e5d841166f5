"""Bedrock's OpenAI endpoint: what passes unchanged, what is metered, and how it begins."""

import json

import pytest

from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.lanes import Paid
from services.openai.providers.native import Native

MODEL = find("gpt-oss-120b")
BODY = {"model": "gpt-oss-120b", "messages": [], "new_parameter": {"of": ["tomorrow"]}, "seed": 7}
ENVELOPE = Envelope("c", 1, "gpt-oss-120b")
WORD = {"choices": [{"index": 0, "delta": {"content": "word"}}]}
USAGE = {"choices": [], "usage": {"prompt_tokens": 5, "completion_tokens": 2}}
ERROR = {"message": "'x' is no such thing", "code": "validation_error", "param": "x", "type": "invalid_request_error"}


def events(*values):
    return b"".join(
        b"data: " + (value if isinstance(value, bytes) else json.dumps(value).encode()) + b"\n\n" for value in values
    )


class Pieces:
    def __init__(self, *steps):
        self.steps, self.closed = list(steps), False

    def __iter__(self):
        for step in self.steps:
            if isinstance(step, Exception):
                raise step
            yield step

    def close(self):
        self.closed = True


class Aws:
    def __init__(self, answer):
        self.answer, self.asked = answer, []

    def post(self, service, path, body, *, credentials, timeout_s):
        self.asked.append((service, path, body))
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer

    pieces = post


def native(aws):
    return Native(aws, lambda _: UNSIGNED, None, MODEL)


def streamed(answer, meter=None, **body):
    aws = Aws(answer)
    return native(aws).stream({**BODY, **body}, ENVELOPE, meter or Meter("m")), aws


def refused(status, error=None, code=None):
    refusal = AwsError(code or str(status), status, "AWS's own words")
    refusal.error = error
    with pytest.raises(Problem) as raised:
        native(Aws(refusal)).complete(BODY, ENVELOPE)
    return raised.value


def test_all_but_the_models_name_passes_unchanged():
    aws = Aws({"id": "theirs", "choices": [], "field": "of tomorrow"})
    assert native(aws).complete(BODY, ENVELOPE) is aws.answer
    assert aws.asked == [("bedrock-runtime", "/openai/v1/chat/completions", {**BODY, "model": MODEL.id})]


def test_a_streams_events_pass_unchanged_and_whole():
    text = events(WORD, WORD, b"[DONE]")
    stream, _ = streamed(Pieces(text[:10], text[10:70], text[70:]))
    got = list(stream)
    assert b"".join(got) == text
    assert all(piece.endswith(b"\n\n") for piece in got)


@pytest.mark.parametrize("options", [None, {}, {"include_usage": False}, {"include_usage": None}])
def test_usage_is_metered_and_not_told_to_who_did_not_ask(options):
    meter = Meter("m")
    stream, aws = streamed(Pieces(events(WORD, USAGE, b"[DONE]")), meter, stream_options=options)
    assert b"".join(stream) == events(WORD, b"[DONE]")
    assert aws.asked[0][2]["stream_options"] == {"include_usage": True}
    assert meter.fields()["completion_tokens"] == 2


def test_usage_is_told_to_who_asked():
    stream, _ = streamed(Pieces(events(WORD, USAGE)), stream_options={"include_usage": True})
    assert b"".join(stream) == events(WORD, USAGE)


def test_an_answer_is_paid_for_once_it_is_there_whatever_becomes_of_the_others_of_its_request():
    meter, aws = Meter("m"), Aws({"choices": [], "usage": {**USAGE["usage"], "prompt_tokens_details": None}})
    model = native(aws)
    model.paid = Paid(meter)
    model.complete(BODY, ENVELOPE)
    model.complete(BODY, ENVELOPE)
    assert (meter.fields()["prompt_tokens"], meter.fields()["completion_tokens"]) == (10, 4)


def test_stream_options_that_somebody_might_take_for_a_no_are_refused_before_they_get_there():
    aws = Aws(Pieces(events(WORD)))
    with pytest.raises(Problem) as raised:
        native(aws).stream({**BODY, "stream_options": {"include_usage": "no"}}, ENVELOPE, Meter("m"))
    assert (raised.value.status, raised.value.param) == (400, "stream_options.include_usage")
    assert aws.asked == []


def test_other_stream_options_are_the_models_to_refuse():
    _, aws = streamed(Pieces(events(WORD)), stream_options={"include_more": "yes"})
    assert aws.asked[0][2]["stream_options"] == {"include_more": "yes", "include_usage": True}


def test_what_is_wrong_with_the_request_is_said_in_openais_words():
    problem = refused(400, ERROR)
    assert problem.body == {"error": {**ERROR}}


@pytest.mark.parametrize(
    ("status", "error", "code", "expected"),
    [
        (403, ERROR, None, "provider_denied"),
        (404, ERROR, None, "model_not_found"),
        (429, ERROR, None, "rate_limit_exceeded"),
        (500, ERROR, None, "internal_error"),
        (503, None, None, "service_unavailable"),
        (400, None, "ValidationException", "invalid_request"),
        (403, None, "AccessDeniedException", "provider_denied"),
        (0, None, "Timeout", "timeout"),
    ],
)
def test_all_else_is_said_in_ours(status, error, code, expected):
    problem = refused(status, error, code)
    assert problem.code == expected
    assert "AWS's own" not in problem.message
    assert ERROR["message"] not in problem.message


def test_an_error_as_first_event_is_raised():
    pieces = Pieces(b": here\n\n", events({"error": {**ERROR, "code": "429"}}))
    stream, _ = streamed(pieces)
    with pytest.raises(Problem) as raised:
        next(stream)
    assert raised.value.code == "rate_limit_exceeded"
    assert pieces.closed


def test_a_cut_after_the_first_event_is_an_event_and_no_half_one():
    pieces = Pieces(events(WORD) + b'data: {"choi', AwsError("ConnectionError"))
    stream, _ = streamed(pieces)
    first, last = stream
    assert first == events(WORD)
    assert json.loads(last.removeprefix(b"data: "))["error"]["code"] == "service_unavailable"
    assert pieces.closed


def test_a_cut_before_the_first_event_is_raised():
    stream, _ = streamed(Pieces(AwsError("Timeout")))
    with pytest.raises(Problem) as raised:
        next(stream)
    assert raised.value.code == "timeout"


def test_who_leaves_closes_the_stream():
    pieces = Pieces(events(WORD), events(WORD))
    stream, _ = streamed(pieces)
    next(stream)
    stream.close()
    del stream
    assert pieces.closed
