"""A Problem as Anthropic's clients read it. Source: Anthropic's API reference, Errors (read 2026-11)."""

from typing import Any

from pennyworth.errors import Problem

_TYPES = {
    400: "invalid_request_error",
    401: "authentication_error",
    403: "permission_error",
    404: "not_found_error",
    408: "timeout_error",
    413: "request_too_large",
    429: "rate_limit_error",
    503: "overloaded_error",
    504: "timeout_error",
    529: "overloaded_error",
}
# By these words Claude Code knows that it must make its conversation shorter.
_TOO_LONG = "prompt is too long: "
# By this the SDK's tool runner goes on without a thread, which it would rather have Anthropic keep.
_NO_THREADS = {"error_code": "thread_unsupported_request", "unsupported": []}


def error_body(problem: Problem, request_id: str | None = None) -> dict[str, Any]:
    """`{"type": "error", "error": {type, message}, "request_id"}`."""
    kind = _TYPES.get(problem.status, "invalid_request_error" if problem.status < 500 else "api_error")
    message = (_TOO_LONG if problem.code == "context_length_exceeded" else "") + problem.message
    error: dict[str, Any] = {"type": kind, "message": message}
    if problem.param == "thread":
        error["details"] = _NO_THREADS
    return {"type": "error", "error": error, "request_id": request_id}
