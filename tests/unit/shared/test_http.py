import json
import time

import pytest
from aws_lambda_powertools.event_handler import Response

from pennyworth.errors import Problem
from pennyworth.http import log_also, principal, router, serve
from pennyworth.principal import Principal, Spent
from pennyworth.runtime import deadline

CALLER = Principal("u1", "ada@example.com", "key_1", "developers", "arn", frozenset({"inference"}), ("*",))


class Streams:
    streams = True


def event(path, authorizer=None, method="GET"):
    return {
        "resource": path,
        "path": path,
        "httpMethod": method,
        "headers": {"authorization": "Bearer sk-pw-secret"},
        "multiValueHeaders": {},
        "requestContext": {"requestId": "req-1", "stage": "v1", "authorizer": authorizer},
        "body": "a prompt",
        "isBase64Encoded": False,
    }


@pytest.fixture
def handler():
    app = router()

    @app.get("/problem")
    def problem():
        raise Problem("rate_limit_exceeded", retry_after_s=3)

    @app.get("/crash")
    def crash():
        raise KeyError("a prompt")

    @app.get("/who")
    def who():
        return {"name": principal(app.current_event.raw_event).name}

    @app.get("/stream/<how>")
    def stream(how):
        return Response(200, "text/event-stream", pieces(how))

    return serve(app)


def pieces(how):
    yield "data: 1\n\n"
    if how == "breaks":
        raise ValueError("a prompt")
    yield "data: 2\n\n"


def error(reply):
    return json.loads(reply["body"])["error"]


def test_a_domains_base_path_makes_no_difference(handler):
    # Behind a custom domain API Gateway leaves the base path in `path`, and the route in `resource` without it.
    under = event("/stream/ends") | {"path": "/v1/stream/ends", "resource": "/stream/{how}"}
    assert "".join(handler(under, Streams())["body"]) == "data: 1\n\ndata: 2\n\n"
    assert handler(event("/v1/nothing"), Streams())["statusCode"] == 404


def test_a_problem_is_openais_error_with_its_headers(handler):
    reply = handler(event("/problem"), Streams())
    assert (reply["statusCode"], error(reply)["code"]) == (429, "rate_limit_exceeded")
    headers = {name.lower(): value for name, value in reply["multiValueHeaders"].items()}
    assert (headers["retry-after"], headers["x-request-id"]) == (["3"], ["req-1"])
    assert headers["access-control-allow-origin"] == ["*"]


def test_a_reply_that_does_not_come_in_time_is_a_504_that_is_not_worth_another_try(handler, log, monkeypatch):
    monkeypatch.setattr(deadline._Invocation, "up", True)
    reply = handler(event("/who", CALLER.to_context()), Streams())
    assert (reply["statusCode"], error(reply)["code"], error(reply)["type"]) == (504, "gateway_timeout", "timeout")
    headers = reply["multiValueHeaders"]
    assert (headers["x-should-retry"], headers["x-request-id"]) == (["false"], ["req-1"])
    assert headers["access-control-allow-origin"] == ["*"]
    assert (log()[-1]["status"], log()[-1]["user_id"]) == (504, "u1")


def test_an_unexpected_error_shows_and_logs_none_of_its_text(handler, log):
    reply = handler(event("/crash"), Streams())
    assert (reply["statusCode"], error(reply)["code"]) == (500, "internal_error")
    lines = log()
    assert lines[0]["error"] == ["KeyError"]
    assert any("crash" in place for place in lines[0]["trace"])
    assert "a prompt" not in reply["body"] + json.dumps(lines)


def test_an_unknown_route_is_a_404_in_openais_shape(handler):
    reply = handler(event("/nowhere"), Streams())
    assert (reply["statusCode"], error(reply)["code"]) == (404, "unknown_url")


def test_the_caller_comes_from_the_authorizers_context(handler):
    assert json.loads(handler(event("/who", CALLER.to_context()), Streams())["body"]) == {"name": "ada@example.com"}


@pytest.mark.parametrize("context", [None, {}, {"user_id": "u1"}, {**CALLER.to_context(), "models": "no json"}])
def test_without_a_context_of_the_authorizers_there_is_no_caller(handler, context):
    reply = handler(event("/who", context), Streams())
    assert (reply["statusCode"], error(reply)["code"]) == (401, "invalid_api_key")


def test_a_request_is_one_log_line_with_who_and_how_long(handler, log):
    handler(event("/who", CALLER.to_context()), Streams())
    (line,) = log()
    assert (line["message"], line["request_id"], line["status"]) == ("request", "req-1", 200)
    assert (line["user_id"], line["key_id"]) == ("u1", "key_1")
    assert "sk-pw-secret" not in json.dumps(line)


def test_a_service_may_add_to_the_line_what_it_knows_only_at_the_end(log):
    app, seen = router(), []

    @app.get("/stream")
    def stream():
        log_also(app.current_event.raw_event, lambda: {"seen": len(seen)})
        return Response(200, "text/event-stream", (seen.append(piece) or piece for piece in "ab"))

    assert list(serve(app)(event("/stream", CALLER.to_context()), Streams())["body"]) == ["a", "b"]
    assert (log()[-1]["seen"], log()[-1]["group"]) == (2, "developers")


def test_cognitos_claims_name_the_caller_in_the_log(handler, log):
    handler(event("/problem", {"claims": {"sub": "u2"}}), Streams())
    assert log()[-1]["user_id"] == "u2"


def test_a_stream_is_logged_when_it_ends(handler, log):
    body = handler(event("/stream/whole"), Streams())["body"]
    assert log() == []
    assert list(body) == ["data: 1\n\n", "data: 2\n\n"]
    (line,) = log()
    assert (line["status"], line["first_byte_ms"] >= 0) == (200, True)


def test_a_stream_that_breaks_is_logged_as_broken(handler, log):
    body = handler(event("/stream/breaks"), Streams())["body"]
    with pytest.raises(ValueError, match="a prompt"):
        list(body)
    assert log()[-1]["status"] == 500


def test_a_client_that_hangs_up_is_logged_as_gone(handler, log):
    body = handler(event("/stream/whole"), Streams())["body"]
    next(body)
    body.close()
    assert log()[-1]["status"] == 499


def test_under_the_stock_bootstrap_a_stream_is_joined(handler):
    assert handler(event("/stream/whole"), object())["body"] == "data: 1\n\ndata: 2\n\n"


@pytest.mark.parametrize("path", ["/who", "/problem", "/crash", "/nowhere", "/stream/fine"])
def test_no_answer_is_kept_by_a_cache_or_taken_for_a_page(handler, path):
    headers = handler(event(path, CALLER.to_context()), Streams())["multiValueHeaders"]
    assert headers["cache-control"] == ["no-store"]
    assert headers["x-content-type-options"] == ["nosniff"]


def test_a_cached_decision_carries_no_spent_budget_into_the_next_month():
    def caller(resets_at):
        spent = Principal("u", "n", "k", "g", "r", frozenset(), (), spent=Spent("user", int(resets_at)))
        return principal(event("/who", spent.to_context()))

    assert caller(time.time() + 60).spent.whose == "user"
    assert caller(time.time() - 1).spent is None
