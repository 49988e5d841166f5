"""What the gateway tells a caller of themselves."""

import json
from dataclasses import asdict
from typing import Any

import jsonschema
import pytest

from pennyworth.budgets import SPEND, Spend
from pennyworth.directory import User
from pennyworth.keys import KeyRecord, attribute
from pennyworth.policy import BUDGET, NO_GROUP, Group
from pennyworth.principal import Principal
from services.mcp.own.person import my_usage
from services.mcp.tools import MY_USAGE

NOW = 1_795_392_000.0  # 2026-11-23
DECEMBER = 1_796_083_200
CALLER = Principal("u", "n", "key_b", "staff", "r", frozenset({"mcp", "usage"}), ("*",))


def key(name: str, created_at: int, **more: Any) -> str:
    record = KeyRecord(f"key_{name}", name, "0" * 64, ("mcp",), ("*",), created_at, None, "abcd", **more)
    return json.dumps(asdict(record))


def told(attributes: dict[str, str], group: Group | None = None) -> Any:
    policy = {"actions": ["mcp"], "models": [], "budget_microusd": 9_000_000, "user_budget_microusd": 2_000_000}
    staff = Group.of({"GroupName": "staff", "Description": json.dumps(policy)})
    result = my_usage(CALLER, lambda _: User("u", "n", True, attributes), lambda _: group or staff, NOW)
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
