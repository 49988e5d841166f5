"""What a host's name stands for, asked of the system's resolver and waited for no longer than a deadline.

`getaddrinfo` takes no limit, and a name server that does not answer holds it for half a minute, which is more than a
whole request has. So a thread waits for it: it cannot be ended, but left alone, and there are few of them.
"""

import socket
import time
from collections.abc import Callable
from threading import Event, Lock, Thread


def addresses(host: str) -> list[str]:
    """All that the host's name stands for. Raises OSError, UnicodeError."""
    found = socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(sockaddr[0]) for *_, sockaddr in found))


class Lookup:
    """`most` names at once, and no more; threads may share it."""

    def __init__(self, most: int, ask: Callable[[str], list[str]] = addresses) -> None:
        self._ask, self._most = ask, most
        self._lock = Lock()
        self._under_way: dict[str, _Question] = {}

    def __call__(self, host: str, deadline: float) -> list[str]:
        """The addresses. Raises OSError and UnicodeError as the resolver does, TimeoutError at the deadline, on
        time.monotonic. Who asks for what is asked already waits for the same answer."""
        with self._lock:
            question = self._under_way.get(host)
            if question is None:
                if len(self._under_way) >= self._most:
                    raise TimeoutError("as many names as may be are waited for")
                question = _Question()
                try:
                    Thread(target=self._answer, args=(host, question), daemon=True).start()
                except RuntimeError:  # the system has no thread left
                    raise TimeoutError("no thread is left to wait for it") from None
                self._under_way[host] = question
        if not question.done.wait(max(0.0, deadline - time.monotonic())):
            raise TimeoutError("the name was not looked up in time")
        if question.fault is not None:
            raise question.fault
        return question.found

    def _answer(self, host: str, question: "_Question") -> None:
        try:
            question.found = self._ask(host)
        except Exception as fault:  # whoever waits for it is told
            question.fault = fault
        finally:
            with self._lock:
                del self._under_way[host]
            question.done.set()


class _Question:
    def __init__(self) -> None:
        self.done = Event()
        self.found: list[str] = []
        self.fault: Exception | None = None
