"""Clocks, and measuring two subjects turn by turn."""

import re
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

Subject = Callable[[], Awaitable[float]]  # measures itself once, in seconds


def cpu_s(pid: int) -> float:
    """User and system time of a process, all its threads, in seconds, to the nanosecond. Linux.

    /proc/PID/stat counts in ticks of 10 ms, too coarse for calls of one. This is the kernel's clock of that process,
    clock_getcpuclockid(3); the arithmetic is the kernel's CPUCLOCK_SCHED, which Python has no name for.
    """
    return time.clock_gettime((~pid << 3) | 2)


def rss_mb(pid: int) -> float:
    """Resident memory of a process now, in MiB. Linux."""
    status = Path(f"/proc/{pid}/status").read_text(encoding="ascii")
    kib = re.search(r"^VmRSS:\s+(\d+) kB$", status, re.MULTILINE)
    assert kib, "a process that has ended has no memory"
    return int(kib[1]) / 1024


async def turns(*subjects: Subject, rounds: int) -> list[tuple[float, ...]]:
    """One row a round. The subjects take turns, A B A B, so that whatever else the machine does meets all alike."""
    return [tuple([await subject() for subject in subjects]) for _ in range(rounds)]


def cpu_per_call(pid: int, call: Callable[[int], Awaitable[None]], calls: int) -> Subject:
    """A subject for `turns`: CPU seconds of a process for each of `calls` calls."""

    async def measured() -> float:
        before = cpu_s(pid)
        await call(calls)
        return (cpu_s(pid) - before) / calls

    return measured
