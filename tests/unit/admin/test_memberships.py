"""Groups and their mirror: it never says more than Cognito does, whatever fails."""

import pytest

from pennyworth import membership
from pennyworth.errors import Problem


@pytest.fixture
def ada(pool, memberships):
    user_id = pool.add(1)
    memberships.join(user_id, "admins")
    return user_id


@pytest.fixture
def mirror(pool, ada):
    """The names it says; None where there is none."""
    return lambda: membership.parse(pool.members[ada].slots.get(membership.ATTRIBUTE, ""))


def test_every_change_is_mirrored(memberships, ada, mirror):
    memberships.join(ada, "developers")
    assert mirror() == ("admins", "developers")
    memberships.leave(ada, "admins")
    assert mirror() == ("developers",)
    memberships.leave(ada, "developers")
    assert mirror() == ()


def test_what_was_changed_elsewhere_is_settled(pool, memberships, ada, mirror):
    pool.joined[ada].clear()
    memberships.settle(ada)
    assert mirror() == ()


@pytest.mark.parametrize("step", ["clear", "leave", "groups_of", "write"])
@pytest.mark.parametrize("done", [False, True], ids=["refused", "done and its answer lost"])
def test_whatever_fails_the_mirror_says_no_more_than_cognito(pool, memberships, ada, mirror, fails, step, done):
    pool.faults[step] = (done, fails("InternalErrorException"))
    left = True
    try:
        memberships.leave(ada, "admins")
    except Problem:
        left = "admins" not in [group.name for group in pool.joined[ada]]
    truth = {group.name for group in pool.joined[ada]}
    assert ("admins" not in truth) == left
    assert mirror() is None or set(mirror()) <= truth


def test_a_change_that_is_made_is_no_failure_for_want_of_its_mirror(pool, memberships, ada, mirror, fails):
    pool.faults["write"] = fails("TooManyRequestsException")
    memberships.leave(ada, "admins")
    assert pool.joined[ada] == []
    assert mirror() is None


def test_more_groups_than_an_attribute_holds_have_no_mirror():
    assert membership.dump(f"{number:03}" + "g" * 100 for number in range(30)) == ""
    assert membership.parse("") is None
