"""One HTTP/1.1 connection from a runtime."""

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import h11

# awslambdaric reports a fault's stack in a header of up to 1 MB.
HEAD_LIMIT = 2 * 1024 * 1024


class Gone(Exception):  # noqa: N818 -- the peer is gone
    """The connection ended where it should not have, or spoke no HTTP."""


class Peer:
    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader, self._writer = reader, writer
        self._http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_LIMIT)

    async def event(self) -> Any:
        """The next of h11's events. Raises Gone for a connection that broke off inside a message."""
        try:
            while (event := self._http.next_event()) is h11.NEED_DATA:
                if self._http.they_are_waiting_for_100_continue:
                    self._write(h11.InformationalResponse(status_code=100, headers=[]))
                self._http.receive_data(await self._read())
        except h11.RemoteProtocolError as error:
            raise Gone(str(error)) from error
        return event

    async def gone(self) -> None:
        """Return when the peer hangs up between its request and our answer."""
        while data := await self._read():
            self._http.receive_data(data)
        self._http.receive_data(b"")

    async def answer(self, status: int, headers: Mapping[str, str], body: bytes) -> None:
        lines = [*headers.items(), ("Content-Length", str(len(body)))]
        try:
            self._write(h11.Response(status_code=status, headers=lines))
            self._write(h11.Data(data=body))
            self._write(h11.EndOfMessage())
            await self._writer.drain()
        except (h11.LocalProtocolError, ConnectionError) as error:
            raise Gone(str(error)) from error

    async def answer_json(self, status: int, body: Mapping[str, object]) -> None:
        await self.answer(status, {"Content-Type": "application/json"}, json.dumps(body).encode())

    def again(self) -> bool:
        """Whether the connection can carry another request."""
        if self._http.our_state is h11.DONE and self._http.their_state is h11.DONE:
            self._http.start_next_cycle()
            return True
        return False

    def close(self) -> None:
        self._writer.close()

    async def _read(self) -> bytes:
        try:
            return await self._reader.read(65536)
        except ConnectionError:
            return b""

    def _write(self, event: Any) -> None:
        data = self._http.send(event)
        if data:
            self._writer.write(data)


def header(event: h11.Request | h11.EndOfMessage, name: bytes) -> str:
    """A header or trailer (its name in lower case), or nothing."""
    return next((value.decode("latin-1") for key, value in event.headers if key == name), "")
