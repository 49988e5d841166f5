"""People: none half-made, and a list that is whole however it is read."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.admin import members
from services.admin.bodies import UserRequest
from services.admin.query import Query

REQUEST = UserRequest(email="Ada@Example.com", group="developers", name="Ada")


def test_a_person_is_made_in_their_group(pool, memberships):
    made = members.create(pool, memberships, REQUEST)
    assert (made["email"], made["name"], made["groups"], made["role"]) == (
        "ada@example.com",
        "Ada",
        ["developers"],
        "reader",
    )


def test_an_unknown_group_is_refused_before_anyone_is_made(pool, memberships):
    with pytest.raises(Problem, match="The groups are: admins, developers") as raised:
        members.create(pool, memberships, UserRequest(email="ada@example.com", group="gods"))
    assert raised.value.param == "group"
    assert "create" not in pool.calls


def test_who_cannot_be_put_into_the_group_is_removed_again(pool, memberships, fails):
    pool.faults["join"] = fails("TooManyRequestsException")
    with pytest.raises(Problem) as raised:
        members.create(pool, memberships, REQUEST)
    assert raised.value.code == "rate_limit_exceeded"
    assert not pool.members


def test_who_can_be_neither_put_into_the_group_nor_removed_is_named(pool, memberships, fails):
    pool.faults["join"] = pool.faults["delete"] = fails("InternalErrorException")
    with pytest.raises(Problem, match="Delete them and try again") as raised:
        members.create(pool, memberships, REQUEST)
    (left,) = pool.members
    assert left in raised.value.message


def test_who_was_kept_though_their_invitation_failed_is_removed(pool, memberships, fails):
    pool.faults["create"] = (True, fails("CodeDeliveryFailureException"))
    with pytest.raises(Problem, match="temporary_password") as raised:
        members.create(pool, memberships, REQUEST)
    assert raised.value.param == "email"
    assert not pool.members


def test_an_invitation_that_failed_removes_nobody_who_was_there_before(pool, memberships, fails):
    pool.add(1, ["developers"], email="ada@example.com")
    pool.faults["create"] = fails("CodeDeliveryFailureException")
    with pytest.raises(Problem, match="mailed"):
        members.create(pool, memberships, REQUEST)
    assert len(pool.members) == 1


def everyone(pool, limit, each=lambda page: None):
    """All ids, read as OpenAI's client pages: until has_more is false or a page is empty."""
    seen, after = [], ""
    while True:
        page = members.listing(pool, Query(limit=limit, after=after, emails=()))
        assert len(page["data"]) <= limit
        seen += [user["id"] for user in page["data"]]
        each(page)
        if not page["data"] or not page["has_more"]:
            return seen
        after = page["last_id"]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(numbers=st.sets(st.integers(1, 2**128 - 1), max_size=30), limit=st.integers(1, 8))
def test_paging_shows_everyone_once(pool, numbers, limit):
    pool.members.clear()
    ids = {pool.add(number) for number in numbers}
    assert everyone(pool, limit) == sorted(ids)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(numbers=st.sets(st.integers(1, 2**128 - 1), max_size=30), limit=st.integers(1, 8))
def test_a_loop_that_deletes_what_it_lists_reaches_everyone(pool, numbers, limit):
    pool.members.clear()
    ids = {pool.add(number) for number in numbers}
    assert everyone(pool, limit, lambda page: [pool.delete(user["id"]) for user in page["data"]]) == sorted(ids)
    assert not pool.members


def test_who_is_listed_but_deleted_is_left_out_and_ends_no_list(pool):
    ids = [pool.add(number) for number in range(1, 8)]
    people = list(pool.members.values())
    pool.people = lambda: iter(people)  # Cognito's list lags
    for user_id in ids[:4]:
        pool.delete(user_id)
    assert everyone(pool, 2) == ids[4:]


def test_only_the_addresses_asked_for(pool):
    ada, bob = pool.add(1, email="ada@example.com"), pool.add(2, email="bob@example.com")
    pool.add(3)
    query = Query(limit=1, after="", emails=("bob@example.com", "eve@example.com", "ada@example.com"))
    first = members.listing(pool, query)
    assert ([user["id"] for user in first["data"]], first["has_more"]) == ([ada], True)
    second = members.listing(pool, Query(1, first["last_id"], query.emails))
    assert ([user["id"] for user in second["data"]], second["has_more"]) == ([bob], False)
    assert "people" not in pool.calls
