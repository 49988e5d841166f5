"""Who is asked next, and after how long: with a clock of its own."""

from types import SimpleNamespace

import pytest

from pennyworth.errors import ERRORS, ForeignProblem, Problem
from services.openai.failover import Begun, Failover


class Clock:
    def __init__(self):
        self.now, self.slept = 100.0, []

    def __call__(self):
        return self.now

    def sleep(self, wait_s):
        self.slept.append(wait_s)
        self.now += wait_s


def tried(script, *, retries=2, deadline=400.0, random=0.5, takes_s=0.0):
    """What is said and which models were asked, of a script: by model, what each call raises or returns."""
    clock, asked = Clock(), []

    def ask(provider):
        asked.append(provider.name)
        clock.now += takes_s
        answer = script[provider.name][min(asked.count(provider.name), len(script[provider.name])) - 1]
        if isinstance(answer, Problem):
            raise answer
        return answer

    failover = Failover(deadline, lambda: random, clock, clock.sleep)
    try:
        said = failover.answer(list(script), lambda name: SimpleNamespace(name=name, retries=retries), ask)
    except Problem as problem:
        said = problem
    return said, asked, clock.slept


BUDGET = {"whose": "Your budget", "day": "2027-02-01"}


def details(code):
    return Problem(
        code,
        model="m",
        param="p",
        reason="r",
        limit="l",
        method="m",
        path="p",
        action="a",
        group="g",
        thing="t",
        id="i",
        **BUDGET,
    )


# The first two by their status, though no provider says them.
AGAIN = {"budget_exhausted", "query_limit_exceeded", "rate_limit_exceeded", "upstream_error", "service_unavailable"}
ELSEWHERE = AGAIN | {"timeout", "internal_error", "insufficient_quota", "provider_denied", "model_not_found"}


@pytest.mark.parametrize("code", ERRORS)
def test_every_problem_is_tried_again_or_elsewhere_or_is_the_clients(code):
    problem = details(code)
    said, asked, _ = tried({"a": [problem], "b": ["fine"]})
    again = code in AGAIN - {"budget_exhausted"}
    elsewhere = code in ELSEWHERE or code == "response_too_large"
    assert asked == ["a"] * (3 if again else 1) + ["b"] * elsewhere
    assert said == ("fine" if elsewhere else problem)


@pytest.mark.parametrize("status", [400, 404, 409, 413, 415, 422])
def test_what_a_provider_says_of_the_request_is_the_clients(status):
    problem = ForeignProblem(status, {"message": "No.", "code": "nope"})
    assert tried({"a": [problem], "b": ["fine"]})[:2] == (problem, ["a"])


def test_a_model_that_recovers_answers_itself():
    assert tried({"a": [Problem("service_unavailable"), "fine"], "b": ["no"]})[:2] == ("fine", ["a", "a"])


def test_waits_are_drawn_and_double():
    _, _, slept = tried({"a": [Problem("rate_limit_exceeded")]}, random=0.5)
    assert slept == [0.25, 0.5]
    assert tried({"a": [Problem("rate_limit_exceeded")]}, random=0.0)[2] == [0.0, 0.0]


def test_retry_after_is_the_least_that_is_waited():
    said, _, slept = tried({"a": [Problem("rate_limit_exceeded", retry_after_s=7), "fine"]})
    assert (said, slept) == ("fine", [7])


@pytest.mark.parametrize(("retry_after_s", "deadline"), [(30, 400.0), (7, 106.0)])
def test_a_retry_after_that_is_too_long_leads_to_the_next_model_at_once(retry_after_s, deadline):
    problem = Problem("rate_limit_exceeded", retry_after_s=retry_after_s)
    assert tried({"a": [problem], "b": ["fine"]}, deadline=deadline) == ("fine", ["a", "b"], [])
    said, asked, slept = tried({"a": [problem]}, deadline=deadline)
    assert (said.retry_after_s, asked, slept) == (retry_after_s, ["a"], [])


def test_what_tries_again_below_is_not_tried_again_here():
    assert tried({"a": [Problem("rate_limit_exceeded")], "b": ["fine"]}, retries=0) == ("fine", ["a", "b"], [])


def test_where_all_fail_the_first_is_what_the_client_reads():
    first = Problem("service_unavailable")
    assert tried({"a": [first], "b": [Problem("timeout")], "c": [Problem("provider_denied", model="c")]})[0] is first


def test_what_a_fallback_refuses_of_a_request_written_for_another_leads_to_the_next():
    refused = Problem("unsupported_parameter", param="tools", reason="")
    said, asked, _ = tried({"a": [Problem("provider_denied", model="a")], "b": [refused], "c": ["fine"]})
    assert (said, asked) == ("fine", ["a", "b", "c"])


def test_after_the_deadline_nobody_else_is_asked():
    problem = Problem("timeout")
    assert tried({"a": [problem], "b": ["fine"]}, takes_s=300.0)[:2] == (problem, ["a"])


def stream(*pieces, closed=None):
    try:
        for piece in pieces:
            if isinstance(piece, Exception):
                raise piece
            yield piece
    finally:
        if closed is not None:
            closed.append(True)


def test_a_stream_that_has_begun_is_whole():
    assert list(Begun(stream(b"a", b"b"))) == [b"a", b"b"]


@pytest.mark.parametrize("pieces", [(Problem("upstream_error"),), ()], ids=["an error first", "nothing at all"])
def test_a_stream_that_never_begins_is_a_problem(pieces):
    closed = []
    with pytest.raises(Problem, match="failed while answering"):
        Begun(stream(*pieces, closed=closed))
    assert closed


@pytest.mark.parametrize("read", [True, False])
def test_a_client_that_hangs_up_closes_the_stream(read):
    closed = []
    events = Begun(stream(b"a", b"b", closed=closed))
    assert not closed
    if read:
        next(events)
    events.close()
    assert closed
