"""Bedrock misbehaves; the client reads an honest status before the first byte, and an error event after it."""

import json

import pytest

CHAT = "/chat/completions"
FAULTS = [
    ("ThrottlingException", 429, "rate_limit_exceeded"),
    ("ModelNotReadyException", 429, "rate_limit_exceeded"),
    ("ModelTimeoutException", 408, "timeout"),
    ("AccessDeniedException", 403, "provider_denied"),
    ("ResourceNotFoundException", 404, "model_not_found"),
    ("ModelErrorException", 502, "upstream_error"),
    ("InternalServerException", 500, "internal_error"),
    ("ServiceUnavailableException", 503, "service_unavailable"),
    ("ValidationException", 400, "invalid_request"),
]


def body(gateway, **more):
    return {"model": gateway.model, "messages": [{"role": "user", "content": "Tell me about rivers."}], **more}


@pytest.mark.parametrize("stream", [False, True], ids=["whole", "streamed"])
@pytest.mark.parametrize(("error", "status", "code"), FAULTS)
def test_an_error_before_the_first_byte_keeps_its_status(gateway, fault, error, status, code, stream):
    fault(error=error, times=10)
    with gateway.http() as client:
        answer = client.post(CHAT, json=body(gateway, stream=stream))
    assert answer.status_code == status, answer.text
    assert answer.json()["error"]["code"] == code
    assert error not in answer.text
    assert ("retry-after" in answer.headers) == (status == 429)


@pytest.mark.parametrize(
    ("how", "code"),
    [
        ({"error": "ModelStreamErrorException"}, "upstream_error"),
        ({"error": "ThrottlingException"}, "rate_limit_exceeded"),
        ({"error": "cut"}, "service_unavailable"),
        ({"error": "corrupt"}, "service_unavailable"),
    ],
    ids=lambda value: value["error"] if isinstance(value, dict) else value,
)
def test_an_error_after_the_first_byte_is_an_event_and_no_done(gateway, fault, how, code):
    fault(operation="ConverseStream", after_events=3, times=1, **how)
    with gateway.http() as client:
        answer = client.post(CHAT, json=body(gateway, stream=True))
    events = [line.removeprefix("data: ") for line in answer.text.split("\n\n") if line]
    assert answer.status_code == 200
    assert json.loads(events[0])["choices"]
    assert json.loads(events[-1])["error"]["code"] == code
    assert "[DONE]" not in answer.text
    assert '"finish_reason":"stop"' not in answer.text


def test_a_passing_throttle_is_not_seen_by_the_client(gateway, fault):
    fault(error="ThrottlingException", times=1)
    with gateway.http() as client:
        assert client.post(CHAT, json=body(gateway)).status_code == 200
