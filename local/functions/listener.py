"""A loopback listener for the servers of the local system."""

import socket


def listen(port: int = 0) -> socket.socket:
    """Open on 127.0.0.1; 0 takes a free port. Raises OSError when the port is taken.

    The protocol is named on purpose: asyncio sets TCP_NODELAY only on sockets that say they are TCP, and without it
    each small write of a response waits some 40 ms for the client's delayed acknowledgement. uvicorn's own
    `bind_socket` does not name it.
    """
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen(512)
    except OSError:
        listener.close()
        raise
    return listener
