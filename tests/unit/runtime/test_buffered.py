"""The same services under AWS's own bootstrap, which cannot stream."""

import base64
import json
from types import SimpleNamespace

import pytest

from pennyworth.errors import Problem
from pennyworth.runtime.buffered import buffered

SERVICE = """
    from pennyworth.runtime.buffered import buffered
    class Prompted(Exception):
        pass
    def failing(event):
        yield "data: 1"
        raise Prompted(event["text"])
    @buffered
    def handler(event, context):
        kind = event["kind"]
        body = {"words": iter(["grü", "ße".encode()]), "binary": iter([b"\\xff", "a"]), "text": "text", "none": None,
                "large": ("x" * 100_000 for _ in range(100)), "failing": failing(event)}[kind]
        return {"statusCode": 200, "multiValueHeaders": {"Content-Type": ["text/event-stream"], "x-request-id": ["1"]},
                "body": body, "isBase64Encoded": False}
"""


@pytest.mark.parametrize(
    ("kind", "body", "encoded"),
    [
        ("words", "grüße", False),
        ("binary", base64.b64encode(b"\xffa").decode(), True),
        ("text", "text", False),
        ("none", None, False),
    ],
)
def test_a_body_is_joined_under_the_stock_bootstrap(platform, start, kind, body, encoded):
    start(SERVICE, stock=True)
    post = platform.call({"kind": kind})
    assert "lambda-runtime-function-response-mode" not in post.headers
    reply = json.loads(post.payload)
    assert (reply["statusCode"], reply["body"], reply["isBase64Encoded"]) == (200, body, encoded)


@pytest.mark.parametrize(("kind", "code"), [("large", "response_too_large"), ("failing", "internal_error")])
def test_a_body_that_cannot_be_sent_becomes_an_answer_the_client_can_read(platform, start, kind, code):
    function = start(SERVICE, stock=True)
    post = platform.call({"kind": kind, "text": "the prompt"})
    assert post.path.endswith("/response")
    reply = json.loads(post.payload)
    assert reply["statusCode"] == 500
    assert reply["multiValueHeaders"] == {"Content-Type": ["application/json"], "x-request-id": ["1"]}
    assert json.loads(reply["body"])["error"]["code"] == code
    assert "the prompt" not in function.output()


def test_a_body_is_left_alone_for_a_caller_that_streams():
    chunks = iter("abc")
    handler = buffered(lambda event, context: {"statusCode": 200, "body": chunks})
    assert handler({}, SimpleNamespace(streams=True))["body"] is chunks
    assert handler({}, SimpleNamespace(streams=False))["body"] == "abc"


def test_a_problem_inside_a_body_is_answered_with_its_own_status():
    def chunks():
        yield "data: 1"
        raise Problem("rate_limit_exceeded", retry_after_s=3)

    reply = buffered(lambda event, context: {"statusCode": 200, "body": chunks()})({}, None)
    assert reply["statusCode"] == 429
    assert reply["multiValueHeaders"]["retry-after"] == ["3"]
    assert json.loads(reply["body"])["error"]["code"] == "rate_limit_exceeded"


def size_of(body):
    return len(json.dumps({"statusCode": 200, "body": body}, ensure_ascii=False).encode())


@pytest.mark.parametrize("letter", ["a", "€", "\n", "\x00"])
def test_the_limit_counts_the_answer_as_lambda_will_see_it(letter):
    limit = 6 * 1024 * 1024
    handler = buffered(lambda event, context: {"statusCode": 200, "body": event})
    count = (limit - size_of("")) // (size_of(letter) - size_of(""))
    assert size_of(letter * count) <= limit < size_of(letter * (count + 1))
    assert handler(letter * count, None)["statusCode"] == 200
    assert handler(letter * (count + 1), None)["statusCode"] == 500


def test_a_body_over_the_limit_is_closed_and_not_read_to_its_end():
    drawn = []

    def chunks():
        try:
            for _ in range(20):
                drawn.append(1)
                yield "x" * 1_000_000
        finally:
            drawn.append("closed")

    reply = buffered(lambda event, context: {"statusCode": 200, "body": chunks()})({}, None)
    assert json.loads(reply["body"])["error"]["code"] == "response_too_large"
    assert len(drawn) == 8
    assert drawn[-1] == "closed"
