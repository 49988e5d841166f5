"""The log line of a request that asked a model is its usage record: who, which model, what was used."""

import json
import time
from dataclasses import replace
from threading import Lock
from types import SimpleNamespace

import pytest

from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.principal import Principal
from pennyworth.runtime import deadline
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import find
from services.openai.meter import Meter
from services.openai.providers.bedrock import Bedrock
from services.openai.responses import state as states
from services.openai.responses.passing import chat_usage

CALLER = Principal("u1", "ada@example.com", "key_1", "developers", "arn", frozenset({"inference"}), ("*",))
USED = {"inputTokens": 100, "outputTokens": 20, "totalTokens": 1120, "cacheReadInputTokens": 1000}
REPLY = {
    "output": {"message": {"role": "assistant", "content": [{"text": "the answer"}]}},
    "stopReason": "end_turn",
    "usage": USED,
}
STREAM = [
    ("messageStart", {"role": "assistant"}),
    ("contentBlockDelta", {"delta": {"text": "the "}, "contentBlockIndex": 0}),
    ("contentBlockDelta", {"delta": {"text": "answer"}, "contentBlockIndex": 0}),
    ("contentBlockStop", {"contentBlockIndex": 0}),
    ("messageStop", {"stopReason": "end_turn"}),
    ("metadata", {"usage": USED, "metrics": {"latencyMs": 1}}),
]
# 100 tokens at 0.06, 1000 from the cache at 0.015 and 20 at 0.24 dollars a million
COUNTED = {"prompt_tokens": 1100, "cached_tokens": 1000, "completion_tokens": 20, "cost_microusd": 26}


class Messages:
    """What `Aws.stream` returns."""

    pending = False

    def __init__(self, events):
        self._events = iter(events)

    def __iter__(self):
        return self

    def __next__(self):
        name, payload = next(self._events)
        return name, json.dumps(payload).encode()

    def close(self):
        pass


class Aws:
    def __init__(self, error=None, **more):
        self.error, self.more = error, more

    def post(self, *_, **__):
        if self.error:
            raise self.error
        return {**REPLY, **self.more}

    def stream(self, *_, **__):
        *events, (name, last) = STREAM
        return Messages([*events, (name, {**last, **self.more})])


@pytest.fixture
def ask(monkeypatch):
    """Ask a model, as Lambda asks the handler."""

    def asked(model="nova-lite", aws=None, path="/chat/completions", **body):
        aws = aws or Aws()
        monkeypatch.setattr(states, "settings", lambda: SimpleNamespace(bucket=""))
        monkeypatch.setattr(
            routing, "provider", lambda model, caller, *_: Bedrock(aws, lambda _: UNSIGNED, caller, model)
        )
        request = {"model": model, "messages": [{"role": "user", "content": "the prompt"}], **body}
        event = {
            "resource": path,
            "path": path,
            "httpMethod": "POST",
            "headers": {},
            "multiValueHeaders": {},
            "requestContext": {"requestId": "r1", "authorizer": CALLER.to_context()},
            "body": json.dumps({name: value for name, value in request.items() if value is not None}),
            "isBase64Encoded": False,
        }
        return handler(event, SimpleNamespace(streams=True))["body"]

    return asked


def used(line):
    return {name: line[name] for name in COUNTED if name in line}


def test_a_whole_answer_is_counted_and_priced(ask, log):
    ask()
    (line,) = log()
    assert used(line) == COUNTED
    assert (line["group"], line["model"], line["provider"]) == ("developers", "nova-lite", "bedrock")


@pytest.mark.parametrize("options", [{}, {"stream_options": {"include_usage": True}}])
def test_a_streamed_answer_is_counted_whether_or_not_the_client_asked(ask, log, options):
    list(ask(stream=True, **options))
    (line,) = log()
    assert used(line) == COUNTED
    assert "usage_partial" not in line


class Later(Aws):
    """A model each event of whose answer takes a second, by a clock of the test's."""

    now = 0.0

    def stream(self, *_, **__):
        return Messages(map(self._later, STREAM))

    def _later(self, event):
        self.now += 1
        return event


@pytest.mark.parametrize("path", ["/chat/completions", "/responses", "/messages"])
def test_the_first_token_of_a_stream_is_not_the_event_before_it(ask, log, monkeypatch, path):
    aws = Later()
    clock = SimpleNamespace(
        perf_counter=lambda: aws.now, monotonic=lambda: aws.now, time=time.time, time_ns=time.time_ns
    )
    for module in ("pennyworth.http", "services.openai.meter"):
        monkeypatch.setattr(f"{module}.time", clock)
    body = {"/responses": {"messages": None, "input": "x"}, "/messages": {"max_tokens": 9}}.get(path, {})
    list(ask(aws=aws, path=path, stream=True, **body))
    (line,) = log()
    assert [line[name] for name in ("first_byte_ms", "first_token_ms", "duration_ms")] == [1000, 2000, 6000]


def test_a_whole_answer_has_no_first_token(ask, log):
    ask()
    assert "first_token_ms" not in log()[-1]


def test_several_answers_are_counted_together(ask, log):
    ask(n=2)
    list(ask(n=2, stream=True))
    assert [line["cost_microusd"] for line in log()] == [52, 52]  # 51.6, rounded once
    assert {line["prompt_tokens"] for line in log()} == {2200}


@pytest.mark.parametrize("stream", [False, True])
def test_a_tier_of_another_price_is_counted_and_not_priced(ask, log, stream):
    body = ask(stream=stream, aws=Aws(serviceTier={"type": "flex"}))
    _ = list(body) if stream else body
    (line,) = log()
    assert (line["prompt_tokens"], "cost_microusd" in line, line["service_tier"]) == (1100, False, "flex")
    # Or whoever asks for another tier would get around every budget.
    assert line["standard_microusd"] == COUNTED["cost_microusd"]


def test_a_near_price_counts_for_budgets_alone():
    model = find("nova-lite")
    meter = Meter("us.amazon.nova-lite-v1:0", "chat")
    meter.asks(replace(model, price=None, near_price=model.price))
    meter.read({"prompt_tokens": 100}, "default")
    assert ("cost_microusd" in meter.fields(), meter.fields()["standard_microusd"]) == (False, 6)


@pytest.mark.parametrize("tier", ["default", None, "x" * 10_000, {"a": 1}, ["flex"]])
def test_of_tiers_only_known_names_are_told(tier):
    meter = Meter("m", "chat")
    meter.asks(find("nova-lite"))
    meter.read({"prompt_tokens": 1}, tier)
    assert "service_tier" not in meter.fields()


WRITTEN = {
    **USED,
    "cacheWriteInputTokens": 3000,
    "cacheDetails": [{"inputTokens": 1000, "ttl": "1h"}, {"inputTokens": 2000, "ttl": "5m"}],
}


@pytest.mark.parametrize("path", ["/chat/completions", "/messages"])
@pytest.mark.parametrize("stream", [False, True])
def test_what_is_written_to_a_cache_is_priced_as_that_on_every_route(ask, log, path, stream):
    body = ask("claude-haiku-4.5", Aws(usage=WRITTEN), path, stream=stream, max_tokens=50)
    _ = list(body) if stream else body
    (line,) = log()
    counts = ("prompt_tokens", "cached_tokens", "cache_write_tokens", "cache_write_1h_tokens", "completion_tokens")
    assert [line.get(name) for name in counts] == [4100, 1000, 3000, 1000, 20]
    # the prompt at 1.1, from the cache at 0.11, to it at 1.375 and 2.2, the answer at 5.5 dollars a million
    assert line["cost_microusd"] == 110 + 110 + 2750 + 2200 + 110


def test_of_a_client_that_hung_up_what_had_arrived_is_counted(ask, log):
    body = ask(stream=True)
    next(body), next(body), next(body)  # the role, and two pieces of text
    body.close()
    (line,) = log()
    assert (line["status"], line["completion_tokens"], line["usage_partial"]) == (499, 2, True)
    assert line["prompt_tokens"] > 0


def test_of_a_client_that_never_read_nothing_is_counted(ask, log):
    body = ask(stream=True)
    next(body)
    body.close()
    assert used(log()[-1]) == {}


def test_a_refused_request_says_its_model_and_no_counts(ask, log):
    ask(aws=Aws(AwsError("ThrottlingException", 429, "slow down")))
    line = log()[-1]
    assert (line["status"], line["model"], used(line)) == (429, "nova-lite", {})
    assert (line["kind"], line["served"]) == ("completion", "nova-lite")


ROUTES = ["/chat/completions", "/completions", "/messages", "/responses", "/responses/compact"]


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize("path", ROUTES)
def test_every_route_that_asks_a_chat_model_leaves_a_record(ask, log, path, stream):
    if path == "/responses/compact" and stream:
        return
    body = {
        "/chat/completions": {},
        "/completions": {"messages": None, "prompt": "the prompt"},
        "/messages": {"max_tokens": 50},
    }.get(path, {"messages": None, "input": "the prompt"})
    if path.startswith("/responses") and not path.endswith("compact"):
        body["store"] = False
    answer = ask(path=path, **body, **({"stream": True} if stream else {}))
    _ = list(answer) if stream else answer
    record = log()[-1]
    assert used(record) == COUNTED
    assert {name: record[name] for name in ("message", "kind", "served", "key_id")} == {
        "message": "request",
        "kind": "completion",
        "served": "nova-lite",
        "key_id": "key_1",
    }


def test_what_a_model_thought_is_counted_apart():
    meter = Meter("o9", "chat")
    meter.asks(find("nova-lite"))
    thought = {"completion_tokens": 20, "completion_tokens_details": {"reasoning_tokens": 15}}
    meter.read({"prompt_tokens": 1, **thought})
    assert (meter.fields()["reasoning_tokens"], meter.fields()["completion_tokens"]) == (15, 20)
    meter.read(chat_usage({"input_tokens": 1, "output_tokens": 9, "output_tokens_details": {"reasoning_tokens": 7}}))
    assert meter.fields()["reasoning_tokens"] == 7


@pytest.mark.parametrize(
    ("path", "body"),
    [("/messages/count_tokens", {}), ("/responses/input_tokens", {"messages": None, "input": "the prompt"})],
)
def test_counting_tokens_is_no_use_of_a_model(ask, log, path, body):
    ask(path=path, **body)
    line = log()[-1]
    assert (line["status"], line["served"]) == (200, "nova-lite")
    assert "kind" not in line


@pytest.mark.parametrize("model", ["no-such-model", "titan-embed-text-v2"])
def test_what_is_refused_before_a_model_is_known_is_no_record(ask, log, model):
    ask(model)
    line = log()[-1]
    assert 400 <= line["status"] < 500
    assert "kind" not in line


def test_the_line_holds_counts_and_never_words(ask, log):
    list(ask(stream=True))
    ask()
    assert not [word for word in ("the prompt", "answer") if word in json.dumps(log())]


class Embedder:
    """Titan, of 7 tokens for each text."""

    def invoke(self, *_, **__):
        return {"embedding": [1.0], "inputTextTokenCount": 7}, {}


def test_embeddings_are_counted_and_priced(ask, log):
    answer = ask("titan-embed-text-v2", Embedder(), path="/embeddings", messages=None, input=["the prompt"] * 100)
    assert json.loads("".join(answer))["data"][99]["index"] == 99
    (line,) = log()
    assert used(line) == {"prompt_tokens": 700, "cost_microusd": 14}  # at 0.02 dollars a million
    assert (line["model"], line["provider"], line["route"]) == ("titan-embed-text-v2", "bedrock", "/embeddings")
    assert line["kind"] == "embedding"
    assert "the prompt" not in json.dumps(line)


class Failing:
    """Answers, and refuses the last of so many calls."""

    def __init__(self, calls):
        self._left = calls
        self._lock = Lock()

    def post(self, *_, **__):
        self._answered()
        return REPLY

    def invoke(self, *_, **__):
        self._answered()
        return Embedder().invoke()

    def _answered(self):
        with self._lock:
            self._left -= 1
            if self._left == 0:
                raise AwsError("ValidationException", 400, "no")


def test_what_was_answered_is_paid_for_though_the_last_of_several_calls_is_refused(ask, log):
    """Whoever puts what is always refused behind much that is not would else pay for nothing."""
    ask("titan-embed-text-v2", Failing(20), path="/embeddings", messages=None, input=["the prompt"] * 20)
    ask(aws=Failing(3), n=3)
    ask(aws=Failing(4), path="/completions", messages=None, prompt=["a", "b", "c", "d"])
    embedded, chosen, prompted = log()[1::2]  # each after a warning of the provider's error
    assert (embedded["status"], used(embedded)) == (400, {"prompt_tokens": 133, "cost_microusd": 3})
    assert (chosen["status"], chosen["prompt_tokens"], chosen["completion_tokens"]) == (400, 2200, 40)
    assert (prompted["status"], prompted["prompt_tokens"], prompted["completion_tokens"]) == (400, 3300, 60)


class Refusing(Failing):
    """As `Failing`, and the model that is asked in its place answers at another price, or does not."""

    def __init__(self, calls, error):
        super().__init__(calls)
        self._error = error

    def _answered(self):
        try:
            super()._answered()
        except AwsError:
            raise AwsError(self._error, 403, "no") from None

    def post(self, _, path, *__, **___):
        if "nova-pro" in path and self._error == "AccessDeniedException":
            return REPLY
        return super().post()


@pytest.fixture
def pair(monkeypatch):
    """Whoever asks nova-lite is answered by nova-pro where it fails."""
    monkeypatch.setattr(routing, "candidates", lambda *_: (find("nova-lite"), find("nova-pro")))


def test_what_was_paid_for_before_another_model_answered_is_in_the_one_record(ask, log, pair):
    """Of three calls two are answered; then the other model answers all three. Nova Pro costs 0.8 and 3.2 dollars a
    million, 0.2 from the cache."""
    ask(aws=Refusing(3, "AccessDeniedException"), n=3)
    warning, line = log()
    assert (line["status"], line["model"], line["served"]) == (200, "nova-lite", "nova-pro")
    assert (line["prompt_tokens"], line["cached_tokens"], line["completion_tokens"]) == (5500, 5000, 100)
    assert line["cost_microusd"] == 52 + 3 * (80 + 200 + 64)
    assert [each["message"] for each in (warning, line)].count("request") == 1


def test_so_it_is_where_no_model_answers(ask, log, pair):
    ask(aws=Aws(AwsError("AccessDeniedException", 403, "no")), n=3)
    assert used(log()[-1]) == {}
    meter = Meter("small", "chat")
    meter.asks(find("nova-lite"))
    meter.read({"prompt_tokens": 1100, "completion_tokens": 20, "prompt_tokens_details": {"cached_tokens": 1000}})
    meter.asks(find("nova-pro"))
    line = meter.fields()
    assert (line["model"], line["served"], used(line)) == ("small", "nova-pro", COUNTED)


@pytest.mark.parametrize(
    ("told", "prompt"),
    [
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 90}}, 100),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": 9, "cache_write_tokens": 2}}, 21),
        ({"prompt_tokens_details": {"cached_tokens": 90}}, 90),
        ({"prompt_tokens": 90, "prompt_tokens_details": {"cached_tokens": 90}}, 90),
        ({"prompt_tokens": 10, "prompt_tokens_details": {"cached_tokens": -1}}, 10),
    ],
)
def test_what_is_from_and_to_a_cache_is_never_more_than_the_prompt_of_a_record(told, prompt):
    """Else less than nothing would be uncached in the usage, and what is beside the cache would cost nothing."""
    meter = Meter("m", "chat")
    meter.asks(find("nova-lite"))
    meter.read({"completion_tokens": 1, **told})
    line = meter.fields()
    assert line["prompt_tokens"] == prompt
    assert line["prompt_tokens"] - line.get("cached_tokens", 0) - line.get("cache_write_tokens", 0) >= 0


def test_the_tier_of_a_model_that_failed_is_not_that_of_the_next():
    meter = Meter("m", "chat")
    meter.asks(find("nova-lite"))
    meter.read({"prompt_tokens": 1000}, "flex")
    meter.asks(find("nova-pro"))
    meter.read({"prompt_tokens": 1000})
    assert meter.fields() == {
        "model": "m", "kind": "completion", "served": "nova-pro", "provider": "bedrock", "prompt_tokens": 2000,
        "cost_microusd": 800, "standard_microusd": 60,
    }  # fmt: skip


@pytest.mark.parametrize("stream", [False, True])
def test_the_older_api_is_counted_as_a_chat(ask, log, stream):
    answer = ask(path="/completions", messages=None, prompt="the prompt", stream=stream)
    list(answer)
    (line,) = log()
    assert used(line) == COUNTED
    assert not [word for word in ("the prompt", "answer") if word in json.dumps(line)]


def test_of_a_stream_whose_time_was_up_what_had_arrived_is_counted(ask, log, monkeypatch):
    body = ask(stream=True, stream_options={"include_usage": True})
    told = [next(body), next(body)]  # the role, and a piece of text
    monkeypatch.setattr(deadline._Invocation, "up", True)
    told.extend(body)
    assert b'"finish_reason":"length"' in b"".join(told)
    assert b'"completion_tokens":1' in b"".join(told)
    assert told[-1].endswith(b"data: [DONE]\n\n")
    (line,) = log()
    assert (line["status"], line["completion_tokens"], line["usage_partial"]) == (200, 1, True)
    assert line["prompt_tokens"] > 0


def test_a_stream_that_had_said_why_it_ends_does_not_say_so_again(ask, log, monkeypatch):
    body = ask(stream=True)
    told = b"".join(next(body) for _ in range(4))
    assert b'"finish_reason":"stop"' in told
    monkeypatch.setattr(deadline._Invocation, "up", True)
    assert b"".join(body) == b"data: [DONE]\n\n"
    (line,) = log()
    assert (line["status"], line["completion_tokens"], line["usage_partial"]) == (200, 2, True)
