"""The one query for what a caller used, and what its rows say."""

from collections.abc import Mapping
from typing import Any

import pytest

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from pennyworth.insights import Insights
from services.mcp.own import used as module
from services.mcp.own.used import used

USER = "3f2a0000-0000-4000-8000-000000000001"


class Logs:
    """CloudWatch Logs as pennyworth.aws speaks to it: `refusals` are of StartQuery, first to last."""

    def __init__(self, *rows: Mapping[str, str], refusals: tuple[str, ...] = ()) -> None:
        self.rows, self.refusals = rows, list(refusals)
        self.started: list[Mapping[str, Any]] = []

    def json(self, service: str, operation: str, payload: Mapping[str, Any], *, timeout_s: float) -> dict[str, Any]:
        assert service == "logs"
        assert timeout_s <= 5
        if operation == "GetQueryResults":
            results = [[{"field": name, "value": value} for name, value in row.items()] for row in self.rows]
            return {"status": "Complete", "results": results}
        self.started.append(payload)
        if self.refusals and (code := self.refusals.pop(0)):
            raise AwsError(code, 400, "m")
        return {"queryId": "q"}


def found(logs: Logs, monkeypatch: pytest.MonkeyPatch, user: str = USER, left_s: float = 24) -> dict[str, Any]:
    monkeypatch.setattr(module, "lambda_api", lambda: logs)
    return used(user, 5, 9, left_s, Insights(module._called, ["/a", "/b"]))


def test_it_asks_of_the_caller_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    assert found(logs, monkeypatch)["models"] == []
    [query] = logs.started
    assert (query["startTime"], query["endTime"], query["logGroupNames"]) == (5, 9, ["/a", "/b"])
    assert f'(user_id in ["{USER}"])' in query["queryString"]
    assert "toMillis(@timestamp) >= 5000 and toMillis(@timestamp) < 9000" in query["queryString"]
    assert query["queryString"].splitlines()[1].endswith(" by served")


@pytest.mark.parametrize("user", ['x"] or 1 = 1 or user_id in ["', "", "a\nb"])
def test_no_name_becomes_part_of_the_query(monkeypatch: pytest.MonkeyPatch, user: str) -> None:
    logs = Logs()
    with pytest.raises(ValueError, match="no text"):
        found(logs, monkeypatch, user)
    assert logs.started == []


def test_rows_are_added_up_and_told_by_model(monkeypatch: pytest.MonkeyPatch) -> None:
    rows = (
        {"served": "nova-lite", "requests": "2", "prompt": "30", "cached": "8", "completion": "5", "microusd": "7"},
        {"served": "fix_add", "requests": "1", "microusd": "1.5E6"},
    )
    zero = {"input_tokens": 0, "input_cached_tokens": 0, "output_tokens": 0}
    nova = {"requests": 2, "input_tokens": 30, "input_cached_tokens": 8, "output_tokens": 5, "cost_usd": 0.000007}
    assert found(Logs(*rows), monkeypatch) == {
        "start_time": 5,
        "end_time": 9,
        **{**nova, "requests": 3, "cost_usd": 1.500007},
        "models": [
            {"model": "fix_add", "requests": 1, **zero, "cost_usd": 1.5},
            {"model": "nova-lite", **nova},
        ],
    }


def test_a_time_before_all_logs_has_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    assert found(Logs(refusals=("MalformedQueryException",)), monkeypatch)["requests"] == 0


@pytest.mark.parametrize("code", ["LimitExceededException", "AccessDeniedException", "Timeout"])
def test_a_log_that_cannot_be_asked_is_a_problem(monkeypatch: pytest.MonkeyPatch, code: str) -> None:
    with pytest.raises(Problem) as raised:
        found(Logs(refusals=(code,)), monkeypatch)
    assert raised.value.code == "service_unavailable"


def test_nothing_is_begun_for_which_no_time_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs()
    with pytest.raises(Problem) as raised:
        found(logs, monkeypatch, left_s=8)
    assert (raised.value.code, logs.started) == ("query_timeout", [])
