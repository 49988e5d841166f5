"""A key's record never says that it is in a plan that it is not in, whatever fails."""

from dataclasses import replace

import pytest

from pennyworth.keys import attribute
from pennyworth.policy import Group, GroupPolicy
from services.admin import apikeys, members
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate, RotationRequest
from services.admin.keyring import Keyring
from tests.unit.admin.conftest import GROUPS
from tests.unit.admin.test_keyring import Held

REQUEST = ApiKeyRequest(name="ci")
ACTIONS, MODELS = frozenset({"inference"}), ("*",)


@pytest.fixture(autouse=True)
def groups(monkeypatch):
    """Two groups with a rate, beside those without."""
    for name, precedence in (("fast", 5), ("slow", 15)):
        policy = GroupPolicy(ACTIONS, MODELS, rate_per_s=5, burst=10, plan=f"plan of {name}")
        monkeypatch.setitem(GROUPS, name, Group(name, precedence, "", policy))


@pytest.fixture
def keyring(pool, enrolments):
    return Keyring(pool, Held(), lambda: b"pepper", enrolments)


@pytest.fixture
def ada(pool):
    return pool.add(1, ["slow"])


@pytest.fixture
def stored(pool, ada):
    return lambda: [key.record for key in apikeys.stored(pool.members[ada].slots)]


def true(records, plans):
    """Every plan that a record names holds the key."""
    return all(
        plans.held.get(each.enrolment.id) == each.enrolment.plan
        for each in records
        if each.enrolment and each.enrolment.plan
    )


def test_a_new_key_is_in_its_groups_plan(keyring, plans, stored, ada):
    key = keyring.mint(ada, REQUEST)
    assert [key.record] == stored()
    assert key.record.enrolment.plan == "plan of slow"
    assert plans.held == {key.record.enrolment.id: "plan of slow"}
    assert plans.keys == {key.record.enrolment.id: key.record.id}


def test_without_a_rate_nothing_is_asked_and_nothing_kept(pool, keyring, memberships, plans):
    user = pool.add(2, ["developers"])
    key = keyring.mint(user, REQUEST)
    keyring.update(user, key.record.id, ApiKeyUpdate(name="other"))
    memberships.join(user, "admins")
    keyring.revoke(user, key.record.id)
    assert plans.calls == []
    assert "enrolment" not in key.record.dump()


@pytest.mark.parametrize("call", ["create", "add"])
def test_a_key_is_not_lost_for_want_of_its_plan(keyring, plans, stored, ada, fails, call):
    plans.faults[call] = fails("TooManyRequestsException")
    key = keyring.mint(ada, REQUEST)
    assert key.secret
    assert [key.record] == stored()
    assert key.record.enrolment is None
    assert plans.keys == {}, "and no API key is left"


@pytest.mark.parametrize("done", [False, True], ids=["refused", "done and its answer lost"])
def test_a_record_that_is_not_written_names_no_plan_that_is_not_so(pool, keyring, plans, stored, ada, fails, done):
    writes = []
    original = pool.write

    def write(user_id, slot, value):
        writes.append(value)
        if len(writes) > 1 and not done:
            raise fails("InternalErrorException")
        original(user_id, slot, value)
        if len(writes) > 1:
            raise fails("InternalErrorException")

    pool.write = write
    assert keyring.mint(ada, REQUEST).secret
    assert true(stored(), plans)


@pytest.mark.parametrize("change", ["update", "rotate"])
def test_a_key_that_shares_is_enrolled_when_it_is_changed(keyring, plans, stored, ada, fails, change):
    plans.faults["create"] = fails("TooManyRequestsException")
    key = keyring.mint(ada, REQUEST)
    plans.faults.clear()
    if change == "update":
        changed = keyring.update(ada, key.record.id, ApiKeyUpdate(name="other"))
    else:
        changed = keyring.rotate(ada, key.record.id, RotationRequest(overlap_s=0)).record
    assert changed.enrolment.plan == "plan of slow"
    assert [changed] == stored()
    assert true(stored(), plans)


def test_a_persons_keys_move_with_them_by_the_same_api_key(keyring, memberships, plans, stored, ada):
    before = [keyring.mint(ada, REQUEST).record.enrolment for _ in range(2)]
    memberships.join(ada, "fast")
    assert [each.enrolment for each in stored()] == [each._replace(plan="plan of fast") for each in before]
    assert set(plans.held.values()) == {"plan of fast"}
    memberships.leave(ada, "fast")
    assert [each.enrolment for each in stored()] == before
    assert true(stored(), plans)


def test_who_leaves_for_a_group_without_a_rate_keeps_the_api_key_that_a_cached_decision_names(
    keyring, memberships, plans, stored, ada
):
    own = keyring.mint(ada, REQUEST).record.enrolment
    plans.calls.clear()
    memberships.join(ada, "admins")
    assert (plans.calls, plans.held) == ([], {own.id: "plan of slow"})
    assert true(stored(), plans)


@pytest.mark.parametrize("call", ["remove", "add", "create"])
def test_a_move_that_fails_names_no_plan_the_key_is_not_in(keyring, memberships, plans, stored, ada, fails, call):
    keyring.mint(ada, REQUEST)
    if call == "create":
        plans.keys.clear()  # by hand
    plans.faults[call] = fails("InternalErrorException")
    memberships.join(ada, "fast")
    assert true(stored(), plans)
    plans.faults.clear()
    memberships.leave(ada, "fast")
    assert stored()[0].enrolment.plan == "plan of slow"
    assert true(stored(), plans)


def test_a_move_is_told_before_the_key_leaves_its_plan(pool, keyring, memberships, plans, stored, ada):
    keyring.mint(ada, REQUEST)
    seen, original = [], plans.remove
    plans.remove = lambda *which: (seen.append(stored()[0].enrolment.plan), original(*which))
    memberships.join(ada, "fast")
    assert seen == [""]


def test_an_api_key_in_a_plan_it_should_not_be_in_is_replaced(keyring, memberships, plans, stored, ada):
    own = keyring.mint(ada, REQUEST).record.enrolment
    plans.held[own.id] = "plan of another"  # by hand
    memberships.join(ada, "fast")
    assert stored()[0].enrolment.id != own.id
    assert own.id not in plans.keys
    assert true(stored(), plans)


def test_the_api_key_goes_with_the_key_with_the_person_and_with_the_slot(pool, keyring, enrolments, plans, ada):
    first, second = (keyring.mint(ada, REQUEST).record for _ in range(2))
    keyring.revoke(ada, first.id)
    assert plans.keys.keys() == {second.enrolment.id}
    for slot in range(1, 21):  # all of them over
        record = replace(second, id=f"key_{slot}", expires_at=1)
        if slot != 2:
            record = replace(record, enrolment=None)
        pool.write(ada, attribute(slot), record.dump())
    pool.write(ada, attribute(1), replace(second, id="key_1", expires_at=2, enrolment=None).dump())
    pool.write(ada, attribute(2), replace(second, expires_at=0).dump())
    third = keyring.mint(ada, REQUEST).record
    assert plans.keys.keys() == {third.enrolment.id}
    members.remove(pool, enrolments, pool.members[ada])
    assert plans.keys == {}


def test_a_key_is_revoked_though_its_api_key_cannot_be_deleted(keyring, plans, stored, ada, fails):
    record = keyring.mint(ada, REQUEST).record
    plans.faults["delete"] = fails("InternalErrorException")
    keyring.revoke(ada, record.id)
    assert stored() == []
