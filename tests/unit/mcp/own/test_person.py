"""What the gateway tells a caller of themselves."""

import json
import time
from dataclasses import asdict
from typing import Any

import jsonschema
import pytest

from pennyworth.budgets import SPEND, Spend
from pennyworth.directory import User
from pennyworth.errors import Problem
from pennyworth.keys import KeyRecord, attribute
from pennyworth.policy import BUDGET, NO_GROUP, Group
from pennyworth.principal import Principal
from services.mcp.own.person import my_usage
from services.mcp.own.tools import MY_USAGE

NOW = 1_795_392_000.0  # 2026-11-23
NOVEMBER, DECEMBER = 1_793_491_200, 1_796_083_200
CALLER = Principal("u", "n", "key_b", "staff", "r", frozenset({"mcp", "usage"}), ("*",))


def key(name: str, created_at: int, **more: Any) -> str:
    record = KeyRecord(f"key_{name}", name, "0" * 64, ("mcp",), ("*",), created_at, None, "abcd", **more)
    return json.dumps(asdict(record))


USED = {"requests": 0, "input_tokens": 0, "input_cached_tokens": 0, "output_tokens": 0, "cost_usd": 0.0}


def nothing(_user_id: str, start: int, end: int, _left_s: float) -> dict[str, Any]:
    return {"start_time": start, "end_time": end, **USED, "models": []}


def told(
    attributes: dict[str, str], group: Group | None = None, used: Any = nothing, arguments: dict[str, Any] | None = None
) -> Any:
    policy = {"actions": ["mcp"], "models": [], "budget_microusd": 9_000_000, "user_budget_microusd": 2_000_000}
    staff = Group.of({"GroupName": "staff", "Description": json.dumps(policy)})
    person = User("u", "n", True, attributes)
    result = my_usage(
        CALLER, arguments or {}, time.monotonic() + 27, lambda _: person, lambda _: group or staff, used, NOW
    )
    jsonschema.validate(result.structured, MY_USAGE.output_schema)
    assert json.loads(result.texts[0]) == result.structured
    return result.structured


def test_sums_and_budgets_are_in_dollars_and_keys_in_the_order_they_were_made() -> None:
    spend = Spend("2026-11", 1_234_567, {"staff": 3_000_000, "other": 5}, {"key_a": 1, "key_gone": 7})
    found = told({SPEND: spend.dump(), attribute(3): key("b", 1, budget_microusd=500), attribute(1): key("a", 2)})
    assert found == {
        "month": "2026-11",
        "spent_usd": 1.234567,
        "budget_usd": 2.0,
        "group": "staff",
        "group_spent_usd": 3.0,
        "group_budget_usd": 9.0,
        "keys": [
            {"id": "key_b", "name": "b", "in_use": True, "spent_usd": 0.0, "budget_usd": 0.0005},
            {"id": "key_a", "name": "a", "in_use": False, "spent_usd": 0.000001, "budget_usd": None},
        ],
        "budget_resets_at": DECEMBER,
        "usage": {"start_time": NOVEMBER, "end_time": int(NOW) + 1, **USED, "models": []},
    }


@pytest.mark.parametrize("value", ["", "{", "[]", Spend("2026-10", 9, {"staff": 9}, {"key_a": 9}).dump()])
def test_nothing_was_spent_in_a_month_the_ledger_has_not_told_of(value: str) -> None:
    found = told({SPEND: value, attribute(1): key("a", 1)})
    assert (found["spent_usd"], found["group_spent_usd"], found["keys"][0]["spent_usd"]) == (0, 0, 0)


@pytest.mark.parametrize(("own", "budget_usd"), [("", 2), ("5000000", 5), ("0", 0), ("x", 0)])
def test_ones_own_budget_comes_before_the_groups(own: str, budget_usd: float) -> None:
    assert told({BUDGET: own})["budget_usd"] == budget_usd


def test_of_a_group_that_is_gone_there_is_no_budget() -> None:
    found = told({}, NO_GROUP)
    assert (found["group_budget_usd"], found["keys"]) == (None, [])


@pytest.mark.parametrize(
    ("arguments", "span"),
    [
        ({}, (NOVEMBER, int(NOW) + 1)),
        ({"start_time": 5.0}, (5, int(NOW) + 1)),
        ({"start_time": 5, "end_time": 9}, (5, 9)),
        ({"start_time": 5, "end_time": 253_402_300_799}, (5, int(NOW) + 1)),
    ],
)
def test_usage_is_of_the_time_asked_for_and_else_of_the_month(arguments: dict[str, Any], span: tuple[int, int]) -> None:
    asked = []

    def used(*wanted: Any) -> dict[str, Any]:
        asked.append(wanted[:3])
        assert 20 < wanted[3] <= 27
        return nothing(*wanted)

    told({}, used=used, arguments=arguments)
    assert asked == [("u", *span)]


@pytest.mark.parametrize(
    "arguments", [{"start_time": 9, "end_time": 9}, {"start_time": int(NOW) + 60}, {"end_time": 1}]
)
def test_a_time_that_is_none_is_said_and_nobody_is_asked(arguments: dict[str, Any]) -> None:
    def never(*_: Any) -> Any:
        raise AssertionError

    result = my_usage(CALLER, arguments, 0, never, never, never, NOW)
    assert result.is_error
    assert "'start_time' must be before 'end_time'" in result.texts[0]


def test_a_log_that_gives_no_answer_takes_nothing_else_with_it() -> None:
    def silent(*_: Any) -> Any:
        raise Problem("query_timeout", limit="10 s")

    found = told({SPEND: Spend("2026-11", 1_000_000).dump()}, used=silent)
    assert (found["spent_usd"], found["usage"]) == (1, None)
