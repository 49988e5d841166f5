import asyncio
import os
import subprocess
import sys
import time
from collections.abc import Iterator

import pytest

from benchmarks.measure import cpu_per_call, cpu_s, rss_mb, turns

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="reads Linux's process clocks")


@pytest.fixture
def sleeper() -> Iterator[int]:
    """A process that does nothing."""
    process = subprocess.Popen([sys.executable, "-c", "print(flush=True); input()"], stdin=-1, stdout=-1)
    try:
        assert process.stdout
        process.stdout.readline()
        yield process.pid
    finally:
        process.communicate(b"\n", timeout=10)


def burn(seconds: float) -> None:
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_the_cpu_time_of_a_process_is_its_own() -> None:
    before = cpu_s(os.getpid())
    burn(0.05)
    assert cpu_s(os.getpid()) - before == pytest.approx(0.05, abs=0.02)
    assert cpu_s(os.getpid()) == pytest.approx(time.process_time(), abs=0.02)


def test_another_process_is_measured_without_what_this_one_does(sleeper: int) -> None:
    before = cpu_s(sleeper)
    burn(0.05)
    assert cpu_s(sleeper) - before < 0.01


def test_resident_memory_is_in_mebibytes(sleeper: int) -> None:
    assert 3 < rss_mb(sleeper) < 100


def test_subjects_take_turns() -> None:
    order = []

    def subject(name: str, seconds: float):
        async def measured() -> float:
            order.append(name)
            return seconds

        return measured

    assert asyncio.run(turns(subject("a", 1), subject("b", 2), rounds=2)) == [(1, 2), (1, 2)]
    assert order == ["a", "b", "a", "b"]


def test_cpu_is_told_per_call() -> None:
    async def call(times: int) -> None:
        for _ in range(times):
            burn(0.01)

    assert asyncio.run(cpu_per_call(os.getpid(), call, 5)()) == pytest.approx(0.01, rel=0.3)
