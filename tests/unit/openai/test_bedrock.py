"""The way to Bedrock where AWS is in trouble."""

import pytest

from pennyworth.aws import UNSIGNED, AwsError
from pennyworth.errors import Problem
from services.openai.catalogue import find
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.bedrock import Bedrock

BODY = {"model": "nova-lite", "messages": [{"role": "user", "content": "Hi"}]}
ENVELOPE = Envelope("c", 1, "nova-lite")
IDLE_S = 300  # API Gateway's bound on a stream's silence
CREDENTIALS_S = 16  # two calls of 8 s at most


class Aws:
    def __init__(self, error):
        self.error, self.waits = error, []

    def post(self, *_, timeout_s, **__):
        self.waits.append(timeout_s)
        raise self.error

    stream = post


@pytest.mark.parametrize(
    ("code", "status", "expected", "retry_after"),
    [
        ("Throttling", 400, "rate_limit_exceeded", "1"),
        ("429", 429, "rate_limit_exceeded", "1"),
        ("AccessDenied", 403, "provider_denied", None),
        ("ServiceUnavailable", 503, "service_unavailable", None),
        ("503", 503, "service_unavailable", None),
        ("InternalErrorException", 500, "service_unavailable", None),
        ("SomethingNew", 400, "internal_error", None),
    ],
)
def test_what_sts_and_load_balancers_say_is_understood(code, status, expected, retry_after):
    def refused(_):
        raise AwsError(code, status, "AWS's own words")

    with pytest.raises(Problem) as raised:
        Bedrock(Aws(None), refused, None, find("nova-lite")).complete(BODY, ENVELOPE)
    assert raised.value.code == expected
    assert raised.value.headers.get("retry-after") == retry_after
    assert "AWS's own" not in raised.value.message


@pytest.mark.parametrize(("way", "more"), [("complete", ()), ("stream", (Meter("nova-lite", "bedrock", None),))])
def test_our_timeout_comes_before_api_gateways(way, more):
    aws = Aws(AwsError("Timeout"))
    with pytest.raises(Problem) as raised:
        getattr(Bedrock(aws, lambda _: UNSIGNED, None, find("nova-lite")), way)(BODY, ENVELOPE, *more)
    assert raised.value.code == "timeout"
    assert aws.waits[0] + CREDENTIALS_S < IDLE_S
