"""HTTP servers inside our own event loop."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator, Generator
from contextlib import asynccontextmanager, contextmanager
from typing import Any

import uvicorn

from local.functions import listener

HOST = "127.0.0.1"
_GRACE_S = 2  # what open requests get when we end


class PortTakenError(Exception):
    def __init__(self, port: int) -> None:
        super().__init__(f"port {port} is in use by another program")
        self.port = port


def listen(port: int) -> socket.socket:
    """A listening socket; whoever connects before it is served waits. Port 0 is a free one. Raises PortTakenError."""
    try:
        return listener.listen(port)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise PortTakenError(port) from None
        raise OSError(error.errno, f"port {port}: {os.strerror(error.errno or 0)}") from None


def free_port(wanted: int) -> bool:
    """Whether a port can be had now."""
    try:
        listen(wanted).close()
    except PortTakenError:
        return False
    return True


def url(listening: socket.socket) -> str:
    return f"http://{HOST}:{listening.getsockname()[1]}"


class _Server(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """None: signals are for the system as a whole."""
        yield


@asynccontextmanager
async def serving(app: Any, listening: socket.socket) -> AsyncIterator[None]:
    """Serve an ASGI app until the block ends; then open requests get a moment."""
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=_GRACE_S,
    )
    server = _Server(config)
    task = asyncio.create_task(server.serve([listening]))
    try:
        yield
    finally:
        server.should_exit = True
        await task
