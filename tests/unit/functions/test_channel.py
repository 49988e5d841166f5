import asyncio

import pytest

from local.functions.channel import HIGH_WATER, Channel


@pytest.fixture
def anyio_backend() -> str:
    return "asyncio"


pytestmark = pytest.mark.anyio


async def test_what_waits_is_read_at_once_and_the_end_is_empty() -> None:
    channel = Channel()
    await channel.put(b"a")
    await channel.put(b"b")
    assert await channel.get() == b"ab"
    await channel.put(b"c")
    channel.close()
    await channel.put(b"too late")
    assert [await channel.get(), await channel.get(), await channel.get()] == [b"c", b"", b""]


async def test_an_error_comes_after_the_last_byte_and_stays() -> None:
    channel = Channel()
    await channel.put(b"a")
    channel.close(ValueError("x"))
    channel.close()
    assert await channel.get() == b"a"
    for _ in range(2):
        with pytest.raises(ValueError, match="x"):
            await channel.get()


@pytest.mark.parametrize("freed_by", ["get", "abandon", "close"])
async def test_a_writer_waits_for_a_slow_reader(freed_by: str) -> None:
    channel = Channel()
    await channel.put(bytes(HIGH_WATER))
    writer = asyncio.create_task(channel.put(b"x"))
    await asyncio.sleep(0)
    assert not writer.done()
    match freed_by:
        case "get":
            await channel.get()
        case "abandon":
            channel.abandon()
        case "close":
            channel.close()
    await asyncio.wait_for(writer, 1)


async def test_nothing_piles_up_for_a_reader_that_left() -> None:
    channel = Channel()
    channel.abandon()
    async with asyncio.timeout(1):
        for _ in range(4):
            await channel.put(bytes(HIGH_WATER))
    assert channel._size == 0
