import json

import pytest

from pennyworth.errors import Problem
from services.openai.eventdata import chunks, decoded
from services.openai.sse import sse


def test_each_chunk_is_an_event_and_done_ends_them():
    assert list(sse([{"a": "é"}, {}])) == ['data: {"a":"é"}\n\n'.encode(), b"data: {}\n\n", b"data: [DONE]\n\n"]


def test_events_leave_together_while_more_is_here_already():
    pending = iter([True, True, False, True])
    written = list(sse([{}, {}, {}, {}], lambda: next(pending)))
    assert written == [b"data: {}\n\n" * 3, b"data: {}\n\ndata: [DONE]\n\n"]


def test_what_is_held_leaves_before_the_wait_that_follows_a_silent_event():
    pending = iter([True, False])
    assert next(sse([{}, None, {}], lambda: next(pending))) == b"data: {}\n\n"


def test_an_error_leaves_with_what_was_held_back():
    assert b"".join(sse(broken(Problem("timeout")), lambda: True)).count(b"data: ") == 2


def test_half_a_surrogate_pair_is_sent_as_json_writes_it():
    (first, _) = sse([{"a": "\ud83d"}])
    assert first == b'data: {"a":"\\ud83d"}\n\n'


@pytest.mark.parametrize(
    "text", [b'{"a": "\\ud83d"}', '{"a": ["\u00e9", 1, -0.5e3, null]}'.encode(), b'"\\ud83d\\ude00"', b" [] "]
)
def test_a_providers_json_is_read_as_the_standard_library_reads_it(text):
    assert decoded(text) == json.loads(text)


def test_what_is_no_json_is_a_value_error():
    with pytest.raises(ValueError, match="column 2"):
        decoded(b"{")


def broken(error):
    yield {}
    raise error


def test_a_failure_after_the_first_byte_is_an_error_event_without_done():
    events = list(sse(broken(Problem("rate_limit_exceeded"))))
    assert len(events) == 2
    assert b'"code":"rate_limit_exceeded"' in events[-1]


@pytest.mark.parametrize("error", [Problem("rate_limit_exceeded"), ValueError()])
def test_a_failure_before_the_first_event_is_raised_while_a_status_can_be_chosen(error):
    def chunks():
        yield None
        raise error

    with pytest.raises(type(error)):
        next(sse(chunks()))


def test_an_unexpected_failure_shows_and_logs_none_of_its_text(log):
    events = list(sse(broken(ValueError("the prompt"))))
    assert b'"code":"internal_error"' in events[-1]
    assert log()[0]["error"] == ["ValueError"]
    assert "the prompt" not in b"".join(events).decode() + str(log())


def test_a_client_that_hangs_up_closes_the_chunks():
    closed = []

    def chunks():
        try:
            yield {}
            yield {}
        finally:
            closed.append(True)

    events = sse(chunks())
    next(events)
    events.close()
    assert closed


def told(*pieces):
    return list(chunks(iter_of(pieces)))


def iter_of(pieces):
    yield from pieces


def test_a_stream_is_read_back_to_its_chunks():
    written = [*sse([{"a": "x\n"}, {"b": "\u2028"}])]
    assert told(*written) == [{"a": "x\n"}, {"b": "\u2028"}]
    assert told(b"".join(written) + b'data: {"after": 1}\n\n') == [{"a": "x\n"}, {"b": "\u2028"}]


def test_an_upstreams_lines_are_read_as_it_writes_them():
    assert told(b': hello\n\nevent: x\r\ndata:{"a":1}\r\n\r\n', b'data: {"error": {}}\n\n') == [{"a": 1}, {"error": {}}]


@pytest.mark.parametrize("data", [b"{", b"[]", b"1", b"[" * 100_000])
def test_what_is_no_chunk_is_the_upstreams_fault(data):
    with pytest.raises(Problem) as raised:
        told(b"data: " + data + b"\n\n")
    assert raised.value.code == "upstream_error"


def test_who_stops_reading_closes_the_stream():
    closed = []

    def source():
        try:
            yield b'data: {"a": 1}\n\n'
            yield b"data: [DONE]\n\n"
        finally:
            closed.append(True)

    reading = chunks(source())
    next(reading)
    reading.close()
    assert closed
