"""OpenAI's roles over our groups: the right of no one grows beyond what was asked for."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from pennyworth.policy import Group, GroupPolicy
from services.admin.people import role
from services.admin.roles import group_for, move


def group(name, precedence, *actions):
    return Group(name, precedence, "", GroupPolicy(frozenset(actions), ("*",)))


ROOT, ADMINS = group("root", 1, "admin", "inference"), group("admins", 10, "admin", "inference")
DEVELOPERS, GUESTS = group("developers", 20, "inference", "mcp"), group("guests", 30, "inference")
FROZEN = group("frozen", 0)
EVERY = [ROOT, ADMINS, DEVELOPERS, GUESTS]


def test_a_role_means_the_least_powerful_group_it_fits():
    assert group_for("owner", EVERY) is ADMINS
    assert group_for("reader", EVERY) is GUESTS
    assert group_for("reader", EVERY, "developers") is DEVELOPERS


@pytest.mark.parametrize(
    ("wanted", "groups", "name", "param"),
    [
        ("owner", EVERY, "developers", "group"),
        ("reader", EVERY, "root", "group"),
        ("reader", EVERY, "gods", "group"),
        ("owner", [DEVELOPERS], None, "role"),
        ("reader", [ADMINS], None, "role"),
    ],
)
def test_a_role_that_no_group_stands_for_is_refused(wanted, groups, name, param):
    with pytest.raises(Problem) as raised:
        group_for(wanted, groups, name)
    assert (raised.value.code, raised.value.param) == ("invalid_value", param)


def test_a_group_that_counts_before_every_owners_group_keeps_one_from_being_an_owner():
    with pytest.raises(Problem, match="would count first") as raised:
        move("owner", [FROZEN], [FROZEN, *EVERY])
    assert raised.value.code == "conflict"


@given(current=st.lists(st.sampled_from(EVERY), unique=True), wanted=st.sampled_from(["owner", "reader"]))
def test_a_move_ends_in_the_role_asked_for_and_touches_nothing_where_it_is_so_already(current, wanted):
    made = move(wanted, current, EVERY)
    assert role(made.after(current, EVERY)) == wanted
    if role(current) == wanted:
        assert made == ((), ())
    if wanted == "reader":
        assert not any("admin" in each.policy.actions for each in made.after(current, EVERY))
