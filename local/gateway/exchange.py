"""One request and its answer: what is sent, measured and said of it in the log."""

import re
import time

from local.gateway.event import Event
from local.gateway.refusal import Headers, Response
from local.gateway.request import Request, Send

_BODILESS = (204, 304)
_SECRET = re.compile(r"sk-[A-Za-z0-9_-]{8,}|eyJ[A-Za-z0-9_.-]{8,}")
_UNPRINTABLE = re.compile(r"[^\x20-\x7e\xa1-\U0010ffff]")


class Exchange:
    """Sends the response; every one gets x-request-id unless the function set it."""

    def __init__(self, request: Request, send: Send) -> None:
        self.request = request
        self.started = False
        self.broken = False  # begun, but without its end
        self.authorizer: Event = {}
        self.cold: bool | None = None  # None where no function was asked
        self.status = 500
        self._send = send
        self._started_at = time.perf_counter()
        self._first_byte_at: float | None = None

    async def whole(self, response: Response) -> None:
        body = b"" if response.status in _BODILESS else response.body
        length = [] if response.status in _BODILESS else [("content-length", str(len(body)))]
        await self.begin(response.status, [*response.headers, *length])
        await self.end(body)

    async def begin(self, status: int, headers: Headers) -> None:
        names = {name.lower() for name, _ in headers}
        own = [("x-amzn-requestid", self.request.id)]
        if "x-request-id" not in names:
            own.append(("x-request-id", self.request.id))
        lines = [(name.lower().encode("latin-1"), value.encode("utf-8")) for name, value in (*headers, *own)]
        self.status, self.started = status, True
        await self._send({"type": "http.response.start", "status": status, "headers": lines})

    async def chunk(self, data: bytes) -> None:
        self._mark()
        if self.status not in _BODILESS:
            await self._send({"type": "http.response.body", "body": data, "more_body": True})

    async def end(self, data: bytes = b"") -> None:
        self._mark()
        await self._send({"type": "http.response.body", "body": data})

    def line(self) -> str:
        """The log's line: never a token, a query or a body."""
        now = time.perf_counter()
        temperature = {None: "", True: ", cold", False: ", warm"}[self.cold]
        first = f", first byte {(self._first_byte_at - self._started_at) * 1e3:.0f} ms" if self._first_byte_at else ""
        path = _SECRET.sub("...", self.request.raw_path[:200])
        clock = time.strftime("%H:%M:%S", time.localtime(self.request.received_at))
        broken = ", broken off" if self.broken else ""
        text = f"{clock} {self.request.method} {path} {self.status} {(now - self._started_at) * 1e3:.0f} ms"
        return _UNPRINTABLE.sub("?", f"{text}{first}{broken}{self._who()}{temperature}")

    def _mark(self) -> None:
        if self._first_byte_at is None:
            self._first_byte_at = time.perf_counter()

    def _who(self) -> str:
        known = self.authorizer.get("claims") or self.authorizer
        name = known.get("name") or known.get("email") or known.get("sub") or known.get("principalId")
        return "".join(f", {text}" for text in (name, known.get("key_id")) if text)
