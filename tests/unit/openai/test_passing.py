"""A foreign stream may be cut anywhere, never end, or say nothing: it costs what its bytes cost."""

import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.openai import eventdata
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers import passing
from services.openai.providers.passing import asking, honest, metered, unasking, whole

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


WANTED = {"include_usage": True}


@pytest.mark.parametrize(
    ("options", "asked"),
    [
        (None, WANTED),
        ({}, WANTED),
        ({"include_usage": None}, WANTED),
        ({"include_usage": False}, WANTED),
        ({"include_obfuscation": False}, {"include_obfuscation": False, **WANTED}),
        ({"include_usage": False, "of": ["tomorrow"]}, {"of": ["tomorrow"], **WANTED}),
    ],
)
def test_usage_is_asked_for_where_the_client_did_not(options, asked):
    body = {"model": "m", "stream": True}
    given = {**body, "stream_options": options}
    assert asking(given) == ({**body, "stream_options": asked}, False)
    assert given["stream_options"] == options
    assert asking(body) == ({**body, "stream_options": WANTED}, False)


def test_who_asked_is_told():
    body = {"model": "m", "stream": True, "stream_options": WANTED}
    assert asking(body) == (body, True)


@pytest.mark.parametrize("made", [asking, unasking])
@pytest.mark.parametrize(
    ("options", "param"),
    [
        *(({"include_usage": wish}, "stream_options.include_usage") for wish in (0, 1, "no", "false", {}, [])),
        *((options, "stream_options") for options in ([], "yes", 0, False, [["include_usage", False]])),
    ],
)
def test_nobody_is_unmetered_by_words_that_a_provider_may_take_for_a_no(made, options, param):
    """Pydantic, by which vLLM reads a request, takes "no" and 0 for false."""
    with pytest.raises(Problem) as raised:
        made({"model": "m", "stream": True, "stream_options": options})
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "invalid_value", param)


@pytest.mark.parametrize(
    ("given", "left"),
    [
        ({}, {}),
        ({"stream_options": None}, {"stream_options": None}),
        ({"stream_options": {"x": 1}}, {"stream_options": {"x": 1}}),
        ({"stream_options": {"include_usage": True}}, {}),
        ({"stream_options": {"include_usage": False}}, {}),
        ({"stream_options": {"include_usage": True, "x": 1}}, {"stream_options": {"x": 1}}),
    ],
)
def test_who_refuses_to_be_asked_for_usage_is_not_asked(given, left):
    assert unasking({"model": "m", **given}) == {"model": "m", **left}


def said(end="\n\n", **chunk):
    return f"data: {json.dumps(chunk, ensure_ascii=False)}{end}".encode()


USAGE = {"prompt_tokens": 7, "completion_tokens": 2}
BEGIN = [
    b": waiting\n\n",
    said("\r\n\r\n", choices=[], prompt_filter_results=[], usage=None),
    said(choices=[{"delta": {"content": '"usage": {} é'}}], usage=None, obfuscation="x"),
    said(choices=[{"delta": {}, "finish_reason": "stop"}], usage=USAGE),
    said(usage=USAGE),
    said(choices=[], x_own={"usage": USAGE}),
]
ALONE = said("\r\n\r\n", choices=[], usage=USAGE, service_tier="default")
DONE = b"data: [DONE]\n\n"


def passed(pieces, told):
    meter = Meter("m")
    events = honest(whole(pieces), lambda *_: Problem("upstream_error"))
    return b"".join(metered(events, {}, Envelope("c", 1, "m"), meter, told=told)), meter.fields()


@given(st.lists(st.integers(0, len(b"".join([*BEGIN, ALONE, DONE])))), st.booleans())
def test_the_event_of_the_usage_alone_is_left_out_and_no_other_byte_however_the_stream_is_cut(cuts, told):
    stream = b"".join([*BEGIN, ALONE, DONE])
    at = sorted({0, *cuts, len(stream)})
    text, line = passed((stream[start:end] for start, end in pairwise(at)), told)
    assert line.pop("first_token_ms") >= 0
    assert text == (stream if told else b"".join([*BEGIN, DONE]))
    assert line == {"model": "m", "prompt_tokens": 7, "completion_tokens": 2}


def test_only_what_tells_usage_is_read_as_json(monkeypatch):
    """Besides the first event, which may be an error: to read all would cost more than all the rest."""
    read = []
    monkeypatch.setattr(passing, "read", lambda one: read.append(one) or eventdata.read(one))
    chunks = [said(choices=[{"delta": {"content": "word"}}], usage=None)] * 100
    passed(iter([*chunks, b"".join([chunks[0], ALONE]), DONE]), told=False)
    assert len(read) == 2


def test_a_streams_tier_of_another_price_is_told():
    flex = said(choices=[], usage=USAGE, service_tier="flex")
    assert passed(iter([flex, DONE]), told=True)[1]["service_tier"] == "flex"
