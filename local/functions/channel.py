"""Bytes on their way from a function to its caller."""

import asyncio

HIGH_WATER = 256 * 1024  # bytes waiting before the writer has to wait as well


class Channel:
    """One writer, one reader. A reader that is slow slows the writer down; one that left lets it run on."""

    def __init__(self) -> None:
        self._waiting: list[bytes] = []
        self._size = 0
        self._closed = False
        self._abandoned = False
        self._error: Exception | None = None
        self._readable = asyncio.Event()
        self._writable = asyncio.Event()
        self._writable.set()

    async def put(self, data: bytes) -> None:
        """Hand data over; it is dropped when nobody will read it."""
        await self._writable.wait()
        if self._abandoned or self._closed:
            return
        self._waiting.append(data)
        self._size += len(data)
        self._readable.set()
        if self._size >= HIGH_WATER:
            self._writable.clear()

    def close(self, error: Exception | None = None) -> None:
        """End the bytes; the reader meets `error` after the last of them."""
        if not self._closed:
            self._closed, self._error = True, error
            self._readable.set()
            self._writable.set()

    def abandon(self) -> None:
        """The reader leaves."""
        self._abandoned = True
        self._waiting.clear()
        self._writable.set()

    async def get(self) -> bytes:
        """All that has arrived, joined; `b""` at the end. Raises the writer's error."""
        await self._readable.wait()
        if self._waiting:
            data = self._waiting[0] if len(self._waiting) == 1 else b"".join(self._waiting)
            self._waiting.clear()
            self._size = 0
            self._writable.set()
            if not self._closed:
                self._readable.clear()
            return data
        if self._error is not None:
            raise self._error
        return b""
