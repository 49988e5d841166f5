"""What was asked of this stand-in, by whom, and how it ended."""

import time
from collections import deque
from dataclasses import asdict, dataclass, field
from typing import Any

REMEMBERED = 10000


@dataclass
class Call:
    """One request. `time` is unix seconds; `outcome` is `open` until the answer is out."""

    operation: str
    model_id: str | None = None  # as the request names it
    model: str | None = None  # the foundation model that it resolved to
    time: float = field(default_factory=time.time)
    request_id: str = ""
    access_key_id: str | None = None
    principal_arn: str | None = None  # of a role's session, with its name
    principal_tags: dict[str, str] | None = None
    request_metadata: dict[str, str] | None = None
    status: int | None = None
    error: str | None = None
    usage: dict[str, Any] | None = None
    stop_reason: str | None = None
    outcome: str = "open"  # completed, refused, cut, client_gone


class Calls:
    def __init__(self) -> None:
        self.kept: deque[Call] = deque(maxlen=REMEMBERED)

    def add(self, call: Call) -> Call:
        self.kept.append(call)
        return call

    def listed(self) -> list[dict[str, Any]]:
        return [asdict(call) for call in self.kept]
