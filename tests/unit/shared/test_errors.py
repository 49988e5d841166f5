import re
import string

import pytest

from pennyworth.errors import ERRORS, ForeignProblem, Problem


@pytest.mark.parametrize("code", ERRORS)
def test_every_error_makes_an_openai_error_object(code):
    fields = {
        name: "x." for _, name, _, _ in string.Formatter().parse(ERRORS[code].message) if name and name != "param"
    }
    problem = Problem(code, param="p", **fields)
    assert set(problem.body["error"]) == {"message", "type", "param", "code"}
    assert problem.body["error"]["code"] == (ERRORS[code].code or code)
    assert "{" not in problem.message
    assert re.search(r"[.]$", problem.message)


def test_what_a_client_named_is_repeated_in_part_and_the_remedy_whole():
    problem = Problem("model_not_found", param="model", model="x" * 3_000_000)
    assert len(problem.message) < 400
    assert problem.message.endswith("GET /v1/models lists those that do.")
    assert len(Problem("unsupported_parameter", param="x" * 3_000_000, reason="y" * 3_000_000).message) < 3000


def test_a_retry_after_becomes_a_header():
    assert Problem("rate_limit_exceeded", retry_after_s=3).headers == {"retry-after": "3"}
    assert Problem("rate_limit_exceeded").headers == {}


def test_a_conflict_that_waiting_does_not_mend_stops_the_sdks_retries():
    assert Problem("already_exists", thing="user", id="x").headers == {"x-should-retry": "false"}
    assert Problem("conflict", reason="busy", retry_after_s=1).headers == {"retry-after": "1"}


def test_a_spent_budget_is_what_openais_clients_know_as_used_up_and_do_not_retry():
    problem = Problem("budget_exhausted", whose="Your budget", day="2027-02-01")
    assert (problem.status, problem.type, problem.code) == (429, "insufficient_quota", "insufficient_quota")
    assert problem.headers == {"x-should-retry": "false"}
    assert "2027-02-01" in problem.message


def test_a_providers_own_error_keeps_its_words():
    problem = ForeignProblem(400, {"message": "no", "type": "t", "param": "n", "code": None}, retry_after_s=2)
    assert problem.body == {"error": {"message": "no", "type": "t", "param": "n", "code": None}}
    assert problem.headers == {"retry-after": "2"}
