"""Misbehaviour on request: POST /_stand_in/faults makes an operation fail, DELETE ends it.

A fault is `{"operation": "AdminGetUser", "error": "TooManyRequestsException", "status": 400, "times": 1}`: the next
`times` requests of that operation (null: all) get the error, and nothing happens. It is for the services of the JSON
protocol, whose requests name their operation in a header.
"""

import json
import threading
from dataclasses import dataclass
from typing import Any

PATH = "/_stand_in/faults"


@dataclass
class Fault:
    operation: str
    error: str
    status: int = 400
    times: int | None = 1

    @property
    def body(self) -> bytes:
        return json.dumps({"__type": self.error, "message": f"Simulated: {self.error} was asked for."}).encode()


class Faults:
    def __init__(self) -> None:
        self._waiting: list[Fault] = []
        self._lock = threading.Lock()

    def change(self, method: str, body: bytes) -> tuple[str, bytes]:
        """The answer to a request of PATH: its status line and body."""
        if method == "DELETE":
            with self._lock:
                self._waiting.clear()
            return "200 OK", b"{}"
        try:
            wished = _fault(json.loads(body))
        except (ValueError, TypeError) as error:
            return "400 Bad Request", json.dumps({"message": str(error)}).encode()
        with self._lock:
            self._waiting.append(wished)
        return "200 OK", b"{}"

    def take(self, target: str) -> Fault | None:
        """The fault that befalls a request, by its X-Amz-Target."""
        operation = target.rpartition(".")[2]
        with self._lock:
            for one in self._waiting:
                if one.operation != operation:
                    continue
                if one.times is not None:
                    one.times -= 1
                    if one.times <= 0:
                        self._waiting.remove(one)
                return one
        return None


def _fault(wish: Any) -> Fault:
    if not isinstance(wish, dict):
        raise TypeError("a fault is a JSON object")
    wished = Fault(**wish)
    for name in ("operation", "error"):
        if not isinstance(getattr(wished, name), str) or not getattr(wished, name):
            raise ValueError(f"{name} is a text")
    if type(wished.status) is not int or not 400 <= wished.status <= 599:
        raise ValueError("status is a number from 400 to 599")
    if wished.times is not None and (type(wished.times) is not int or wished.times < 1):
        raise ValueError("times is a number from 1, or null")
    return wished
