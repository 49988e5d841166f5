"""What a caller reads: the answer's bytes, and the HTTP response inside them."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

from local.functions.failure import MalformedResponse
from local.functions.invocation import Invocation

DELIMITER = b"\0" * 8
PRELUDE_LIMIT = 16 * 1024  # bytes within which API Gateway looks for the delimiter


@dataclass(frozen=True, slots=True)
class Prelude:
    """The JSON that comes before a streamed HTTP body, unjudged."""

    status: Any
    headers: Any  # name: value
    multi_value_headers: Any  # name: list of values
    cookies: Any  # list of Set-Cookie values


class Answer:
    """The bytes of one invocation."""

    def __init__(self, invocation: Invocation) -> None:
        self._invocation = invocation

    @property
    def request_id(self) -> str:
        return self._invocation.id

    @property
    def cold(self) -> bool:
        return self._invocation.cold

    async def started(self) -> str:
        """The content type, when the function begins to answer. Raises InvocationFailed and Throttled."""
        return await asyncio.shield(self._invocation.content_type)

    async def get(self) -> bytes:
        """What has arrived, `b""` at the end. Raises InvocationFailed when the function broke its answer off."""
        return await self._invocation.body.get()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        while chunk := await self.get():
            yield chunk


class Stream:
    """An HTTP response: the prelude, then chunks as they arrive."""

    def __init__(self, answer: Answer, head: Prelude, first: bytes) -> None:
        self.prelude = head
        self._answer, self._first = answer, first

    @property
    def request_id(self) -> str:
        return self._answer.request_id

    @property
    def cold(self) -> bool:
        return self._answer.cold

    async def __aiter__(self) -> AsyncIterator[bytes]:
        if self._first:
            yield self._first
        async for chunk in self._answer:
            yield chunk


async def prelude(answer: Answer) -> tuple[Prelude, bytes]:
    """The prelude and the first bytes of the body. Raises MalformedResponse and what `Answer.get` raises."""
    data = b""
    while DELIMITER not in data:
        chunk = await answer.get() if len(data) < PRELUDE_LIMIT + len(DELIMITER) else b""
        if not chunk:
            raise MalformedResponse(f"no prelude in the first {PRELUDE_LIMIT} bytes of the answer")
        data += chunk
    head, _, rest = data.partition(DELIMITER)
    if len(head) > PRELUDE_LIMIT:
        raise MalformedResponse(f"a prelude of {len(head)} bytes, of which {PRELUDE_LIMIT} are read")
    try:
        document = json.loads(head)
    except ValueError as error:
        raise MalformedResponse("the prelude is not JSON") from error
    if not isinstance(document, dict):
        raise MalformedResponse("the prelude is not a JSON object")
    values = (document.get(key) for key in ("statusCode", "headers", "multiValueHeaders", "cookies"))
    return Prelude(*values), rest
