"""The lock holds against every order of reads and writes, a crashed holder, a sleeping one, and stale reads."""

import random
import threading
import time

import pytest

from pennyworth.errors import Problem
from services.admin.lock import LEASE_S, WAIT_S, Lock
from services.admin.parameters import Parameter

USER = "3f2a0000-0000-4000-8000-000000000001"
NAME = "/pennyworth/test/locks/3f"


class Clock:
    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


class Store:
    """Parameter Store in memory: each write atomic, each version for ever."""

    def __init__(self, clock) -> None:
        self.clock, self.versions, self.atomic = clock, [], threading.Lock()
        self.before_write = []  # each called once, before the next write

    def read(self, name, version=None):
        assert name == NAME
        with self.atomic:
            try:
                return self.versions[-1 if version is None else version - 1]
            except IndexError:
                return None

    def create(self, name, value):
        self._interrupted()
        with self.atomic:
            return None if self.versions else self._append(value)

    def overwrite(self, name, value):
        self._interrupted()
        with self.atomic:
            return self._append(value)

    def _append(self, value):
        self.versions.append(Parameter(value, len(self.versions) + 1, self.clock()))
        return len(self.versions)

    def _interrupted(self):
        if self.before_write:
            self.before_write.pop(0)()


@pytest.fixture
def clock():
    return Clock()


@pytest.fixture
def store(clock):
    return Store(clock)


def lock(store, clock):
    return Lock(store, "/pennyworth/test/locks", clock, clock.sleep)


def values(store):
    return [parameter.value for parameter in store.versions]


def test_the_first_holder_makes_the_parameter_and_leaves_it_free(store, clock):
    with lock(store, clock).hold(USER):
        assert values(store) == ["held"]
    assert values(store) == ["held", "free"]
    with lock(store, clock).hold(USER):
        pass
    assert values(store) == ["held", "free", "held", "free"]


def test_a_second_one_is_refused_after_the_wait_with_a_conflict(store, clock):
    with lock(store, clock).hold(USER):
        started_at = clock()
        with pytest.raises(Problem) as refused, lock(store, clock).hold(USER):
            pytest.fail("two hold the lock")
    assert refused.value.code == "conflict"
    assert refused.value.retry_after_s == 1
    assert WAIT_S <= clock() - started_at < WAIT_S + 1
    assert values(store) == ["held", "free"], "waiting writes nothing"


def test_it_is_released_when_the_work_fails(store, clock):
    with pytest.raises(ZeroDivisionError), lock(store, clock).hold(USER):
        raise ZeroDivisionError
    assert values(store)[-1] == "free"


def test_the_second_of_two_who_saw_it_free_does_not_get_it(store, clock):
    with lock(store, clock).hold(USER):
        pass
    other = lock(store, clock).hold(USER)
    store.before_write.append(other.__enter__)
    with pytest.raises(Problem, match="under way"), lock(store, clock).hold(USER):
        pytest.fail("two hold the lock")
    other.__exit__(None, None, None)
    with lock(store, clock).hold(USER):
        pass


def test_the_second_of_two_who_saw_no_parameter_does_not_get_it(store, clock):
    other = lock(store, clock).hold(USER)
    store.before_write.append(other.__enter__)
    with pytest.raises(Problem, match="under way"), lock(store, clock).hold(USER):
        pytest.fail("two hold the lock")


def test_one_who_comes_second_gets_it_when_the_first_has_released_meanwhile(store, clock):
    with lock(store, clock).hold(USER):
        pass

    def whole_turn():
        with lock(store, clock).hold(USER):
            pass

    store.before_write.append(whole_turn)
    with lock(store, clock).hold(USER):
        assert values(store) == ["held", "free", "held", "free", "held"]


def test_a_crashed_holder_is_followed_after_the_lease_and_not_before(store, clock):
    crashed = lock(store, clock).hold(USER)
    crashed.__enter__()  # and never left
    clock.now += LEASE_S - WAIT_S - 1
    with pytest.raises(Problem, match="under way"), lock(store, clock).hold(USER):
        pytest.fail("the lease had not ended")
    clock.now += WAIT_S
    with lock(store, clock).hold(USER):
        pass


def test_only_one_of_two_follows_a_crashed_holder(store, clock):
    crashed = lock(store, clock).hold(USER)
    crashed.__enter__()
    clock.now += LEASE_S
    other = lock(store, clock).hold(USER)
    store.before_write.append(other.__enter__)
    with pytest.raises(Problem, match="under way"), lock(store, clock).hold(USER):
        pytest.fail("two took over")


def test_a_holder_who_slept_through_the_lease_neither_writes_nor_releases_what_is_anothers(store, clock):
    with lock(store, clock).hold(USER) as hold:
        hold.check()
        clock.now += LEASE_S
        other = lock(store, clock).hold(USER)
        other.__enter__()
        with pytest.raises(Problem, match="under way"):
            hold.check()
    assert values(store) == ["held", "held"], "the sleeper did not release it"
    other.__exit__(None, None, None)


def test_a_release_without_an_answer_is_not_sent_again_and_does_not_hide_the_work_done(store, clock):
    sent = []

    def silent(name, value):
        sent.append(value)
        raise Problem("service_unavailable")

    with lock(store, clock).hold(USER):
        store.overwrite = silent
    assert sent == ["free"]


def test_a_release_that_aws_refused_is_sent_again(store, clock):
    with lock(store, clock).hold(USER):
        once = store.overwrite
        answers = [None, None]
        store.overwrite = lambda name, value: answers.pop() if answers else once(name, value)
    assert values(store)[-1] == "free"


@pytest.mark.parametrize("stale", [False, True], ids=["fresh reads", "stale reads"])
def test_no_two_threads_ever_hold_it_at_once(stale):
    store, chance, inside, most, done = Store(lambda: 0.0), random.Random(7), [], [], []  # noqa: S311
    newest = store.read

    def lagging(name, version=None):
        time.sleep(0)
        seen = newest(name, version)
        if stale and version is None and seen is not None and chance.random() < 0.5:
            return newest(name, max(1, seen.version - chance.randrange(4)))
        return seen

    store.read = lagging

    def work():
        # time stands still: nobody gives up, nobody's lease ends
        mine = Lock(store, "/pennyworth/test/locks", lambda: 0.0, lambda seconds: time.sleep(seconds / 1000))
        for _ in range(10):
            with mine.hold(USER):
                inside.append(1)
                most.append(len(inside))
                time.sleep(0)
                inside.pop()
            done.append(1)

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert len(done) == 60
    assert max(most) == 1


def test_without_sight_of_the_version_before_nobody_is_let_in(store, clock):
    with lock(store, clock).hold(USER):
        pass
    newest = store.read
    store.read = lambda name, version=None: None if version else newest(name)
    with pytest.raises(Problem, match="under way"), lock(store, clock).hold(USER):
        pytest.fail("let in without proof")
