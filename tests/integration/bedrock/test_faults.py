"""Misbehaviour on request, as unmodified boto3 meets it."""

import threading
import time
from contextlib import closing
from itertools import pairwise
from typing import Any

import botocore.exceptions
import pytest
import urllib3
from botocore.eventstream import ChecksumMismatch
from botocore.loaders import Loader

CLAUDE = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
NOVA = "amazon.nova-micro-v1:0"
HI = [{"role": "user", "content": [{"text": "Count to 30"}]}]
SHAPES = Loader().load_service_model("bedrock-runtime", "service-2")["shapes"]
ERRORS = {
    error["shape"]: SHAPES[error["shape"]]["error"]["httpStatusCode"]
    for error in Loader().load_service_model("bedrock-runtime", "service-2")["operations"]["Converse"]["errors"]
}
IN_STREAM = {
    member["shape"]: name
    for name, member in SHAPES["ConverseStreamOutput"]["members"].items()
    if SHAPES[member["shape"]].get("exception")
}

# botocore passes on what urllib3 says of a broken body.
BROKEN = (urllib3.exceptions.ProtocolError, botocore.exceptions.HTTPClientError)


def converse(bedrock: Any, model: str = NOVA) -> Any:
    return bedrock.runtime.converse(modelId=model, messages=HI)


def stream(bedrock: Any, model: str = NOVA) -> Any:
    return bedrock.runtime.converse_stream(modelId=model, messages=HI)["stream"]


def read(bedrock: Any, model: str = NOVA) -> tuple[list[dict[str, Any]], Exception | None]:
    """The events of a stream, and what broke it."""
    seen = []
    with closing(stream(bedrock, model)) as events:
        try:
            for event in events:
                seen.append(event)
        except (botocore.exceptions.EventStreamError, ChecksumMismatch, *BROKEN) as error:
            return seen, error
    return seen, None


@pytest.mark.parametrize("error", ERRORS)
def test_every_exception_of_converse_can_be_had_with_its_status(bedrock: Any, error: str) -> None:
    bedrock.fault(error=error, message="as wished")
    with pytest.raises(getattr(bedrock.runtime.exceptions, error)) as caught:
        converse(bedrock)
    response = caught.value.response
    assert response["ResponseMetadata"]["HTTPStatusCode"] == ERRORS[error]
    assert response["Error"] == {"Message": "as wished", "Code": error}
    assert converse(bedrock)["stopReason"] == "end_turn", "once is once"
    assert [call["error"] for call in bedrock.calls()] == [error, None]


@pytest.mark.parametrize("error", IN_STREAM)
def test_every_exception_of_a_stream_can_break_it(bedrock: Any, error: str) -> None:
    bedrock.fault(error=error, after_events=3, message="broke off")
    events, broken = read(bedrock)
    assert len(events) == 3
    assert isinstance(broken, botocore.exceptions.EventStreamError)
    assert broken.response["Error"] == {"Code": IN_STREAM[error], "Message": "broke off"}
    assert bedrock.calls()[-1]["error"] == error


def test_a_cut_stream_ends_without_its_last_chunk(bedrock: Any) -> None:
    bedrock.fault(error="cut", after_events=2)
    events, broken = read(bedrock)
    assert len(events) == 2
    assert isinstance(broken, BROKEN)
    assert bedrock.calls()[-1]["outcome"] == "cut"


def test_a_corrupt_frame_fails_its_checksum(bedrock: Any) -> None:
    bedrock.fault(error="corrupt", after_events=1)
    events, broken = read(bedrock)
    assert len(events) == 1
    assert isinstance(broken, ChecksumMismatch)


def test_an_answer_can_be_cut_too(bedrock: Any) -> None:
    bedrock.fault(error="cut", operation="Converse")
    with pytest.raises(BROKEN):
        converse(bedrock)
    assert bedrock.calls()[-1]["outcome"] == "cut"
    assert converse(bedrock)["stopReason"] == "end_turn"


def test_a_fault_waits_for_its_operation_and_its_model(bedrock: Any) -> None:
    bedrock.fault(
        error="ThrottlingException", operation="ConverseStream", model="anthropic.claude-haiku-4-5-20251001-v1:0"
    )
    assert converse(bedrock, CLAUDE)
    assert read(bedrock, NOVA)[1] is None
    with pytest.raises(bedrock.runtime.exceptions.ThrottlingException):
        stream(bedrock, CLAUDE)


def test_a_fault_lasts_as_often_as_wished_or_until_deleted(bedrock: Any) -> None:
    def fails() -> bool:
        try:
            converse(bedrock)
        except bedrock.runtime.exceptions.ServiceUnavailableException:
            return True
        return False

    bedrock.fault(error="ServiceUnavailableException", times=2)
    assert [fails() for _ in range(3)] == [True, True, False]
    bedrock.fault(error="ServiceUnavailableException", times=None)
    assert len(bedrock.http.get("/_stand_in/faults").json()["faults"]) == 1
    assert [fails() for _ in range(3)] == [True, True, True]
    bedrock.http.delete("/_stand_in/faults")
    assert not fails()


def test_boto3_retries_a_throttled_call_by_itself(bedrock: Any) -> None:
    bedrock.fault(error="ThrottlingException", times=1)
    client = bedrock.client("bedrock-runtime", retries={"total_max_attempts": 2, "mode": "standard"})
    assert client.converse(modelId=NOVA, messages=HI)["ResponseMetadata"]["RetryAttempts"] == 1
    client.close()


def test_an_answer_can_be_late(bedrock: Any) -> None:
    bedrock.fault(delay_s=0.2)
    started = time.monotonic()
    assert converse(bedrock)["metrics"]["latencyMs"] >= 200
    assert time.monotonic() - started >= 0.2


def test_tokens_can_come_slowly_and_arrive_one_by_one(bedrock: Any) -> None:
    bedrock.script(text_deltas=["a", "b", "c"], burst=True)
    bedrock.fault(token_delay_s=0.05)
    arrivals = [time.monotonic() for _ in stream(bedrock)]
    assert len(arrivals) == 7
    assert all(later - earlier > 0.02 for earlier, later in pairwise(arrivals))


def test_a_client_that_leaves_a_slow_stream_is_noticed(bedrock: Any) -> None:
    bedrock.fault(token_delay_s=0.1)
    events = stream(bedrock)
    next(iter(events))
    events.close()
    gone = threading.Event()
    deadline = time.monotonic() + 5
    while bedrock.calls()[-1]["outcome"] == "open" and time.monotonic() < deadline:
        gone.wait(0.02)
    assert bedrock.calls()[-1]["outcome"] == "client_gone"


def test_reasoning_can_be_redacted(bedrock: Any) -> None:
    request = {
        "modelId": CLAUDE,
        "messages": HI,
        "additionalModelRequestFields": {"thinking": {"type": "enabled", "budget_tokens": 1024}},
    }
    bedrock.fault(redact_reasoning=True, times=2)
    thoughts, _ = bedrock.runtime.converse(**request)["output"]["message"]["content"]
    hidden = thoughts["reasoningContent"]["redactedContent"]
    assert hidden.startswith(b"simulated redacted")
    deltas = [
        event["contentBlockDelta"]["delta"]
        for event in bedrock.runtime.converse_stream(**request)["stream"]
        if "contentBlockDelta" in event
    ]
    assert deltas[0] == {"reasoningContent": {"redactedContent": hidden}}


@pytest.mark.parametrize("reason", SHAPES["StopReason"]["enum"])
def test_every_stop_reason_can_be_had(bedrock: Any, reason: str) -> None:
    bedrock.fault(stop_reason=reason, times=2)
    assert converse(bedrock)["stopReason"] == reason
    stops = [event["messageStop"]["stopReason"] for event in read(bedrock)[0] if "messageStop" in event]
    assert stops == [reason]


@pytest.mark.parametrize(
    "wish",
    [
        {"error": "NoSuchException"},
        {"error": "ModelStreamErrorException", "operation": "Converse"},
        {"error": "AccessDeniedException", "after_events": 1},
        {"error": "ModelTimeoutException", "after_events": 1, "operation": "ConverseStream"},
        {"error": "ThrottlingException", "after_events": 1, "operation": "Converse"},
        {"operation": "Sing"},
        {"times": "1"},
        {"delay_s": -1},
        {"after_events": 1.5},
        {"stop_reason": "bored"},
        {"status": 500},
        [],
        "cut",
    ],
)
def test_a_senseless_fault_is_refused(bedrock: Any, wish: Any) -> None:
    answer = bedrock.http.post("/_stand_in/faults", json=wish)
    assert answer.status_code == 400
    assert answer.json()["message"]
    assert bedrock.http.get("/_stand_in/faults").json() == {"faults": []}


def test_a_fault_that_is_no_json_is_refused(bedrock: Any) -> None:
    assert bedrock.http.post("/_stand_in/faults", content=b"{").status_code == 400
