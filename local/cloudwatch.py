"""What functions print, brought to CloudWatch Logs as Lambda brings it: in batches, to each function's own group.

Whoever subscribed to a group hears of each batch when it is there.
"""

import asyncio
import secrets
import time
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Iterable
from contextlib import asynccontextmanager, suppress
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

_GATHER_S = 0.1  # lines of one answer come together
_LINES, _CHARACTERS = 1000, 250_000  # a call; PutLogEvents takes 10 000 lines and 1 MiB
_END_S = 5.0  # for what is left at the end


Subscribers = Callable[[str, str, list[dict[str, Any]]], None]  # of a group, a stream, and its new events


def _nobody(*_: object) -> None: ...


class Deliveries:
    """Lines on their way. One that cannot be brought is lost here, and is in the run's own log."""

    def __init__(self, client: Any, groups: Iterable[str], subscribers: Subscribers) -> None:
        """`groups`: names of functions; the lines of others are none of Lambda's."""
        # One stream a run: who reads CloudWatch's groups does not ask which instance said it.
        self._stream = f"{time.strftime('%Y/%m/%d')}/[$LATEST]{secrets.token_hex(16)}"
        self._client, self._groups, self._subscribers = client, frozenset(groups), subscribers
        self._opened: set[str] = set()
        self._waiting: dict[str, list[dict[str, Any]]] = defaultdict(list)
        self._said = asyncio.Event()

    def line(self, function: str, line: str) -> None:
        """Take a line in. Never waits."""
        if function in self._groups and line:
            self._waiting[function].append({"timestamp": time.time_ns() // 1_000_000, "message": line})
            self._said.set()

    async def deliver(self) -> None:
        """Until cancelled. The groups are there from the start, as Terraform makes them, for who searches them; nobody
        waits for that."""
        with suppress(ClientError, BotoCoreError):
            await asyncio.to_thread(self._open_all)
        while True:
            await self._said.wait()
            await asyncio.sleep(_GATHER_S)
            await self.empty()

    async def empty(self) -> None:
        """Bring all that waits."""
        self._said.clear()
        waiting, self._waiting = self._waiting, defaultdict(list)
        for function, events in waiting.items():
            with suppress(ClientError, BotoCoreError):
                await asyncio.to_thread(self._put, function, events)

    def _open_all(self) -> None:
        for function in sorted(self._groups):
            self._open(function)

    def _open(self, function: str) -> dict[str, str]:
        where = {"logGroupName": f"/aws/lambda/{function}", "logStreamName": self._stream}
        if function not in self._opened:
            with suppress(self._client.exceptions.ResourceAlreadyExistsException):
                self._client.create_log_group(logGroupName=where["logGroupName"])
            with suppress(self._client.exceptions.ResourceAlreadyExistsException):
                self._client.create_log_stream(**where)
            self._opened.add(function)
        return where

    def _put(self, function: str, events: list[dict[str, Any]]) -> None:
        where = self._open(function)
        for batch in _batches(events):
            self._client.put_log_events(**where, logEvents=batch)
            self._subscribers(*where.values(), [{"id": _event_id(), **event} for event in batch])


def _event_id() -> str:
    """As CloudWatch names an event: 56 digits."""
    return f"{secrets.randbelow(10**56):056d}"


def _batches(events: list[dict[str, Any]]) -> Iterable[list[dict[str, Any]]]:
    batch: list[dict[str, Any]] = []
    size = 0
    for event in events:
        if batch and (len(batch) == _LINES or size + len(event["message"]) > _CHARACTERS):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += len(event["message"])
    if batch:
        yield batch


@asynccontextmanager
async def delivering(
    client: Any, groups: Iterable[str], subscribers: Subscribers = _nobody
) -> AsyncIterator[Callable[[str, str], None]]:
    """Lines given to the function that this yields are in CloudWatch a moment later, and all of them when the block
    has ended."""
    deliveries = Deliveries(client, groups, subscribers)
    task = asyncio.create_task(deliveries.deliver())
    try:
        yield deliveries.line
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
        with suppress(TimeoutError):
            await asyncio.wait_for(deliveries.empty(), _END_S)
