"""A foreign stream may be cut anywhere, never end, or say nothing: it costs what its bytes cost."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.openai import eventdata
from services.openai.providers import passing
from services.openai.providers.passing import honest, whole

STREAM = b': hi\n\ndata: {"a": 1}\r\n\r\ndata: x\ndata: y\n\ndata: [DONE]\n\n'


@given(st.lists(st.integers(0, len(STREAM))))
def test_however_a_stream_is_cut_its_events_leave_whole(cuts):
    at = sorted({0, *cuts, len(STREAM)})
    left = list(whole(STREAM[start:end] for start, end in pairwise(at)))
    assert b"".join(left) == STREAM
    assert all(event.endswith((b"\n\n", b"\n\r\n")) for event in left)


class Counted:
    """How many bytes a pattern is given to read."""

    def __init__(self, pattern):
        self.pattern, self.read = pattern, 0

    def finditer(self, text, start=0):
        self.read += len(text) - start
        return self.pattern.finditer(text, start)

    def findall(self, text):
        self.read += len(text)
        return self.pattern.findall(text)


def test_an_event_in_a_thousand_pieces_is_read_once(monkeypatch):
    """Read again for each piece, a picture of some megabytes would take minutes."""
    pattern = Counted(passing._BLANK)
    monkeypatch.setattr(passing, "_BLANK", pattern)
    pieces = [b"data: ", *[b"x" * 1000] * 1000, b"\n\n"]
    assert b"".join(whole(iter(pieces))) == b"".join(pieces)
    assert pattern.read < 2 * 1_000_000


def test_comments_before_the_first_event_are_read_once(monkeypatch):
    pattern = Counted(eventdata._DATA)
    monkeypatch.setattr(eventdata, "_DATA", pattern)
    events = [b": waiting\n\n"] * 1000 + [b"data: {}\n\n"]
    assert b"".join(honest((event for event in events), lambda *_: Problem("upstream_error"))) == b"".join(events)
    assert pattern.read < 2 * len(b"".join(events))


@pytest.mark.parametrize("piece", [b"x" * 1000, b": waiting\n\n" * 100])
def test_a_stream_that_says_nothing_for_megabytes_is_a_failure(monkeypatch, piece):
    monkeypatch.setattr(passing, "_LONGEST", 10_000)
    taken = []

    def endless():
        while True:
            taken.append(piece)
            yield piece

    with pytest.raises(Problem) as raised:
        list(honest(whole(endless()), lambda *_: Problem("internal_error")))
    assert raised.value.code == "upstream_error"
    assert len(taken) < 20
