"""The bytes on the wire: frames and their checksums, headers, identifiers."""

import json
import struct
import zlib
from typing import Any

from botocore.eventstream import EventStreamBuffer

from local.bedrock import eventstream

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
BODY = {"messages": [{"role": "user", "content": [{"text": "Count to 30"}]}]}


def raw_stream(bedrock: Any) -> Any:
    return bedrock.post(f"/model/{CLAUDE}/converse-stream", BODY)


def test_every_frame_has_its_two_checksums(bedrock: Any) -> None:
    content = raw_stream(bedrock).content
    frames = 0
    while content:
        total, headers, prelude_crc = struct.unpack(">III", content[:12])
        message, content = content[:total], content[total:]
        assert len(message) == total > headers + 16
        assert zlib.crc32(message[:8]) == prelude_crc
        assert zlib.crc32(message[:-4]) == struct.unpack(">I", message[-4:])[0]
        frames += 1
    assert frames > 5


def test_botocore_parses_every_event_and_its_headers(bedrock: Any) -> None:
    answer = raw_stream(bedrock)
    assert answer.headers["content-type"] == "application/vnd.amazon.eventstream"
    assert answer.headers["transfer-encoding"] == "chunked"
    assert answer.headers["x-amzn-requestid"] == bedrock.calls()[-1]["request_id"]
    parser = EventStreamBuffer()
    parser.add_data(answer.content)
    events = list(parser)
    assert {event.headers[":content-type"] for event in events} == {"application/json"}
    assert {event.headers[":message-type"] for event in events} == {"event"}
    names = [event.headers[":event-type"] for event in events]
    assert names[0] == "messageStart"
    assert names[-2:] == ["messageStop", "metadata"]
    assert all("p" in json.loads(event.payload) for event in events), "Bedrock pads every event"


def test_an_in_stream_exception_names_its_type_in_a_header(bedrock: Any) -> None:
    bedrock.fault(error="ThrottlingException", after_events=1, message="slow down")
    parser = EventStreamBuffer()
    parser.add_data(raw_stream(bedrock).content)
    _, broken = list(parser)
    assert broken.headers[":message-type"] == "exception"
    assert broken.headers[":exception-type"] == "throttlingException"
    assert json.loads(broken.payload) == {"message": "slow down"}


def test_a_frame_survives_being_cut_anywhere() -> None:
    frame = eventstream.event("contentBlockDelta", {"delta": {"text": "näïve 🦉"}})
    for cut in range(1, len(frame)):
        parser = EventStreamBuffer()
        parser.add_data(frame[:cut])
        assert list(parser) == []
        parser.add_data(frame[cut:])
        (event,) = parser
        assert json.loads(event.payload)["delta"] == {"text": "näïve 🦉"}


def test_model_errors_tell_their_details(bedrock: Any) -> None:
    bedrock.fault(error="ModelErrorException")
    answer = bedrock.post(f"/model/{CLAUDE}/converse", BODY)
    assert answer.status_code == 424
    assert answer.json()["originalStatusCode"] == 500


def test_calls_are_recorded_with_what_they_used(bedrock: Any) -> None:
    reply = bedrock.runtime.converse(modelId=CLAUDE, **BODY, requestMetadata={"user": "ada", "team": "a b"})
    list(bedrock.runtime.converse_stream(modelId=CLAUDE, **BODY)["stream"])
    bedrock.post(f"/model/{CLAUDE}/converse", {"messages": []})
    whole, streamed, refused = bedrock.calls()
    assert whole["operation"] == "Converse"
    assert whole["model_id"] == CLAUDE
    assert whole["access_key_id"] == "AKIASIMULATED"
    assert whole["principal_arn"] is None
    assert whole["request_metadata"] == {"user": "ada", "team": "a b"}
    assert whole["usage"] == reply["usage"]
    assert (whole["stop_reason"], whole["status"], whole["outcome"]) == ("end_turn", 200, "completed")
    assert whole["time"] > 1.7e9
    assert (streamed["operation"], streamed["outcome"], streamed["request_metadata"]) == (
        "ConverseStream",
        "completed",
        None,
    )
    assert streamed["usage"] == reply["usage"]
    assert (refused["status"], refused["error"], refused["outcome"]) == (400, "ValidationException", "refused")


def test_the_record_can_be_emptied(bedrock: Any) -> None:
    bedrock.runtime.converse(modelId=CLAUDE, **BODY)
    bedrock.http.delete("/_stand_in/calls")
    assert bedrock.calls() == []
