from botocore.eventstream import EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from local.functions.event_stream import event, frame


@given(st.dictionaries(st.text(min_size=1, max_size=40), st.text(max_size=200), max_size=5), st.binary(max_size=2000))
def test_botocore_reads_back_every_frame(headers: dict[str, str], payload: bytes) -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(frame(headers, payload))
    (message,) = buffer  # checks both sums
    assert (message.headers, message.payload) == (headers, payload)


def test_an_event_names_its_type() -> None:
    buffer = EventStreamBuffer()
    buffer.add_data(event("PayloadChunk", "application/octet-stream", b"x"))
    (message,) = buffer
    assert message.headers == {
        ":message-type": "event",
        ":event-type": "PayloadChunk",
        ":content-type": "application/octet-stream",
    }
