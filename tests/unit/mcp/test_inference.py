"""The event the openai function gets, and what becomes of Lambda's refusals."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from pennyworth.principal import Principal
from services.mcp.inference import Inference, proxy_event
from tests.mcp_posts import CALLER, event, modern

HEAD = b'{"statusCode":200}' + b"\0" * 8
BODY = {"model": "m", "messages": [{"role": "user", "content": "Grüß Gott"}]}


class Lambda:
    """Streams events, or raises; remembers how it was called. Each event takes a second."""

    def __init__(self, *events: Any) -> None:
        self.events = events
        self.calls: list[tuple[str, str, Any, float]] = []
        self.now = 100.0
        self.closed = False

    def stream(self, service: str, path: str, payload: bytes, *, deadline: float) -> Iterator[tuple[str, bytes]]:
        self.calls.append((service, path, json.loads(payload), deadline))
        try:
            for found in self.events:
                self.now += 1
                if isinstance(found, AwsError):
                    raise found
                yield found
        finally:
            self.closed = True

    def clock(self) -> float:
        return self.now


def inference(aws: Lambda, ends_at: float = 127.5, function: str = "pennyworth-openai:live") -> Inference:
    return Inference(event(modern("tools/list")), function, ends_at, aws.stream, aws.clock)


def test_the_function_is_invoked_by_its_quoted_name_with_the_time_it_must_end_by() -> None:
    aws = Lambda(("PayloadChunk", HEAD + b"hello"), ("InvokeComplete", b"{}"))

    reply = inference(aws)("POST", "/chat/completions", BODY)

    assert (reply.status, b"".join(reply.body)) == (200, b"hello")
    [(service, path, payload, deadline)] = aws.calls
    assert service == "lambda"
    assert path == "/2021-11-15/functions/pennyworth-openai%3Alive/response-streaming-invocations"
    assert json.loads(payload["body"]) == BODY
    assert deadline == 127.5


def test_the_event_is_the_callers_own_on_another_route() -> None:
    made = proxy_event(event(modern("tools/list")), "POST", "/chat/completions", BODY)

    context = made["requestContext"]
    assert (made["httpMethod"], made["path"], made["resource"]) == ("POST", "/chat/completions", "/chat/completions")
    assert (context["httpMethod"], context["path"]) == ("POST", "/v1/chat/completions")
    assert context["authorizer"] == CALLER
    assert Principal.from_context(context["authorizer"]).name == "ada@example.com"
    assert context["requestId"] == "8b5f3a52-0000-4000-8000-000000000002"
    assert context["identity"]["sourceIp"] == "192.0.2.1"
    assert "mcp" not in json.dumps({**made, "requestContext": {**context, "authorizer": None}})


def test_the_callers_token_never_goes_along() -> None:
    caller = event(modern("tools/list"))
    assert "sk-pw-secret" in json.dumps(caller)

    assert "sk-pw-secret" not in json.dumps(proxy_event(caller, "GET", "/models", None))


def test_a_request_without_a_body_has_none() -> None:
    assert proxy_event(event(modern("tools/list")), "GET", "/models", None)["body"] is None


def test_time_that_runs_out_between_pieces_ends_the_reading() -> None:
    aws = Lambda(("PayloadChunk", HEAD), *[("PayloadChunk", b"x")] * 5)

    reply = inference(aws, ends_at=102.5)("GET", "/models", None)

    assert [next(reply.body), next(reply.body)] == [b"x", b"x"]  # the second came late, but it came
    with pytest.raises(Problem) as caught:
        next(reply.body)
    assert caught.value.code == "timeout"
    assert aws.closed
    assert aws.now == 103


def test_nothing_is_invoked_when_no_time_is_left() -> None:
    aws = Lambda()

    with pytest.raises(Problem) as caught:
        inference(aws, ends_at=100)("GET", "/models", None)

    assert caught.value.code == "timeout"
    assert aws.calls == []


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AwsError("Timeout", 0, "no bytes"), "timeout"),
        (AwsError("TooManyRequestsException", 429, "Rate Exceeded."), "rate_limit_exceeded"),
        (AwsError("RequestTooLargeException", 413, "6291556 byte payload is too large"), "request_too_large"),
        (AwsError("AccessDeniedException", 403, "arn:aws:sts::123:assumed-role/x"), "service_unavailable"),
        (AwsError("ConnectionError", 0, "refused"), "service_unavailable"),
    ],
)
@pytest.mark.parametrize("before", [[], [("PayloadChunk", HEAD)]], ids=["at once", "half-way"])
def test_what_lambda_refuses_is_told_without_its_words(before: list[Any], error: AwsError, code: str) -> None:
    aws = Lambda(*before, error)

    with pytest.raises(Problem) as caught:
        list(inference(aws)("GET", "/models", None).body)

    assert caught.value.code == code
    assert error.message not in str(caught.value)
