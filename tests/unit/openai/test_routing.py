"""Who answers for a model, where the upstream is in trouble."""

from types import SimpleNamespace

import pytest

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from pennyworth.principal import Principal
from services.openai import routing

CALLER = Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset({"inference"}), ("*",))


class Ssm:
    def json(self, *_):
        raise AwsError("ParameterNotFound", 400, "AWS's own words")


@pytest.fixture(autouse=True)
def no_key(monkeypatch):
    settings = SimpleNamespace(upstream_url="http://127.0.0.1:9/v1", upstream_key_parameter="/gone")
    monkeypatch.setattr(routing, "settings", lambda: settings)
    monkeypatch.setattr(routing, "aws", Ssm)
    routing.upstream.cache_clear()


def test_a_key_that_cannot_be_read_is_a_503_without_awss_words():
    with pytest.raises(Problem) as raised:
        routing.provider("gpt-x", CALLER)
    assert raised.value.code == "service_unavailable"
    assert "AWS" not in raised.value.message


def test_the_catalogue_is_listed_although_the_upstreams_key_cannot_be_read():
    assert "nova-lite" in {card["id"] for card in routing.cards(CALLER)}
