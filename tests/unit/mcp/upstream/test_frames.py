import json

import pytest

from services.mcp.upstream import frames
from services.mcp.upstream.faults import Unreachable

ONE = {"jsonrpc": "2.0", "method": "one", "params": {"text": "é\u2028"}}
TWO = {"jsonrpc": "2.0", "id": 1, "result": {}}


def stream(end: str) -> bytes:
    lines = [
        ": hello",
        "id: 7",
        "data:",  # opens a stream that can be resumed
        "",
        "event: message",
        f"data: {json.dumps(ONE, ensure_ascii=False)}",
        "retry: 10",
        "",
        "event: other",
        "data: not a message",
        "",
        'data: {"jsonrpc":"2.0",',
        'data:"id":1,"result":{}}',
        "",
        "",
    ]
    return "\ufeff".encode() + end.join(lines).encode()


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
def test_messages_are_read_however_the_bytes_are_cut(end):
    data = stream(end)
    assert list(frames.events([data])) == [ONE, TWO]
    assert list(frames.events([bytes([each]) for each in data])) == [ONE, TWO]
    for at in range(len(data)):
        assert list(frames.events([data[:at], data[at:]])) == [ONE, TWO]


def test_an_event_without_its_end_is_none():
    assert list(frames.events([b'data: {"jsonrpc":"2.0"}\n'])) == []


@pytest.mark.parametrize(
    "data",
    [b"", b"{", b"nul", b'{"a":NaN}', b'{"a":1e}', b'{"a":1e999}', b"-1e999", b"\xff", b"[" * 10_000, b"1" * 5000],
)
def test_what_is_no_json_is_refused(data):
    with pytest.raises(Unreachable):
        frames.document(data)


def test_depth_is_bounded():
    deepest = b"[" * frames.MAX_DEPTH + b"]" * frames.MAX_DEPTH
    assert frames.document(deepest)
    with pytest.raises(Unreachable, match="nested deeper"):
        frames.document(b"[" + deepest + b"]")


def test_a_few_bytes_do_not_become_all_the_memory_there_is():
    """A document of 8 MB could be 250 MB of empty lists."""
    most = b"[" + b"[]," * 999_998 + b"[]]"
    assert len(frames.document(most)) == 999_999
    with pytest.raises(Unreachable, match="more than 1000000 objects and arrays"):
        frames.document(b"[{}," + most[1:])


def test_pairs_stay_and_halves_go():
    assert frames.document(b'"\\ud83d\\ude00"') == "\N{GRINNING FACE}"
    assert frames.document(b'"a\\udc00b"') == "a\N{REPLACEMENT CHARACTER}b"
