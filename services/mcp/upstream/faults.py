"""What goes wrong with another server, in words for the client: they name no address and hold no secret."""

from typing import Any

TEXT = 1000  # characters of another server's own words


class Unreachable(Exception):  # noqa: N818 -- a fact about a server
    """No answer that could be used; `str()` completes the sentence "The server 'x' …".

    `counts`: whether it may speak of the server's health; `down`: whether it does so whatever was asked for. Of a
    caller's request the circuit breaker hears only the latter: what one asks a tool for must not close it to all.
    """

    def __init__(self, why: str, *, counts: bool = True, down: bool = False) -> None:
        super().__init__(why)
        self.counts, self.down = counts, down


class BadStatus(Unreachable):
    """An HTTP status that is no answer to a message, and nothing in the body that is."""

    def __init__(self, status: int) -> None:
        super().__init__(
            _SAID.get(status, f"answered with the status {status}"), counts=status in _UNWELL, down=status in _DOWN
        )
        self.status = status


class Refused(Exception):  # noqa: N818 -- an answer
    """A JSON-RPC error of the server's."""

    def __init__(self, code: int, message: str, data: object = None) -> None:
        super().__init__(message[:TEXT])
        self.code, self.data = code, data

    @classmethod
    def of(cls, error: Any) -> "Refused":
        code, message = (error.get("code"), error.get("message")) if isinstance(error, dict) else (None, None)
        known = isinstance(code, int) and not isinstance(code, bool)
        return cls(
            code if known else -32603,  # type: ignore[arg-type]
            message if isinstance(message, str) else "It gave no reason.",
            error.get("data") if isinstance(error, dict) else None,
        )


_SAID = {
    401: "does not accept the gateway's credentials. Ask an administrator",
    403: "does not allow the gateway this. Ask an administrator",
    413: "finds the request too large",
    429: "is asked too much just now. Try again shortly",
    **dict.fromkeys((301, 302, 303, 307, 308), "answered with a redirect, and none is followed. Ask an administrator"),
}
_DOWN = frozenset((401, 502, 503, 504))
_UNWELL = _DOWN | {500}  # which may be about the request
