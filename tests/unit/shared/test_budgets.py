import json
from datetime import UTC, datetime

import pytest

from pennyworth.budgets import Budgets, Spend, month, resets_at
from pennyworth.principal import Spent

NOVEMBER = datetime(2026, 11, 23, tzinfo=UTC).timestamp()
DECEMBER = datetime(2026, 12, 1, tzinfo=UTC).timestamp()
SPEND = Spend("2026-11", 70, {"developers": 900}, {"key_a": 30, "key_b": 40})


@pytest.mark.parametrize(
    ("moment", "name", "next_"),
    [
        ((2026, 11, 1), "2026-11", (2026, 12, 1)),
        ((2026, 12, 31, 23, 59, 59), "2026-12", (2027, 1, 1)),
        ((2028, 2, 29), "2028-02", (2028, 3, 1)),
        ((2027, 1, 1), "2027-01", (2027, 2, 1)),
    ],
)
def test_a_month_is_utcs(moment, name, next_):
    at = datetime(*moment, tzinfo=UTC).timestamp()
    assert month(at) == name
    assert resets_at(at) == datetime(*next_, tzinfo=UTC).timestamp()


def test_a_mirror_is_read_as_it_was_written_and_counts_in_its_month_alone():
    assert Spend.parse(SPEND.dump(), NOVEMBER) == SPEND
    assert Spend.parse(SPEND.dump(), DECEMBER) == Spend("2026-12")
    assert Spend.parse("", NOVEMBER) == Spend("2026-11")


@pytest.mark.parametrize(
    "value", ["{", "[]", "null", '{"month": "2026-11"}', '{"month":"2026-11","user":1,"groups":3}']
)
def test_a_mirror_nobody_can_read_holds_nothing_and_is_written_anew_at_the_next_request(value):
    assert Spend.parse(value, NOVEMBER) == Spend("2026-11")


def test_a_mirror_fits_its_attribute_and_leaves_out_what_spent_least():
    keys = {f"key_{number:016d}": number * 1_000_000 for number in range(200)}
    full = Spend("2026-11", 10**12, {"developers": 10**12, "admins": 1}, keys)
    value = full.dump()
    assert len(value) <= 2048
    kept = Spend.parse(value, NOVEMBER)
    assert (kept.user, kept.groups) == (full.user, full.groups)
    assert len(kept.keys) > 40  # twice as many as one can have at a time
    assert min(kept.keys.values()) > max(keys[key] for key in keys.keys() - kept.keys.keys())


@pytest.mark.parametrize(
    ("budgets", "whose"),
    [
        (Budgets(), None),
        (Budgets(user=71, key=31, group=901), None),
        (Budgets(user=70), "user"),
        (Budgets(key=30), "key"),
        (Budgets(group=900), "group"),
        (Budgets(user=0, key=0, group=0), "group"),
        (Budgets(user=1, key=1), "user"),
    ],
)
def test_a_budget_is_spent_when_as_much_was_spent(budgets, whose):
    spent = budgets.spent(SPEND.dump(), "developers", "key_a", NOVEMBER)
    assert spent == (Spent(whose, int(DECEMBER)) if whose else None)


def test_what_others_spent_is_not_held_against_a_key_or_a_group():
    budgets = Budgets(key=35, group=1)
    assert budgets.spent(SPEND.dump(), "admins", "key_a", NOVEMBER) is None
    assert budgets.spent(SPEND.dump(), "admins", "key_b", NOVEMBER) == Spent("key", int(DECEMBER))
    assert Budgets(key=1).spent(SPEND.dump(), "developers", "", NOVEMBER) is None  # a sign-in token has no key


def test_a_budget_of_nothing_is_spent_from_the_start_and_in_every_month():
    assert Budgets(user=0).spent("", "developers", "", NOVEMBER) == Spent("user", int(DECEMBER))
    assert Budgets(user=0).spent(SPEND.dump(), "developers", "", DECEMBER).whose == "user"


def test_a_new_month_begins_with_nothing_spent():
    assert Budgets(user=70, key=30, group=900).spent(SPEND.dump(), "developers", "key_a", DECEMBER) is None


def test_the_mirror_is_compact():
    assert json.loads(SPEND.dump()).keys() == {"month", "user", "groups", "keys"}
    assert " " not in SPEND.dump()
