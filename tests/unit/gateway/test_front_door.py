"""The order, the limits and the log of the front door."""

import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import pytest

from local.functions import FunctionError, InvocationFailed, MalformedResponse, PayloadTooLarge, Throttled
from local.gateway.throttle import TokenBucket
from tests.unit.gateway.conftest import Clock, error_code

pytestmark = pytest.mark.anyio
KEY = {"authorization": "Bearer sk-pw-secret"}
MB = 1024 * 1024


async def forever() -> Any:
    await asyncio.Event().wait()


async def test_a_function_gets_the_whole_proxy_event(door: Any) -> None:
    await door(
        "POST",
        "/mcp?a=1&a=2&b=&c=%C3%BC;d=4",
        headers={**KEY, "x-custom-name": "v", "user-agent": "test", "te": "trailers", "x-forwarded-for": "10.0.0.1"},
        content="grüße".encode(),
    )
    (event,) = door.functions.called("mcp")
    assert (event["resource"], event["path"], event["httpMethod"]) == ("/mcp", "/mcp", "POST")
    assert (event["body"], event["isBase64Encoded"]) == ("grüße", False)
    assert event["queryStringParameters"] == {"a": "2", "b": "", "c": "ü", "d": "4"}
    assert event["multiValueQueryStringParameters"] == {"a": ["1", "2"], "b": [""], "c": ["ü"], "d": ["4"]}
    assert event["pathParameters"] is None
    assert event["headers"]["X-Custom-Name"] == "v"
    assert event["headers"]["X-Forwarded-For"] == "10.0.0.1, 127.0.0.1"
    assert event["headers"]["X-Amzn-Trace-Id"].startswith("Root=1-")
    assert "Te" not in event["headers"]
    context = event["requestContext"]
    assert (context["stage"], context["path"], context["resourcePath"]) == ("v1", "/v1/mcp", "/mcp")
    assert (context["protocol"], context["httpMethod"]) == ("HTTP/1.1", "POST")
    assert context["identity"]["sourceIp"] == "127.0.0.1"
    assert context["identity"]["userAgent"] == "test"
    assert str(uuid.UUID(context["requestId"])) == context["requestId"]
    assert context["authorizer"]["name"] == "ada@example.com"


async def test_without_body_or_query_the_event_says_null(door: Any) -> None:
    await door("GET", "/version")
    (event,) = door.functions.called("openai")
    for name in (
        "body",
        "queryStringParameters",
        "multiValueQueryStringParameters",
        "pathParameters",
        "stageVariables",
    ):
        assert event[name] is None
    assert "authorizer" not in event["requestContext"]


async def test_repeated_headers_reach_the_function_as_a_list(door: Any) -> None:
    await door("GET", "/version", headers=[("x-many", "1"), ("x-many", "2")])
    (event,) = door.functions.called("openai")
    assert (event["headers"]["X-Many"], event["multiValueHeaders"]["X-Many"]) == ("2", ["1", "2"])


async def test_a_binary_body_is_base64_only_where_its_type_is_declared(door: Any) -> None:
    door.contract["x-amazon-apigateway-binary-media-types"] = ["audio/mpeg"]
    door.functions.answers["admin"] = {"statusCode": 200, "body": "AP8=", "isBase64Encoded": True}
    door.add("/audio")
    for content_type in ("audio/mpeg", "text/plain"):
        headers = {"content-type": content_type, "accept": content_type}
        response = await door("POST", "/audio", headers=headers, content=b"\x00\xff")
        assert response.content == (b"\x00\xff" if content_type == "audio/mpeg" else b"AP8=")
    bodies = [(event["body"], event["isBase64Encoded"]) for event in door.functions.called("admin")]
    assert bodies == [("AP8=", True), ("\x00\ufffd", False)]


async def test_every_response_has_a_request_id(door: Any) -> None:
    door.functions.answers["mcp"] = {"statusCode": 200, "headers": {"x-request-id": "the-functions"}}
    for method, path in (
        ("GET", "/version"),
        ("GET", "/none"),
        ("PUT", "/models"),
        ("OPTIONS", "/models"),
        ("GET", "/models"),
    ):
        response = await door(method, path)
        assert str(uuid.UUID(response.headers["x-request-id"])) == response.headers["x-amzn-requestid"]
    assert (await door("POST", "/mcp", headers=KEY)).headers.get_list("x-request-id") == ["the-functions"]


@pytest.mark.parametrize(
    ("answer", "status", "code"),
    [
        (FunctionError.of("Runtime.ExitError", "x"), 502, "internal_error"),
        (FunctionError.of("Sandbox.Timedout", "x"), 502, "internal_error"),
        (Throttled("mcp"), 502, "internal_error"),
        ("no proxy answer", 502, "internal_error"),
        (b"no json", 502, "internal_error"),
        ({"statusCode": 200, "body": {}}, 502, "internal_error"),
        ({"statusCode": 200, "body": "x" * (6 * MB + 100)}, 502, "internal_error"),
        (forever, 504, "timeout"),
    ],
)
async def test_each_failure_of_a_buffered_function_has_its_status(
    door: Any, answer: Any, status: int, code: str
) -> None:
    door.options["integration_timeout_s"] = 0.05
    door.functions.answers["mcp"] = answer
    response = await door("POST", "/mcp", headers=KEY)
    assert (response.status_code, error_code(response)) == (status, code)
    assert response.headers["access-control-allow-origin"] == "*"


@pytest.mark.parametrize(
    ("stream", "status", "code"),
    [
        ([InvocationFailed(FunctionError.of("Runtime.ExitError", "x"))], 502, "internal_error"),
        ([MalformedResponse("x")], 502, "internal_error"),
        ([{"statusCode": "x"}], 502, "internal_error"),
        ([Throttled("openai")], 502, "internal_error"),
        ([forever], 504, "timeout"),
    ],
)
async def test_each_failure_before_a_stream_begins_has_its_status(
    door: Any, stream: list[Any], status: int, code: str
) -> None:
    door.options["stream_idle_s"] = 0.05
    door.functions.streams["openai"] = stream
    response = await door("GET", "/version")
    assert (response.status_code, error_code(response)) == (status, code)


@pytest.mark.parametrize(("method", "path"), [("POST", "/mcp"), ("GET", "/version")])
async def test_an_event_over_lambdas_limit_is_answered_in_api_gateways_own_words(
    door: Any, method: str, path: str
) -> None:
    door.functions.answers["mcp"] = PayloadTooLarge(6 * MB)
    door.functions.streams["openai"] = [PayloadTooLarge(6 * MB)]
    response = await door(method, path, headers=KEY)
    assert (response.status_code, response.json()) == (413, {"message": "Request Too Long"})


async def test_a_stream_has_the_preludes_status_and_headers(door: Any) -> None:
    prelude = {"statusCode": 429, "multiValueHeaders": {"x-a": ["1", "2"], "www-authenticate": ["Bearer"]}}
    door.functions.streams["openai"] = [prelude, b"one", b"two"]
    response = await door("GET", "/version")
    assert (response.status_code, response.content) == (429, b"onetwo")
    assert response.headers.get_list("x-a") == ["1", "2"]
    assert response.headers["x-amzn-remapped-www-authenticate"] == "Bearer"
    assert "www-authenticate" not in response.headers


@pytest.mark.parametrize("service", ["openai", "admin"])
@pytest.mark.parametrize("status", [204, 304])
async def test_a_status_without_a_body_has_none(door: Any, service: str, status: int) -> None:
    door.add("/empty", service)
    door.functions.streams["openai"] = [{"statusCode": status}, b"x"]
    door.functions.answers["admin"] = {"statusCode": status, "body": "x"}
    response = await door("POST", "/empty")
    assert (response.status_code, response.content) == (status, b"")
    assert "content-length" not in response.headers


async def body_of(size: int) -> AsyncIterator[bytes]:
    for _ in range(size // MB):
        yield bytes(MB)
    yield bytes(size % MB)


@pytest.mark.parametrize("chunked", [True, False])
async def test_a_request_over_ten_megabytes_is_too_large(door: Any, chunked: bool) -> None:
    for size, status in ((10 * MB, 200), (10 * MB + 1, 413)):
        content: Any = body_of(size) if chunked else bytes(size)
        response = await door("POST", "/mcp", headers=KEY, content=content)
        assert response.status_code == status
    assert response.text == "HTTP content length exceeded 10485760 bytes."
    assert len(door.functions.called("mcp")) == 1


async def test_a_declared_length_over_the_limit_is_refused_before_the_authorizer_is_asked(door: Any) -> None:
    assert (await door("POST", "/mcp", headers=KEY, content=bytes(10 * MB + 1))).status_code == 413
    assert not door.functions.calls


async def test_requests_over_the_stages_rate_are_throttled(door: Any) -> None:
    door.options.update(rate_per_s=2, burst=3)
    statuses = [(await door("GET", "/version")).status_code for _ in range(4)]
    assert statuses == [200, 200, 200, 429]
    response = await door("GET", "/version")
    assert error_code(response) == "rate_limit_exceeded"
    assert response.headers["retry-after"] == "1"
    door.clock.now += 0.5
    assert [(await door("GET", "/version")).status_code for _ in range(2)] == [200, 429]


def test_a_bucket_never_holds_more_than_its_burst() -> None:
    clock = Clock()
    bucket = TokenBucket(10, 2, clock)
    clock.now += 1000
    assert [bucket.take() for _ in range(3)] == [True, True, False]


async def test_the_log_says_who_asked_what_and_never_a_secret(door: Any) -> None:
    await door("POST", "/mcp?q=hidden-query", headers=KEY, content=b"hidden-body")
    await door("GET", "/models/sk-pw-abcdefghijklmnop", headers=KEY)
    await door("GET", "/nothing%1b%0a")
    first, second, third = door.lines
    assert "POST /v1/mcp 200 " in first
    assert first.endswith(", ada@example.com, key_1, warm")
    assert " ms, first byte " in first
    assert "GET /v1/models/... 200" in second
    assert "GET /v1/nothing%1b%0a 404" in third
    assert not any(word in line for line in door.lines for word in ("hidden", "secret", "abcdefgh", "\n", "\x1b"))


async def test_a_caller_who_hangs_up_is_logged_and_the_function_is_left_alone(door: Any) -> None:
    door.functions.answers["mcp"] = forever
    messages = iter([{"type": "http.request", "body": b"{}"}, {"type": "http.disconnect"}])
    sent: list[Any] = []

    async def receive() -> Any:
        return next(messages)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": "POST",
        "path": "/v1/mcp",
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"authorization", b"x")],
    }
    await asyncio.wait_for(door.app(scope, receive, send), 5)
    assert sent == []
    assert " 499 " in door.lines[0]


async def test_a_websocket_is_turned_away(door: Any) -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    await door.app({"type": "websocket"}, None, send)
    assert sent == [{"type": "websocket.close"}]


async def test_what_it_answers_itself_is_json_whatever_was_asked(door: Any) -> None:
    for path in ('/a"b', "/%22%5c", "/models/%22"):
        response = await door("PUT", path, headers={"authorization": '"\\'})
        assert json.loads(response.content)["error"]["code"] in ("unknown_url", "method_not_allowed")
