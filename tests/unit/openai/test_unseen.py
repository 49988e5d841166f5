"""What counts in budgets of an answer that was not there in time."""

import pytest

from pennyworth.aws import AwsError
from services.openai import meter as meters
from services.openai.catalogue import find
from services.openai.meter import Meter
from services.openai.unseen import TOKENS_PER_S, most
from tests.unit.openai.test_usage import Aws, ask  # noqa: F401 -- a fixture

HAIKU = find("claude-haiku-4.5")  # 64,000 tokens at most, 5.5 dollars a million
CHAT = "/chat/completions"


@pytest.mark.parametrize(
    ("route", "body", "tokens"),
    [
        (CHAT, {}, 2000),
        (CHAT, {"max_completion_tokens": 50}, 50),
        (CHAT, {"max_tokens": 50}, 50),
        (CHAT, {"max_tokens": 50, "max_completion_tokens": 60}, 60),
        (CHAT, {"max_tokens": 100_000}, 2000),
        (CHAT, {"max_tokens": 50, "n": 3}, 150),
        (CHAT, {"n": 8}, 16_000),
        ("/completions", {"max_tokens": 50, "prompt": ["a", "b"], "n": 2}, 200),
        ("/messages", {"max_tokens": 50}, 50),
        ("/responses", {"max_output_tokens": 50}, 50),
        ("/responses/compact", {"max_output_tokens": 1}, 2000),
        # No parameter of theirs: they have one answer, whatever is sent beside.
        ("/responses", {"n": 2560}, 2000),
        ("/messages", {"n": 2560, "max_tokens": 50}, 50),
    ],
)
def test_of_each_answer_what_it_may_have_had_in_ten_seconds(route, body, tokens):
    assert most(route, body, HAIKU, 10) == tokens


def test_no_more_than_the_model_can_say():
    assert most(CHAT, {}, HAIKU, 3600) == 64_000
    assert most(CHAT, {}, find("nova-lite"), 3600) == 10_000


@pytest.mark.parametrize("count", [0, -5, True, "1", 1.5, None])
@pytest.mark.parametrize("name", ["max_completion_tokens", "max_tokens"])
def test_what_is_no_limit_bounds_nothing(name, count):
    """A provider may take it for none."""
    assert most(CHAT, {name: count}, HAIKU, 10) == 2000


def test_a_limit_of_another_api_bounds_nothing():
    assert most(CHAT, {"max_output_tokens": 1}, HAIKU, 10) == 2000


@pytest.mark.parametrize("speed", [1, 60, TOKENS_PER_S])
@pytest.mark.parametrize("length", [10, 5000, 64_000])
@pytest.mark.parametrize("limit", [None, 4000])
def test_the_bound_of_docs_budgets(speed, length, limit):
    """No answer of a model that is no faster costs more than what is counted, and no more is than was asked for."""
    said = min(length, limit or length)
    for waited_s in (1, 20, 270, 900):
        counted = most(CHAT, {} if limit is None else {"max_tokens": limit}, HAIKU, waited_s)
        if said > speed * waited_s:  # it was not there in time
            assert counted >= speed * waited_s
        assert counted <= (limit or 64_000)


@pytest.fixture
def late(monkeypatch):
    """Ten seconds pass while a model is asked."""

    class Clock:
        now = 0.0

        def monotonic(self):
            return self.now

        def time_ns(self):
            return 1

    clock = Clock()
    monkeypatch.setattr(meters, "time", clock)

    class Late(Aws):
        def post(self, *_, **__):
            clock.now += 10
            raise AwsError("Timeout", 0, "")

        stream = post

    return Late


@pytest.mark.parametrize("stream", [False, True])
def test_an_answer_that_was_not_there_in_time_counts_for_budgets_alone(ask, log, late, stream):  # noqa: F811
    ask("claude-haiku-4.5", late(), stream=stream, max_completion_tokens=1500, n=2)
    line = log()[-1]
    assert (line["status"], line["usage_partial"], line["completion_tokens"]) == (408, True, 0)
    assert line["unseen_microusd"] == 2 * 1500 * 5.5
    assert line["cost_microusd"] < 100  # of the prompt


@pytest.mark.parametrize("stream", [False, True])
def test_a_prompt_that_each_of_several_calls_reads_is_estimated_for_each(ask, log, late, stream):  # noqa: F811
    for n in (1, 5):
        ask("claude-haiku-4.5", late(), stream=stream, n=n)
    one, five = (line["prompt_tokens"] for line in log()[1::2])
    assert five == 5 * one > 0


def test_the_prompts_of_calls_that_were_late_count_beside_those_that_were_told():
    meter = Meter("m", "chat")
    meter.prompt = lambda: 100
    meter.asks(find("nova-pro"))
    meter.read({"prompt_tokens": 20, "completion_tokens": 4})
    assert meter.fields()["prompt_tokens"] == 20
    meter.cut = True
    assert meter.fields()["prompt_tokens"] == 100
    meter.read({"prompt_tokens": 120, "completion_tokens": 4})
    assert meter.fields()["prompt_tokens"] == 120


def test_each_model_that_was_late_counts_at_its_own_price():
    meter = Meter("m", "chat")
    meter.most = lambda model, _: 1_000_000
    for name in ("nova-lite", "nova-pro"):
        meter.asks(find(name))
        meter.cut = True
    assert meter.fields()["unseen_microusd"] == 240_000 + 3_200_000


def test_of_several_answers_those_that_were_told_are_not_unseen():
    meter = Meter("m", "chat")
    meter.most = lambda model, _: 1000
    meter.asks(find("nova-pro"))
    meter.read({"prompt_tokens": 10, "completion_tokens": 400})
    meter.cut = True
    assert meter.fields()["unseen_microusd"] == 600 * 3.2


@pytest.mark.parametrize(
    ("model", "cut", "pieces"),
    [("nova-pro", False, 0), ("nova-pro", True, 1), ("titan-embed-text-v2", True, 0)],
    ids=["in time", "a stream, of which is known what arrived", "an embedding"],
)
def test_where_all_was_seen_nothing_is_unseen(model, cut, pieces):
    meter = Meter("m", "chat")
    meter.most = lambda model, _: 1000
    meter.asks(find(model))
    meter.cut, meter.pieces = cut, pieces
    assert "unseen_microusd" not in meter.fields()


def test_counting_tokens_spends_nothing_also_when_it_is_late():
    meter = Meter("m", None)
    meter.most = lambda model, _: 1000
    meter.asks(find("nova-pro"))
    meter.cut = True
    assert "unseen_microusd" not in meter.fields()
