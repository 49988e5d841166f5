"""What ends a command, and the exit code that says so to a script."""

from enum import IntEnum


class Code(IntEnum):
    """Exit codes. docs/cli.md promises them: a number never changes its meaning."""

    FAILED = 1
    WRONG = 2
    NOT_SIGNED_IN = 3
    REFUSED = 4
    NOT_FOUND = 5
    UNREACHABLE = 6
    LIMITED = 7
    CONFLICT = 8


MEANINGS = {
    0: "It was done",
    Code.FAILED: "The gateway or Cognito failed, or answered what no gateway answers",
    Code.WRONG: "The command or a value in it is wrong; nothing was changed",
    Code.NOT_SIGNED_IN: "Nobody is signed in, the password or key is wrong, or the sign-in has ended",
    Code.REFUSED: "Known, but not allowed to: the group or the key does not permit it",
    Code.NOT_FOUND: "There is no such user, group, key or model",
    Code.UNREACHABLE: "No answer: the name, the network, TLS, or time ran out",
    Code.LIMITED: "Too many requests, or a budget is spent",
    Code.CONFLICT: "It cannot be done as things stand; the message says why",
    130: "Ctrl-C",
}

# By HTTP status; other 4xx are WRONG, other 5xx FAILED.
_BY_STATUS = {
    401: Code.NOT_SIGNED_IN,
    403: Code.REFUSED,
    404: Code.NOT_FOUND,
    409: Code.CONFLICT,
    429: Code.LIMITED,
}


class Failure(Exception):  # noqa: N818 -- it ends a command, as an exit code says
    """One line for people, that names the remedy, and the code for scripts. `request_id`: of the refused request."""

    def __init__(self, message: str, code: Code, request_id: str = "") -> None:
        super().__init__(message)
        self.code, self.request_id = code, request_id

    def __str__(self) -> str:
        told = super().__str__()
        return f"{told} (x-request-id {self.request_id})" if self.request_id else told


def code_of(status: int) -> Code:
    """The exit code for an HTTP status that is no success."""
    return _BY_STATUS.get(status, Code.WRONG if 400 <= status < 500 else Code.FAILED)
