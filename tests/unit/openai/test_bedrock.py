"""The way to Bedrock where AWS is in trouble."""

import json
from contextlib import suppress
from itertools import count
from threading import Barrier, BrokenBarrierError, Lock

import pytest

from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.bedrock import Bedrock

BODY = {"model": "nova-lite", "messages": [{"role": "user", "content": "Hi"}]}
ENVELOPE = Envelope("c", 1, "nova-lite")
IDLE_S = 300  # API Gateway's bound on a stream's silence
CREDENTIALS_S = 16  # two calls of 8 s at most


class Aws:
    def __init__(self, error):
        self.error, self.waits = error, []

    def post(self, *_, timeout_s, **__):
        self.waits.append(timeout_s)
        raise self.error

    stream = post


@pytest.mark.parametrize(
    ("code", "status", "expected", "retry_after"),
    [
        ("Throttling", 400, "rate_limit_exceeded", "1"),
        ("429", 429, "rate_limit_exceeded", "1"),
        ("AccessDenied", 403, "provider_denied", None),
        ("ServiceUnavailable", 503, "service_unavailable", None),
        ("503", 503, "service_unavailable", None),
        ("InternalErrorException", 500, "service_unavailable", None),
        ("SomethingTooLarge", 413, "input_too_large", None),
        ("SomethingNew", 400, "internal_error", None),
    ],
)
def test_what_sts_and_load_balancers_say_is_understood(code, status, expected, retry_after):
    def refused(_):
        raise AwsError(code, status, "AWS's own words")

    with pytest.raises(Problem) as raised:
        Bedrock(Aws(None), refused, None, find("nova-lite")).complete(BODY, ENVELOPE)
    assert raised.value.code == expected
    assert raised.value.headers.get("retry-after") == retry_after
    assert "AWS's own" not in raised.value.message


@pytest.mark.parametrize(("way", "more"), [("complete", ()), ("stream", (Meter("nova-lite"),))])
def test_our_timeout_comes_before_api_gateways(way, more):
    aws = Aws(AwsError("Timeout"))
    with pytest.raises(Problem) as raised:
        getattr(Bedrock(aws, lambda _: UNSIGNED, None, find("nova-lite")), way)(BODY, ENVELOPE, *more)
    assert raised.value.code == "timeout"
    assert aws.waits[0] + CREDENTIALS_S < IDLE_S


def message(name, **event):
    return name, json.dumps(event).encode()


START = message("messageStart", role="assistant")
WORD = message("contentBlockDelta", contentBlockIndex=0, delta={"text": "word"})
ANSWER = [
    *(START, WORD, WORD, message("messageStop", stopReason="end_turn")),
    message("metadata", usage={"inputTokens": 5, "outputTokens": 2, "totalTokens": 7}),
]
BROKEN = AwsError("ModelStreamErrorException", 424)


class Stream:
    pending = False

    def __init__(self, messages):
        self.messages, self.closed = iter(messages), False

    def __iter__(self):
        return self

    def __next__(self):
        match next(self.messages):
            case AwsError() as error:
                raise error
            case said:
                return said

    def close(self):
        self.closed = True


class Streams:
    """One for each call, or what it fails with. Kept here, so that none is closed for being forgotten."""

    def __init__(self, *answers):
        self.answers, self.calls, self.opened = answers, count(), []

    def stream(self, *_, **__):
        answer = self.answers[next(self.calls)]
        if isinstance(answer, AwsError):
            raise answer
        self.opened.append(Stream(answer))
        return self.opened[-1]

    def begin(self, meter=None):
        bedrock = Bedrock(self, lambda _: UNSIGNED, None, find("nova-lite"))
        body = {**BODY, "n": len(self.answers)}
        return bedrock.stream(body, ENVELOPE, meter or Meter("nova-lite"))

    @property
    def closed(self):
        return [stream.closed for stream in self.opened]


@pytest.mark.parametrize("failing", range(3))
def test_no_stream_stays_open_where_one_of_several_cannot_be_opened(failing):
    answers = [ANSWER] * 3
    answers[failing] = AwsError("ThrottlingException", 429)
    streams = Streams(*answers)
    with pytest.raises(Problem) as raised:
        streams.begin()
    assert raised.value.code == "rate_limit_exceeded"
    assert len(streams.closed) >= failing  # what comes after the failure may never begin
    assert all(streams.closed)


@pytest.mark.parametrize("n", [1, 3])
def test_no_stream_stays_open_for_a_client_that_left(n):
    streams = Streams(*[ANSWER] * n)
    events = streams.begin()
    next(events)
    assert streams.closed == [False] * n
    events.close()
    assert streams.closed == [True] * n


@pytest.mark.parametrize("n", [1, 3])
def test_no_stream_stays_open_where_one_breaks_off(n):
    streams = Streams([START, WORD, BROKEN], *[ANSWER] * (n - 1))
    *_, last = streams.begin()
    assert b'"error"' in last
    assert streams.closed == [True] * n


def test_usage_of_some_of_several_answers_is_not_told_as_the_whole():
    meter = Meter("nova-lite")
    meter.prompt = lambda: 77
    list(Streams(ANSWER, [START, *[WORD] * 9, BROKEN]).begin(meter))
    assert meter.fields()["usage_partial"]
    assert meter.fields()["prompt_tokens"] == 77


def test_usage_of_all_answers_is_summed():
    meter = Meter("nova-lite")
    list(Streams(ANSWER, ANSWER).begin(meter))
    assert (meter.fields()["prompt_tokens"], meter.fields()["completion_tokens"]) == (10, 4)


class Crowd:
    """Counts the calls that are open at once: each waits for one more than there should be."""

    def __init__(self, most):
        self.most, self.open, self.seen, self.lock = most, 0, 0, Lock()
        self.too_many = Barrier(most + 1)

    def post(self, *_, **__):
        with self.lock:
            self.open += 1
            self.seen = max(self.seen, self.open)
        with suppress(BrokenBarrierError):
            self.too_many.wait(0.05)
        with self.lock:
            self.open -= 1
        usage = {"inputTokens": 1, "outputTokens": 1, "totalTokens": 2}
        return {"output": {"message": {"content": [{"text": "x"}]}}, "stopReason": "end_turn", "usage": usage}


def test_many_prompts_with_many_answers_are_not_all_asked_at_once():
    crowd = Crowd(20)
    body = {"model": "nova-lite", "prompt": ["Hi"] * 20, "n": 8}
    bedrock = Bedrock(crowd, lambda _: UNSIGNED, None, find("nova-lite"))
    assert len(bedrock.complete_prompt(body, ENVELOPE)["choices"]) == 160
    assert crowd.seen <= crowd.most
