"""Minting and revoking when AWS fails half-way."""

import threading
import time
from contextlib import contextmanager

import pytest

from pennyworth.errors import Problem
from pennyworth.keys import attribute, locate
from services.admin import apikeys
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate, RotationRequest
from services.admin.keyring import Keyring

PEPPER = b"pepper"
REQUEST = ApiKeyRequest(name="ci")


class Held:
    """A lock among threads, in place of the one among processes."""

    def __init__(self):
        self.lock, self.lapsed, self.depth = threading.Lock(), False, 0

    @contextmanager
    def hold(self, user_id):
        with self.lock:
            self.depth += 1
            yield self
            self.depth -= 1

    def check(self):
        if self.lapsed:
            raise Problem("conflict", reason="lapsed")


@pytest.fixture
def lock():
    return Held()


@pytest.fixture
def keyring(pool, lock, enrolments):
    return Keyring(pool, lock, lambda: PEPPER, enrolments)


@pytest.fixture
def ada(pool):
    return pool.add(1, ["developers"])


def test_a_minted_key_leads_back_to_its_user_slot_and_record(pool, keyring, ada):
    key = keyring.mint(ada, REQUEST)
    assert locate(key.secret, PEPPER) == (ada, 1)
    (stored,) = apikeys.stored(pool.members[ada].slots)
    assert stored == (1, key.record)
    assert stored.record.matches(key.secret)
    assert key.secret not in pool.members[ada].slots[attribute(1)]
    assert key.record.id.removeprefix("key_").isalnum()


def test_a_write_that_fails_shows_no_secret_and_loses_nothing(pool, keyring, ada, fails):
    kept = keyring.mint(ada, REQUEST)
    pool.faults["write"] = fails("TooManyRequestsException")
    with pytest.raises(Problem) as raised:
        keyring.mint(ada, REQUEST)
    assert raised.value.code == "rate_limit_exceeded"
    assert [key.record for key in apikeys.stored(pool.members[ada].slots)] == [kept.record]


def test_a_write_whose_answer_was_lost_is_found_to_be_done(pool, keyring, ada, fails):
    pool.faults["write"] = (True, fails("InternalErrorException"))
    key = keyring.mint(ada, REQUEST)
    assert [stored.record for stored in apikeys.stored(pool.members[ada].slots)] == [key.record]


def test_a_write_that_left_no_trace_is_not_called_done(pool, keyring, ada):
    pool.write = lambda *_: None
    with pytest.raises(Problem) as raised:
        keyring.mint(ada, REQUEST)
    assert raised.value.code == "service_unavailable"


def test_nothing_is_written_once_the_lock_may_be_anothers(pool, keyring, lock, ada):
    key = keyring.mint(ada, REQUEST)
    lock.lapsed = True
    with pytest.raises(Problem, match="lapsed"):
        keyring.mint(ada, REQUEST)
    with pytest.raises(Problem, match="lapsed"):
        keyring.revoke(ada, key.record.id)
    assert len(apikeys.stored(pool.members[ada].slots)) == 1


def test_nothing_can_fail_between_the_write_and_the_answer_but_looking_again(pool, keyring, ada):
    keyring.mint(ada, REQUEST)
    assert pool.calls[pool.calls.index("write") :] == ["write", "person"]


def test_what_is_refused_is_refused_before_the_lock(pool, keyring, lock, ada):
    lock.hold = None
    with pytest.raises(Problem) as raised:
        keyring.mint(ada, ApiKeyRequest(name="ci", expires_at=1))
    assert raised.value.param == "expires_at"
    with pytest.raises(Problem) as raised:
        keyring.revoke(ada, "key_aaaaaaaaaaaaaaaa")
    assert raised.value.code == "not_found"


def test_a_revoked_key_is_gone_and_only_that_one(pool, keyring, ada):
    first, second = keyring.mint(ada, REQUEST), keyring.mint(ada, REQUEST)
    keyring.revoke(ada, first.record.id)
    assert [key.record for key in apikeys.stored(pool.members[ada].slots)] == [second.record]
    with pytest.raises(Problem, match=f"There is no key '{first.record.id}'"):
        keyring.revoke(ada, first.record.id)


def test_a_key_that_is_still_there_is_not_called_revoked(pool, keyring, ada):
    key = keyring.mint(ada, REQUEST)
    pool.clear = lambda *_: None
    with pytest.raises(Problem) as raised:
        keyring.revoke(ada, key.record.id)
    assert raised.value.code == "service_unavailable"


def test_a_key_revoked_while_we_waited_for_the_lock_takes_no_other_with_it(pool, keyring, lock, ada):
    key = keyring.mint(ada, REQUEST)
    hold = lock.hold

    @contextmanager
    def late(user_id):
        lock.hold = hold
        keyring.revoke(ada, key.record.id)
        keyring.mint(ada, REQUEST)
        with hold(user_id) as held:
            yield held

    lock.hold = late
    with pytest.raises(Problem) as raised:
        keyring.revoke(ada, key.record.id)
    assert raised.value.code == "not_found"
    assert len(apikeys.stored(pool.members[ada].slots)) == 1


def test_twenty_threads_get_twenty_keys_and_the_next_one_a_conflict(pool, keyring, ada):
    write = pool.write

    def slow(*arguments):
        time.sleep(0)  # let the others run between the look and the write
        write(*arguments)

    pool.write = slow
    minted = []
    threads = [threading.Thread(target=lambda: minted.append(keyring.mint(ada, REQUEST))) for _ in range(20)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    stored = {key.record for key in apikeys.stored(pool.members[ada].slots)}
    assert stored == {key.record for key in minted}
    assert len(stored) == 20
    with pytest.raises(Problem, match="20 keys"):
        keyring.mint(ada, REQUEST)


HOUR = RotationRequest(overlap_s=3600)


def only(pool, user_id):
    (stored,) = apikeys.stored(pool.members[user_id].slots)
    return stored.record


def works(record, secret):
    return (record.ends_at(secret) or 0) > time.time()


def test_a_rotated_key_keeps_its_id_its_slot_and_for_a_while_its_old_secret(pool, keyring, ada):
    old = keyring.mint(ada, REQUEST)
    new = keyring.rotate(ada, old.record.id, HOUR)
    stored = only(pool, ada)
    assert stored == new.record
    assert (stored.id, stored.created_at) == (old.record.id, old.record.created_at)
    assert locate(new.secret, PEPPER) == locate(old.secret, PEPPER) == (ada, 1)
    assert stored.ends_at(new.secret) == float("inf")
    assert stored.ends_at(old.secret) == stored.rotated_at + 3600
    assert new.secret not in stored.dump()
    assert new.secret not in repr(stored)


def test_a_rotation_without_overlap_ends_every_secret_before_it(keyring, ada):
    first = keyring.mint(ada, REQUEST)
    second = keyring.rotate(ada, first.record.id, HOUR)
    third = keyring.rotate(ada, first.record.id, RotationRequest(overlap_s=0))
    assert [works(third.record, key.secret) for key in (first, second, third)] == [False, False, True]


def test_a_rotation_whose_answer_was_lost_can_be_done_again_and_the_secret_in_use_goes_on(keyring, ada):
    in_use = keyring.mint(ada, REQUEST)
    lost = keyring.rotate(ada, in_use.record.id, HOUR)
    new = keyring.rotate(ada, in_use.record.id, HOUR)
    assert [works(new.record, key.secret) for key in (in_use, lost, new)] == [True, True, True]
    with pytest.raises(Problem, match="overlap_s of 0") as raised:
        keyring.rotate(ada, in_use.record.id, HOUR)
    assert raised.value.code == "conflict"


def test_an_old_secret_does_not_outlive_its_key(pool, keyring, ada):
    key = keyring.mint(ada, ApiKeyRequest(name="ci", expires_in=60))
    keyring.rotate(ada, key.record.id, HOUR)
    assert only(pool, ada).ends_at(key.secret) == key.record.expires_at


def test_a_rotation_needs_no_slot(keyring, ada):
    minted = [keyring.mint(ada, REQUEST) for _ in range(20)]
    assert works(keyring.rotate(ada, minted[7].record.id, HOUR).record, minted[7].secret)


def test_a_rotation_that_fails_leaves_the_key_as_it_was(pool, keyring, lock, ada, fails):
    key = keyring.mint(ada, REQUEST)
    for method in ("person", "groups_of", "write"):
        pool.faults = {method: fails("InternalErrorException")}
        with pytest.raises(Problem):
            keyring.rotate(ada, key.record.id, HOUR)
        assert only(pool, ada) == key.record
    pool.faults, lock.lapsed = {}, True
    with pytest.raises(Problem, match="lapsed"):
        keyring.rotate(ada, key.record.id, HOUR)
    assert only(pool, ada) == key.record


def test_a_rotation_whose_write_was_done_and_its_answer_lost_is_done(pool, keyring, ada, fails):
    key = keyring.mint(ada, REQUEST)
    pool.faults["write"] = (True, fails("InternalErrorException"))
    new = keyring.rotate(ada, key.record.id, HOUR)
    assert works(only(pool, ada), new.secret)


def test_rotations_and_mints_at_once_lose_no_key_and_no_secret(pool, keyring, ada):
    key = keyring.mint(ada, REQUEST)
    changes = [
        *[lambda: keyring.rotate(ada, key.record.id, HOUR)] * 2,
        *[lambda: keyring.mint(ada, REQUEST)] * 6,
        lambda: keyring.update(ada, key.record.id, ApiKeyUpdate(name="renamed")),
    ]
    made = []
    threads = [threading.Thread(target=lambda change=change: made.append(change())) for change in changes]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    stored = [each.record for each in apikeys.stored(pool.members[ada].slots)]
    assert len(stored) == 7
    assert {each.name for each in stored} == {"ci", "renamed"}
    secrets = [key.secret, *(each.secret for each in made if hasattr(each, "secret"))]
    assert len(secrets) == 9
    assert all(sum(works(record, secret) for record in stored) == 1 for secret in secrets)


def test_a_key_is_renamed_and_narrowed_and_never_widened(pool, keyring, ada):
    wish = ApiKeyRequest(name="ci", scopes=["inference", "mcp"], models=["nova-*"], expires_in=3600)
    key = keyring.mint(ada, wish)

    def update(**fields):
        return keyring.update(ada, key.record.id, ApiKeyUpdate(**fields))

    renamed = update(name="laptop")
    assert (renamed.name, renamed.scopes, renamed.models) == ("laptop", key.record.scopes, ("nova-*",))
    narrow = update(scopes=["inference"], models=["nova-pro"], expires_in=60)
    assert (narrow.scopes, narrow.models) == (("inference",), ("nova-pro",))
    assert only(pool, ada) == narrow
    for wider, param in [
        ({"scopes": ["inference", "mcp"]}, "scopes"),
        ({"models": ["nova-pro", "nova-*"]}, "models[1]"),
        ({"expires_at": None}, "expires_at"),
        ({"expires_in": 3600}, "expires_in"),
    ]:
        with pytest.raises(Problem, match="never gets more") as raised:
            update(**wider)
        assert raised.value.param == param
    with pytest.raises(Problem, match="Name what to change"):
        update()
    assert only(pool, ada) == narrow
    rotated = keyring.rotate(ada, key.record.id, HOUR).record
    assert (rotated.scopes, rotated.models, rotated.expires_at) == (narrow.scopes, narrow.models, narrow.expires_at)


def test_an_expired_key_is_not_rotated(keyring, ada):
    key = keyring.mint(ada, ApiKeyRequest(name="ci", expires_in=1))
    keyring._clock = lambda: time.time() + 2
    with pytest.raises(Problem, match="expired"):
        keyring.rotate(ada, key.record.id, HOUR)
