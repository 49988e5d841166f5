import json
from collections.abc import Iterable, Iterator
from typing import Any

import pytest

from pennyworth.errors import Problem
from services.mcp.completion import CUT, Completion, Refused, glued


def chunk(content: str | None = None, finish_reason: str | None = None, **members: Any) -> bytes:
    choice = {"index": 0, "delta": {"content": content}, "finish_reason": finish_reason}
    return sse({"model": "nova-lite", "choices": [choice], **members})


def sse(data: Any) -> bytes:
    return b"data: " + json.dumps(data, ensure_ascii=False).encode() + b"\n\n"


USAGE = {"prompt_tokens": 3, "completion_tokens": 2, "total_tokens": 5}
DONE = b"data: [DONE]\n\n"
STREAM = [chunk(""), chunk("Grüß "), chunk("Gott"), chunk(None, "stop"), sse({"choices": [], "usage": USAGE}), DONE]
WHOLE = Completion("Grüß Gott", "stop", "nova-lite", USAGE)


@pytest.mark.parametrize("size", [1, 2, 5, 64, 10_000])
def test_a_stream_is_the_same_however_it_is_cut(size: int) -> None:
    raw = b"".join(STREAM)

    assert glued(raw[at : at + size] for at in range(0, len(raw), size)) == WHOLE


def test_other_line_ends_comments_and_fields_change_nothing() -> None:
    raw = b": ping\n\nevent: x\n" + b"".join(STREAM)

    assert glued([raw.replace(b"\n", b"\r\n")]) == WHOLE


def test_data_may_span_lines_and_want_no_blank() -> None:
    assert glued([b'data:{"choices":\ndata:[]}\n\n', DONE]) == Completion("", "stop")


def test_what_upstreams_leave_null_is_nothing() -> None:
    sparse = sse({"error": None, "usage": None, "choices": [{"delta": None, "finish_reason": None}]})

    assert glued([sparse, chunk("x", "length"), DONE]) == Completion("x", "length", "nova-lite")
    counts = sse({"choices": [], "usage": {"prompt_tokens": None, "total_tokens": 5}})
    assert glued([chunk("x", "stop"), counts, DONE]).usage == {
        "prompt_tokens": 0,
        "completion_tokens": 0,
        "total_tokens": 5,
    }


def ending(pieces: Iterable[bytes], code: str) -> Iterator[bytes]:
    yield from pieces
    raise Problem(code)


def test_text_that_came_before_time_ran_out_is_kept_and_marked() -> None:
    assert glued(ending(STREAM[:2], "timeout")) == Completion("Grüß ", CUT, "nova-lite")


def test_an_answer_that_had_ended_before_time_ran_out_is_whole() -> None:
    assert glued(ending(STREAM[:4], "timeout")) == Completion("Grüß Gott", "stop", "nova-lite")


def test_time_that_ran_out_before_any_text_is_an_error() -> None:
    with pytest.raises(Problem) as caught:
        glued(ending(STREAM[:1], "timeout"))

    assert caught.value.code == "timeout"


@pytest.mark.parametrize(
    "pieces",
    [
        [],
        STREAM[:-1],
        [b"data: {\n\n", DONE],
        [b"data: []\n\n", DONE],
        [sse({"error": "odd"}), DONE],
        list(b"data: [DONE]\n".splitlines()),
    ],
)
def test_a_stream_that_breaks_is_an_upstream_error(pieces: list[bytes]) -> None:
    with pytest.raises(Problem) as caught:
        glued(pieces)

    assert caught.value.code == "upstream_error"


def test_a_fault_other_than_time_is_not_passed_off_as_an_answer() -> None:
    with pytest.raises(Problem) as caught:
        glued(ending(STREAM[:3], "upstream_error"))

    assert caught.value.code == "upstream_error"


def test_an_error_in_the_stream_is_told_in_its_own_words() -> None:
    with pytest.raises(Refused, match="The model failed while answering"):
        glued([*STREAM[:3], sse({"error": {"message": "The model failed while answering. Try again."}})])
