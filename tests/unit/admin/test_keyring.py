"""Minting and revoking when AWS fails half-way."""

import threading
import time
from contextlib import contextmanager

import pytest

from pennyworth.errors import Problem
from pennyworth.keys import attribute, locate
from services.admin import apikeys
from services.admin.bodies import ApiKeyRequest
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
def keyring(pool, lock):
    return Keyring(pool, lock, lambda: PEPPER)


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
