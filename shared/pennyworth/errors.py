"""Every error a client can read: one table, one exception, one OpenAI-shaped body."""

from collections.abc import Mapping
from typing import Any, NamedTuple


class Kind(NamedTuple):
    status: int
    type: str  # OpenAI's `error.type`
    message: str  # formatted with the Problem's details
    code: str | None = None  # OpenAI's `error.code`, where it is not the row's name


# OpenAI's SDK retries 408, 409, 429 and 5xx: a status is a promise that trying again may help.
ERRORS: dict[str, Kind] = {
    # the request
    "invalid_json": Kind(400, "invalid_request_error", "The request body is not valid JSON: {reason}."),
    "invalid_value": Kind(400, "invalid_request_error", "Invalid value for '{param}': {reason}."),
    "missing_required_parameter": Kind(400, "invalid_request_error", "Missing required parameter: '{param}'."),
    "unsupported_parameter": Kind(400, "invalid_request_error", "Unsupported parameter: '{param}'. {reason}"),
    "context_length_exceeded": Kind(
        400, "invalid_request_error", "The input is longer than the context of '{model}'. Send less."
    ),
    "invalid_request": Kind(400, "invalid_request_error", "{reason}"),
    "request_too_large": Kind(
        413,
        "invalid_request_error",
        "The request body is over the limit of {limit}. Upload what is large in it with POST /v1/files, or in "
        "parts with POST /v1/uploads, and name it by its file_id.",
    ),
    "input_too_large": Kind(
        413, "invalid_request_error", "The input, files included, is larger than '{model}' takes. Send less."
    ),
    "response_too_large": Kind(500, "api_error", "The answer is over the limit of {limit}. Ask for less."),
    "unknown_url": Kind(404, "invalid_request_error", "Unknown URL: {method} {path}. GET /v1/openapi.json lists them."),
    # the caller
    "invalid_api_key": Kind(
        401,
        "authentication_error",
        "No API key or token was sent, or it is not valid here: mistyped, forged, expired or revoked. "
        "Send the header 'Authorization: Bearer YOUR_KEY'.",
    ),
    "account_disabled": Kind(403, "permission_error", "This account is disabled. Ask an administrator to enable it."),
    "action_not_allowed": Kind(
        403, "permission_error", "This key may not do '{action}'. Ask an administrator for a key or group that may."
    ),
    # Whoever is signed in was let in by an administrator, and may know no other.
    "action_not_the_groups": Kind(
        403,
        "permission_error",
        "You may not do '{action}': your group, '{group}', does not allow it. Ask an administrator, such as who "
        "invited you, to put you into a group that does.",
        "action_not_allowed",
    ),
    "action_without_group": Kind(
        403,
        "permission_error",
        "You may not do '{action}': you are in no group. Ask an administrator, such as who invited you, to put you "
        "into one that allows it.",
        "action_not_allowed",
    ),
    "model_not_allowed": Kind(
        403, "permission_error", "You may not use the model '{model}'. GET /v1/models lists those you may."
    ),
    "guardrail_not_allowed": Kind(403, "permission_error", "{reason}"),
    # By this code clients know that waiting a little does not help.
    "budget_exhausted": Kind(
        429,
        "insufficient_quota",
        "{whose} for this month is spent. It begins anew on {day} (UTC); an administrator can raise it before.",
        "insufficient_quota",
    ),
    # the thing asked for
    "model_not_found": Kind(
        404, "invalid_request_error", "The model '{model}' does not exist here. GET /v1/models lists those that do."
    ),
    "not_found": Kind(404, "invalid_request_error", "There is no {thing} '{id}'."),
    "already_exists": Kind(409, "invalid_request_error", "There is a {thing} '{id}' already."),
    "conflict": Kind(409, "invalid_request_error", "{reason}"),
    # the model's provider
    "provider_denied": Kind(
        403, "permission_error", "The provider refused this account the model '{model}'. Ask an administrator."
    ),
    "rate_limit_exceeded": Kind(429, "rate_limit_error", "Too many requests. Wait a little and try again."),
    "insufficient_quota": Kind(429, "insufficient_quota", "The account's quota at the provider is used up."),
    "timeout": Kind(408, "timeout", "The model took too long to answer. Try again, or ask for less."),
    "gateway_timeout": Kind(
        504,
        "timeout",
        "The answer did not come within the {limit} that a request may take here. {reason}",
    ),
    "query_timeout": Kind(
        504,
        "timeout",
        "The log could not be searched within {limit}. Ask for less time: a later start_time, an earlier end_time or a "
        "smaller limit, and then for the next page.",
    ),
    "query_limit_exceeded": Kind(
        429,
        "rate_limit_error",
        "Your questions for usage and costs have looked through {limit} of the log today, which is the most. Ask again "
        "after midnight (UTC), and then for less time: a later start_time or an earlier end_time.",
    ),
    "upstream_error": Kind(502, "api_error", "The model failed while answering. Try again."),
    "service_unavailable": Kind(503, "api_error", "The service is not available just now. Try again shortly."),
    "internal_error": Kind(500, "api_error", "Something went wrong here. Name the x-request-id when asking for help."),
}


_LONGEST = {"reason": 2000}  # characters; reasons are ours, but may list or quote
_NAME = 200


def _short(text: Any, most: int) -> Any:
    """What a client named, as far as a person reads it: it may have sent megabytes."""
    return f"{text[:most]}…" if isinstance(text, str) and len(text) > most else text


class Problem(Exception):  # noqa: N818 -- "Problem" is what RFC 9457 calls what a client reads
    """A row of ERRORS with its details: what every layer raises for a client to read.

    `param` names the offending field in OpenAI's notation (`messages[2].content`). `retry_after_s` becomes a header.
    """

    code: str | None
    type: str
    param: str | None
    retry_after_s: int | None

    def __init__(
        self, code: str, *, param: str | None = None, retry_after_s: int | None = None, **details: Any
    ) -> None:
        kind = ERRORS[code]
        self.code, self.status, self.type = kind.code or code, kind.status, kind.type
        self.param = _short(param, _NAME)
        shown = {name: _short(value, _LONGEST.get(name, _NAME)) for name, value in details.items()}
        self.message = kind.message.format(param=self.param, **shown).rstrip()
        self.retry_after_s = retry_after_s
        super().__init__(self.message)

    @property
    def headers(self) -> Mapping[str, str]:
        """Retry-After where waiting helps; where nothing does, what stops OpenAI's SDK from retrying every 409, 429 and
        5xx: another quarter of an hour would cost as much and end the same, and a quota comes back with its month."""
        if self.retry_after_s is not None:
            return {"retry-after": str(self.retry_after_s)}
        hopeless = self.status in (409, 504) or self.type == "insufficient_quota"
        return {"x-should-retry": "false"} if hopeless else {}

    @property
    def body(self) -> dict[str, Any]:
        """OpenAI's error object: `{"error": {message, type, param, code}}`."""
        return {"error": {"message": self.message, "type": self.type, "param": self.param, "code": self.code}}


class ForeignProblem(Problem):
    """An OpenAI-compatible provider's own error object, handed on in the same shape."""

    def __init__(self, status: int, error: Mapping[str, Any], *, retry_after_s: int | None = None) -> None:
        self.code, self.status, self.retry_after_s = error.get("code"), status, retry_after_s
        self.type, self.param = error.get("type") or "invalid_request_error", error.get("param")
        self.message = error["message"]
        Exception.__init__(self, self.message)
