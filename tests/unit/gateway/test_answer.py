"""What a function may answer, and what becomes of it."""

import json
from typing import Any

import pytest

from local.functions import Prelude
from local.gateway.answer import RESPONSE_LIMIT, Malformed, binary_reply, buffered, declared_binary, streamed

JSON = ("content-type", "application/json")


@pytest.mark.parametrize(
    ("answer", "status", "headers", "body"),
    [
        ({"statusCode": 200}, 200, [JSON], b""),
        ({"statusCode": "204", "body": None}, 204, [JSON], b""),
        ({"statusCode": 200, "body": "ü"}, 200, [JSON], "ü".encode()),
        ({"statusCode": 200, "headers": {"Content-Type": "text/plain"}}, 200, [("content-type", "text/plain")], b""),
        ({"statusCode": 200, "headers": {"X": 1, "Y": True}}, 200, [("x", "1"), ("y", "true"), JSON], b""),
        (
            {"statusCode": 200, "headers": {"X": "0"}, "multiValueHeaders": {"x": ["1", "2"]}},
            200,
            [("x", "1"), ("x", "2"), JSON],
            b"",
        ),
        (
            {"statusCode": 401, "headers": {"WWW-Authenticate": "Bearer", "Date": "now", "Server": "s"}},
            401,
            [
                ("x-amzn-remapped-www-authenticate", "Bearer"),
                ("x-amzn-remapped-date", "now"),
                ("x-amzn-remapped-server", "s"),
                JSON,
            ],
            b"",
        ),
        ({"statusCode": 200, "headers": {"Transfer-Encoding": "chunked", "Content-Length": "9"}}, 200, [JSON], b""),
        ({"statusCode": 200, "body": "aGk=", "isBase64Encoded": True}, 200, [JSON], b"aGk="),
    ],
)
def test_a_good_answer_becomes_a_response(answer: Any, status: int, headers: Any, body: bytes) -> None:
    assert buffered(json.dumps(answer).encode(), binary=False) == (status, headers, body)


def test_base64_is_decoded_only_where_binary_types_are_declared() -> None:
    payload = b'{"statusCode": 200, "body": "aGk=", "isBase64Encoded": true}'
    assert buffered(payload, binary=True).body == b"hi"
    with pytest.raises(Malformed):
        buffered(payload.replace(b"aGk=", b"a~k="), binary=True)


@pytest.mark.parametrize(
    "answer",
    [
        None,
        "text",
        [],
        {},
        {"body": "no status"},
        {"statusCode": "abc"},
        {"statusCode": True},
        {"statusCode": 99},
        {"statusCode": 600},
        {"statusCode": 200.5},
        {"statusCode": 200, "body": {"not": "text"}},
        {"statusCode": 200, "more": 1},
        {"statusCode": 200, "isBase64Encoded": "yes"},
        {"statusCode": 200, "headers": ["x"]},
        {"statusCode": 200, "headers": {"x": ["1"]}},
        {"statusCode": 200, "headers": {"x": None}},
        {"statusCode": 200, "headers": {"x y": "1"}},
        {"statusCode": 200, "headers": {"x": "a\r\nset-cookie: b"}},
        {"statusCode": 200, "multiValueHeaders": {"x": "1"}},
    ],
)
def test_a_malformed_answer_is_refused(answer: Any) -> None:
    with pytest.raises(Malformed):
        buffered(json.dumps(answer).encode(), binary=False)


def test_an_answer_that_is_no_json_or_too_large_is_refused() -> None:
    for payload in (b"", b"no json", b'{"statusCode": 200, "body": "' + b"x" * RESPONSE_LIMIT + b'"}'):
        with pytest.raises(Malformed):
            buffered(payload, binary=False)


def test_a_prelude_becomes_the_head_of_a_stream() -> None:
    head = streamed(Prelude(201, {"content-type": "text/event-stream"}, {"x": ["1", "2"]}, ["a=1", "b=2"]))
    assert head.status == 201
    assert head.headers == [
        ("content-type", "text/event-stream"),
        ("x", "1"),
        ("x", "2"),
        ("set-cookie", "a=1"),
        ("set-cookie", "b=2"),
    ]


@pytest.mark.parametrize(
    "prelude",
    [Prelude(None, None, None, None), Prelude(200, 1, None, None), Prelude(200, None, None, "a=1")],
)
def test_a_malformed_prelude_is_refused(prelude: Prelude) -> None:
    with pytest.raises(Malformed):
        streamed(prelude)


@pytest.mark.parametrize(
    ("value", "types", "binary"),
    [
        ("audio/mpeg", ["audio/mpeg"], True),
        ("Audio/MPEG; rate=1", ["audio/mpeg"], True),
        ("audio/mpeg", ["*/*"], True),
        ("audio/mpeg", ["image/png"], False),
        ("audio/mpeg", [], False),
        ("", ["audio/mpeg"], False),
    ],
)
def test_a_media_type_is_binary_when_it_is_declared(value: str, types: list[str], binary: bool) -> None:
    assert declared_binary(value, types) is binary


def test_only_the_first_type_of_accept_counts() -> None:
    assert binary_reply("audio/mpeg, text/html", ["audio/mpeg"])
    assert not binary_reply("text/html, audio/mpeg", ["audio/mpeg"])
