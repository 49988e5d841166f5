import pytest

from pennyworth.aws import AwsError
from services.openai.faults import problem

PROFILE = (
    "Invocation of model ID anthropic.claude-haiku-4-5-20251001-v1:0 with on-demand throughput is "
    "not supported. Retry your request with the ID or ARN of an inference profile that contains this model."
)


@pytest.mark.parametrize(
    ("message", "code", "param", "words"),
    [
        ("The provided model identifier is invalid.", "model_not_found", "model", "GET /v1/models"),
        ("Input is too long for requested model.", "context_length_exceeded", "messages", "Send less"),
        (PROFILE, "invalid_value", "model", "inference profile"),
        ("1 validation error detected: the prompt", "invalid_request", None, "Check the input"),
    ],
)
def test_what_bedrock_refuses_is_told_in_words_of_ours(message, code, param, words):
    told = problem(AwsError("ValidationException", 400, message), "claude", "messages")
    assert (told.code, told.param, told.status) == (code, param, 404 if code == "model_not_found" else 400)
    assert words in told.message
    assert message not in told.message
