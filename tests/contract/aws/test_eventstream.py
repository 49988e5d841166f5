"""What we decode is what botocore decodes; what was damaged is refused."""

import struct
from itertools import pairwise
from typing import Any
from zlib import crc32

import pytest
from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.aws.eventstream import MAX_HEADERS, MAX_PAYLOAD, CorruptStreamError, Decoder

Header = tuple[int, Any]  # the type's number, the value


def integers(bits: int) -> st.SearchStrategy[int]:
    return st.integers(-(2 ** (bits - 1)), 2 ** (bits - 1) - 1)


values = st.one_of(
    st.just((0, True)),
    st.just((1, False)),
    st.tuples(st.just(2), integers(8)),
    st.tuples(st.just(3), integers(16)),
    st.tuples(st.just(4), integers(32)),
    st.tuples(st.just(5), integers(64)),
    st.tuples(st.just(6), st.binary(max_size=300)),
    st.tuples(st.just(7), st.text(max_size=100)),
    st.tuples(st.just(8), integers(64)),
    st.tuples(st.just(9), st.binary(min_size=16, max_size=16)),
)
names = st.text(max_size=30).filter(lambda name: len(name.encode()) < 256)
messages = st.tuples(st.dictionaries(names, values, max_size=6), st.binary(max_size=400))
streams = st.lists(messages, max_size=5)


def encode_value(kind: int, value: Any) -> bytes:
    if kind in (0, 1):
        return b""
    if kind in (6, 7):
        raw = value if kind == 6 else value.encode()
        return struct.pack("!H", len(raw)) + raw
    if kind == 9:
        return bytes(value)
    return struct.pack({2: "!b", 3: "!h", 4: "!i", 5: "!q", 8: "!q"}[kind], value)


def encode_headers(headers: dict[str, Header]) -> bytes:
    return b"".join(
        bytes([len(name.encode())]) + name.encode() + bytes([kind]) + encode_value(kind, value)
        for name, (kind, value) in headers.items()
    )


def encode(block: bytes, payload: bytes, *, total: int | None = None, length: int | None = None) -> bytes:
    total = len(block) + len(payload) + 16 if total is None else total
    prelude = struct.pack("!II", total, len(block) if length is None else length)
    message = prelude + struct.pack("!I", crc32(prelude)) + block + payload
    return message + struct.pack("!I", crc32(message))


def pieces(data: bytes, cuts: list[int]) -> list[bytes]:
    at = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    return [data[start:end] for start, end in pairwise(at)]


def decode(chunks: list[bytes]) -> list[tuple[dict[str, Any], bytes]]:
    decoder = Decoder()
    found = [(dict(headers), payload) for chunk in chunks for headers, payload in decoder.feed(chunk)]
    decoder.finish()
    return found


@given(streams, st.lists(st.integers(0, 10_000), max_size=12))
def test_messages_are_botocores_however_the_bytes_arrive(
    stream: list[tuple[dict[str, Header], bytes]], cuts: list[int]
) -> None:
    data = b"".join(encode(encode_headers(headers), payload) for headers, payload in stream)
    buffer = EventStreamBuffer()
    theirs = []
    for chunk in pieces(data, cuts):
        buffer.add_data(chunk)
        theirs += [(message.headers, message.payload) for message in buffer]
    assert decode(pieces(data, cuts)) == theirs
    assert theirs == [({name: value for name, (_, value) in headers.items()}, body) for headers, body in stream]


@given(streams.filter(bool), st.integers(0), st.integers(0, 7))
def test_no_flipped_bit_goes_unseen(stream: list[tuple[dict[str, Header], bytes]], where: int, bit: int) -> None:
    sound = [encode(encode_headers(headers), payload) for headers, payload in stream]
    data = bytearray(b"".join(sound))
    where %= len(data)
    data[where] ^= 1 << bit
    found: list[bytes] = []

    def read() -> None:
        decoder = Decoder()
        found.extend(payload for _, payload in decoder.feed(bytes(data)))
        decoder.finish()

    with pytest.raises(CorruptStreamError):
        read()
    assert sum(map(len, sound[: len(found)])) <= where  # only messages before the damage came through


@given(streams.filter(bool), st.integers(0))
def test_a_cut_is_seen_unless_it_falls_between_messages(
    stream: list[tuple[dict[str, Header], bytes]], where: int
) -> None:
    sound = [encode(encode_headers(headers), payload) for headers, payload in stream]
    data = b"".join(sound)
    data = data[: where % len(data)]
    ends = [sum(map(len, sound[:count])) for count in range(len(sound))]
    if len(data) in ends:
        assert len(decode([data])) == ends.index(len(data))
    else:
        with pytest.raises(CorruptStreamError, match="inside a message"):
            decode([data])


TEXT = encode_headers({":event-type": (7, "chunk")})
DAMAGED = {
    "shorter than its own frame": encode(b"", b"", total=15),
    "headers longer than the message": encode(TEXT, b"", length=len(TEXT) + 1),
    "headers over the limit": encode(b"", b"", total=MAX_HEADERS + 17, length=MAX_HEADERS + 1),
    "a payload over the limit": encode(b"", b"", total=MAX_PAYLOAD + 17),
    "a header twice": encode(TEXT + TEXT, b""),
    "an unknown header type": encode(b"\x01a\x0a", b""),
    "a header name cut short": encode(b"\x09ab", b""),
    "a header without a type": encode(b"\x01a", b""),
    "a header's text cut short": encode(TEXT[:-1], b""),
    "a header's number cut short": encode(b"\x01a\x04\x00\x00", b""),
    "a header's uuid cut short": encode(b"\x01a\x09\x00", b""),
    "a header that is not UTF-8": encode(b"\x01a\x07\x00\x01\xff", b""),
}


@pytest.mark.parametrize("data", DAMAGED.values(), ids=DAMAGED)
def test_what_has_right_checksums_and_makes_no_sense_is_refused(data: bytes) -> None:
    with pytest.raises(CorruptStreamError):
        decode([data])


def test_a_damaged_length_is_seen_before_anything_is_waited_for() -> None:
    prelude = struct.pack("!II", 1_000_000, 0)
    with pytest.raises(CorruptStreamError, match="prelude"):
        list(Decoder().feed(prelude + struct.pack("!I", crc32(prelude) ^ 1)))
