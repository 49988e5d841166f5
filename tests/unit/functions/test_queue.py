"""Events nobody waits for: how often, and when, they are tried."""

import asyncio
from types import SimpleNamespace

import pytest

from local.functions.queue import Queue

pytestmark = pytest.mark.anyio
FAILED, THROTTLED, FINE = "failed", "throttled", "fine"


async def tried(*ends):
    """The waits before each further attempt; attempts end so, the last of them for good."""
    left, waits = list(ends), []

    def attempt():
        how = left.pop(0) if len(left) > 1 else left[0]
        ended = asyncio.Event()
        ended.set()
        error = None if how == FINE else "Runtime.Error"
        return SimpleNamespace(ended=ended, error=error, throttled=how == THROTTLED)

    async def sleep(wait_s):
        waits.append(wait_s)

    await Queue(attempt).deliver(sleep)
    return waits


async def test_what_succeeds_is_not_tried_again():
    assert await tried(FINE) == []


async def test_what_fails_is_tried_after_a_minute_and_after_two_and_then_given_up():
    assert await tried(FAILED, FINE) == [60]
    assert await tried(FAILED) == [60, 120]


async def test_a_function_at_its_limit_is_asked_ever_more_rarely_for_six_hours():
    assert await tried(THROTTLED, THROTTLED, THROTTLED, FINE) == [1, 2, 4]
    waits = await tried(THROTTLED)
    assert max(waits) == 300
    assert 6 * 3600 <= sum(waits) < 6 * 3600 + 300


async def test_a_wait_for_room_is_no_failed_attempt():
    assert await tried(THROTTLED, FAILED, THROTTLED, FAILED, FAILED) == [1, 60, 2, 120]
