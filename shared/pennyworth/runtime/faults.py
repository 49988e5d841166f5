"""What the Runtime API and the log are told of a failure: types and places, never an exception's own text.

The text of an exception may quote what a client sent, and neither Lambda's caller nor the log may read a prompt.
"""

import json
import os
import sys
import time
from typing import Any

_PLACES = 20  # frames reported, the innermost ones
_OURS = __file__.rpartition("/")[0]  # the runtime's own frames are below every handler and say nothing


class Fault(Exception):  # noqa: N818 -- it is the noun Lambda's callers read
    """A failure that the runtime itself names. Its text is written here, quotes no request, and is reported."""

    def __init__(self, kind: str, message: str) -> None:
        self.kind = kind
        super().__init__(message)


class DeadlineExceeded(BaseException):
    """The invocation's time is nearly up. No Exception, so that no handler takes it for a failure it can answer."""


def fault(error: BaseException) -> dict[str, Any]:
    """Lambda's error object: {errorType, errorMessage, stackTrace: ["file:line function", …]}."""
    match error:
        case Fault():
            kind, message = error.kind, str(error)
        case DeadlineExceeded():
            kind, message = "Runtime.DeadlineExceeded", "The function did not finish before its time limit."
        case SystemExit():
            kind, message = "Runtime.ExitError", "The handler asked to end the process."
        case _:
            kind = type(error).__name__
            message = f"{kind}, raised by the function. Its text is withheld: it may quote a request."
    return {"errorType": kind, "errorMessage": message, "stackTrace": places(error)}


def init_fault(error: BaseException) -> dict[str, Any]:
    """The same for a failure to load the function. No request has come yet, so it may say what is missing."""
    text = fault(error)
    if not isinstance(error, Fault):
        text["errorMessage"] = f"{type(error).__name__}: {error}"
    return text


def places(error: BaseException) -> list[str]:
    """Where in the function an exception was raised, outermost first, without a value."""
    found = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        if not code.co_filename.startswith(_OURS):
            found.append(f"{code.co_filename}:{trace.tb_lineno} {code.co_qualname}")
        trace = trace.tb_next
    return found[-_PLACES:]


def log(message: str, **fields: object) -> None:
    """One line of JSON, as pennyworth.logs writes it but without Powertools, which may be what failed to load."""
    line = {
        "level": "ERROR",
        "message": message,
        "timestamp": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
        "service": os.environ.get("POWERTOOLS_SERVICE_NAME", ""),
        **fields,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()
