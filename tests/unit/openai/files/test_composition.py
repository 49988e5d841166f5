"""What many sources are put together of: nothing lost, nothing twice, and nothing S3 would refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.errors import Problem
from services.openai.files import composition
from services.openai.files.composition import LEAST, Span, compose, pieces

MIB = 1024 * 1024
sizes = st.lists(
    st.sampled_from([0, 1, LEAST - 1, LEAST, LEAST + 1, 2 * LEAST, 600 * MIB]) | st.integers(0, 30 * MIB), max_size=12
)


@given(sizes)
def test_the_pieces_are_the_sources_in_order(sizes):
    made = list(pieces(sizes))
    spans = [span for piece in made for span in piece]
    at = {}
    for source, start, length in spans:
        assert length > 0
        assert start == at.get(source, 0)
        at[source] = start + length
    assert at == {source: size for source, size in enumerate(sizes) if size}
    assert [span.source for span in spans] == sorted(span.source for span in spans)


@given(sizes)
def test_every_piece_but_the_last_is_what_s3_takes(sizes):
    made = list(pieces(sizes))
    for piece in made[:-1]:
        assert LEAST <= sum(span.length for span in piece) <= 5 * 1024 * MIB
    for piece in made:
        assert len(piece) == 1 or sum(span.length for span in piece) <= LEAST  # held in memory


def test_what_s3_copies_does_not_pass_through_here():
    assert list(pieces([1, 20 * MIB, 1])) == [
        [Span(0, 0, 1), Span(1, 0, LEAST - 1)],
        [Span(1, LEAST - 1, 15 * MIB + 1)],
        [Span(2, 0, 1)],
    ]


class Bucket:
    """Objects in memory; `fails` at this part."""

    def __init__(self, objects, fails=0):
        self.objects, self.fails, self.parts, self.log = objects, fails, {}, []

    def begin(self, key, _):
        return "u"

    def get(self, key):
        return None, self.objects[key]

    def put(self, key, body, *_):
        self.objects[key] = body

    def get_range(self, key, start, length):
        return self.objects[key][start : start + length]

    def put_part(self, key, upload_id, number, body):
        if number == self.fails:
            raise Problem("service_unavailable")
        self.parts[number] = body
        return str(number)

    def copy_part(self, key, upload_id, number, source, start, length):
        self.log.append("copied")
        return self.put_part(key, upload_id, number, self.get_range(source, start, length))

    def complete(self, key, upload_id, etags):
        self.objects[key] = b"".join(self.parts[int(etag)] for etag in etags)

    def abort(self, *_):
        self.log.append("aborted")


class Store:
    def __init__(self, bucket):
        self.bucket = bucket

    def key(self, key):
        return f"mine/{key}"

    def ask(self, call):
        return call()


@pytest.mark.parametrize("sizes", [[3, 0, 4], [4, 4, 4, 4, 9, 30, 1], [5, 5], [6]])
def test_the_whole_is_the_sources_one_after_the_other(sizes, monkeypatch):
    monkeypatch.setattr(composition, "LEAST", 5)
    sources = {f"mine/{n}": bytes([65 + n]) * size for n, size in enumerate(sizes)}
    bucket = Bucket(dict(sources))
    compose(Store(bucket), "whole", [str(n) for n in range(len(sizes))], sizes)
    assert bucket.objects["mine/whole"] == b"".join(sources.values())
    assert ("copied" in bucket.log) == (max(sizes) > 5)


def test_what_fails_is_given_up(monkeypatch):
    monkeypatch.setattr(composition, "LEAST", 5)
    bucket = Bucket({"mine/0": b"a" * 4, "mine/1": b"b" * 4}, fails=2)
    with pytest.raises(Problem):
        compose(Store(bucket), "whole", ["0", "1"], [4, 4])
    assert bucket.log == ["aborted"]
    assert "mine/whole" not in bucket.objects
