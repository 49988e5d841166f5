"""A name that is not looked up in time costs its time and no more."""

import time
from concurrent.futures import ThreadPoolExecutor
from threading import Event

import pytest

from pennyworth.lookup import Lookup, addresses
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.web import Web


class Resolver:
    """Answers when it is let; counts who asks."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.let = Event()

    def __call__(self, host: str) -> list[str]:
        self.asked.append(host)
        assert self.let.wait(30)
        return [f"addresses of {host}"]


@pytest.fixture
def resolver():
    hangs = Resolver()
    yield hangs
    hangs.let.set()


def soon(seconds: float = 0.2) -> float:
    return time.monotonic() + seconds


def test_a_name_stands_for_all_its_addresses():
    assert "127.0.0.1" in Lookup(4)("localhost", soon(5))
    assert Lookup(4)("127.0.0.1", soon(5)) == addresses("127.0.0.1") == ["127.0.0.1"]


@pytest.mark.parametrize(("fault", "host"), [(OSError, "no.such.host.invalid"), (UnicodeError, "a" * 64 + ".example")])
def test_what_the_resolver_raises_is_raised(fault, host):
    with pytest.raises(fault):
        Lookup(4)(host, soon(20))


def test_a_resolver_that_hangs_is_left_at_the_deadline(resolver):
    began = time.monotonic()
    with pytest.raises(TimeoutError):
        Lookup(4, resolver)("a", soon())
    assert time.monotonic() - began < 2


def test_one_name_is_asked_for_once_at_a_time_and_anew_when_it_is_answered(resolver):
    lookup = Lookup(4, resolver)
    for _ in range(10):
        with pytest.raises(TimeoutError):
            lookup("a", soon(0.01))
    assert resolver.asked == ["a"]
    with ThreadPoolExecutor(3) as pool:
        waiting = [pool.submit(lookup, "a", soon(20)) for _ in range(3)]
        resolver.let.set()
        assert [each.result() for each in waiting] == [["addresses of a"]] * 3
    assert lookup("a", soon(20)) == ["addresses of a"]


def test_no_more_threads_hang_than_may(resolver):
    lookup = Lookup(2, resolver)
    for host in "abcd":
        with pytest.raises(TimeoutError):
            lookup(host, soon(0.01))
    assert resolver.asked == ["a", "b"]


def test_a_name_that_no_thread_was_left_for_is_asked_for_when_there_is_one(monkeypatch):
    """Where it has one only under way, it is nobody's: all who ask for the name wait in vain."""

    class NoThread:
        def __init__(self, **_: object) -> None: ...

        def start(self) -> None:
            raise RuntimeError("can't start new thread")

    lookup = Lookup(1, lambda host: [f"addresses of {host}"])
    with monkeypatch.context() as crowded:
        crowded.setattr("pennyworth.lookup.Thread", NoThread)
        for _ in range(2):
            with pytest.raises(TimeoutError, match="no thread"):
                lookup("a", soon(5))
    assert lookup("a", soon(5)) == ["addresses of a"]


def test_a_server_whose_name_is_not_looked_up_does_not_hold_a_request(resolver):
    web = Web("there", lookup=resolver)
    began = time.monotonic()
    with pytest.raises(Unreachable, match="did not answer in time"):
        web.request("GET", "https://slow.example/", {}, b"", soon(), 1024)
    assert time.monotonic() - began < 2
