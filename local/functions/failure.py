"""How an invocation can fail."""

import json
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FunctionError:
    """A function that failed, as its caller is told."""

    type: str  # Runtime.ExitError, Sandbox.Timedout, or what the runtime reported
    payload: bytes  # JSON: errorType, errorMessage and what else the runtime reported

    @classmethod
    def of(cls, type_: str, message: str) -> "FunctionError":
        return cls(type_, json.dumps({"errorType": type_, "errorMessage": message}).encode())

    @property
    def message(self) -> str:
        """`errorMessage`, or nothing when the runtime reported none."""
        try:
            message = json.loads(self.payload)["errorMessage"]
        except (ValueError, KeyError, TypeError):
            return ""
        return message if isinstance(message, str) else ""


class InvocationFailed(Exception):  # noqa: N818 -- the event, as Throttled is
    """The function did not answer, or broke off its answer."""

    def __init__(self, error: FunctionError) -> None:
        super().__init__(f"{error.type}: {error.message}")
        self.error = error


class MalformedResponse(Exception):  # noqa: N818
    """A streamed answer without a readable prelude."""


class Throttled(Exception):  # noqa: N818
    """Every execution environment the function may have is busy."""


class FunctionNotFound(Exception):  # noqa: N818
    """No function has this name."""


class PayloadTooLarge(Exception):  # noqa: N818
    """The event is over Lambda's limit."""
