import json

import pytest

from pennyworth.errors import Problem
from services.mcp.reply import unwrapped

PRELUDE = json.dumps({"statusCode": 201, "headers": {"content-type": "text/plain"}}).encode()
WHOLE = PRELUDE + b"\0" * 8 + b"hello world"
DONE = ("InvokeComplete", b"{}")


@pytest.mark.parametrize("size", [1, 3, 7, 8, 50, 1000])
def test_a_reply_is_the_same_however_it_is_cut(size: int) -> None:
    pieces = [("PayloadChunk", WHOLE[at : at + size]) for at in range(0, len(WHOLE), size)]

    reply = unwrapped([*pieces, DONE])

    assert reply.status == 201
    assert b"".join(reply.body) == b"hello world"


def test_the_status_is_known_before_the_body_has_come() -> None:
    def events():
        yield "PayloadChunk", PRELUDE + b"\0" * 8
        raise AssertionError("read too far")

    assert unwrapped(events()).status == 201


def test_a_body_may_be_empty_and_hold_zeros() -> None:
    assert list(unwrapped([("PayloadChunk", PRELUDE + b"\0" * 8), DONE]).body) == []
    reply = unwrapped([("PayloadChunk", PRELUDE + b"\0" * 8 + b"a" + b"\0" * 9), DONE])
    assert b"".join(reply.body) == b"a" + b"\0" * 9


def test_events_of_another_kind_are_passed_over() -> None:
    assert b"".join(unwrapped([("New", b"?"), ("PayloadChunk", WHOLE), ("New", b"?"), DONE]).body) == b"hello world"


@pytest.mark.parametrize(
    "events",
    [
        [],
        [DONE],
        [("PayloadChunk", b'{"errorMessage":"boom"}'), DONE],
        [("PayloadChunk", b"no json" + b"\0" * 8), DONE],
        [("PayloadChunk", b"[]" + b"\0" * 8), DONE],
        [("PayloadChunk", b"{}" + b"\0" * 8), DONE],
        [("PayloadChunk", b"x" * 20_000), ("PayloadChunk", b"\0" * 8), DONE],
        [("InvokeComplete", b'{"ErrorCode":"Unhandled","ErrorDetails":"secret"}')],
    ],
)
def test_an_invocation_without_an_http_reply_is_an_upstream_error(events: list[tuple[str, bytes]]) -> None:
    with pytest.raises(Problem) as caught:
        unwrapped(events)

    assert caught.value.code == "upstream_error"


@pytest.mark.parametrize(
    "end",
    [[("InvokeComplete", b'{"ErrorCode":"Unhandled","ErrorDetails":"secret"}')], []],
    ids=["the function failed", "the connection ended"],
)
def test_a_body_that_breaks_off_raises_after_what_had_come(end: list[tuple[str, bytes]]) -> None:
    reply = unwrapped([("PayloadChunk", WHOLE), *end])

    assert next(reply.body) == b"hello world"
    with pytest.raises(Problem) as caught:
        next(reply.body)
    assert caught.value.code == "upstream_error"
    assert "secret" not in str(caught.value)
