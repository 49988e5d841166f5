"""Whose guardrail stands around a call, and that none is silently absent."""

from math import inf
from types import SimpleNamespace

import pytest
from botocore.loaders import Loader

from pennyworth.errors import Problem
from pennyworth.principal import Guardrail, Principal
from services.openai import routing
from services.openai.catalogue import Model, find
from services.openai.guardrail import IDENTIFIER, VERSION, config, guardrail
from services.openai.providers.bedrock import Bedrock
from services.openai.providers.native import Native

SHAPES = Loader().load_service_model("bedrock-runtime", "service-2")["shapes"]
FORCED, OFFERED = Guardrail("forced", "1"), Guardrail("offered", "DRAFT")


def caller(**fields):
    return Principal("u", "ada@example.com", "", "g", "arn", frozenset({"inference"}), ("*",), **fields)


def named(identifier, version="1"):
    return {IDENTIFIER: identifier, VERSION: version}


def refused(sent, **fields):
    with pytest.raises(Problem) as raised:
        guardrail(sent, caller(**fields))
    return raised.value


def test_the_headers_are_the_service_models():
    members = SHAPES["InvokeModelRequest"]["members"]
    assert (members["guardrailIdentifier"]["locationName"], members["guardrailVersion"]["locationName"]) == (
        IDENTIFIER,
        VERSION,
    )


def test_without_headers_the_groups_own_is_applied_or_none():
    assert guardrail(None, caller()) is None
    assert guardrail({}, caller(guardrails=("offered",))) is None
    assert guardrail({}, caller(guardrail=FORCED)) == FORCED


@pytest.mark.parametrize("spell", [str, str.lower, str.upper])
def test_a_request_may_name_what_the_group_offers(spell):
    sent = {spell(name): value for name, value in named(*OFFERED).items()}
    assert guardrail(sent, caller(guardrails=("offered",))) == OFFERED


@pytest.mark.parametrize("fields", [{}, {"guardrails": ("another",)}], ids=["no list", "not in it"])
def test_a_guardrail_the_group_does_not_offer_is_refused(fields):
    problem = refused(named("offered"), **fields)
    assert (problem.status, problem.code) == (403, "guardrail_not_allowed")


@pytest.mark.parametrize("other", [("offered", "1"), ("forced", "2"), ("forced", "DRAFT")])
def test_the_groups_own_cannot_be_replaced(other):
    assert refused(named(*other), guardrail=FORCED, guardrails=("offered",)).code == "guardrail_not_allowed"


def test_the_groups_own_may_be_named():
    assert guardrail(named(*FORCED), caller(guardrail=FORCED)) == FORCED


@pytest.mark.parametrize("sent", [named("", ""), named(" ", "\t")])
def test_the_groups_own_cannot_be_switched_off(sent):
    assert guardrail(sent, caller(guardrail=FORCED)) == FORCED


@pytest.mark.parametrize(
    ("sent", "param"),
    [
        ({IDENTIFIER: "offered"}, VERSION),
        ({VERSION: "1"}, IDENTIFIER),
        (named("Offered"), IDENTIFIER),
        (named("arn:aws:iam::1:role/x"), IDENTIFIER),
        (named("offered", "0"), VERSION),
        (named("offered", "latest"), VERSION),
    ],
)
def test_what_names_no_guardrail_is_refused_by_its_header(sent, param):
    problem = refused(sent, guardrails=("offered",))
    assert (problem.status, problem.code, problem.param) == (400, "invalid_value", param)


def test_a_trace_would_tell_what_the_guardrail_looks_for():
    assert refused({"x-amzn-bedrock-trace": "ENABLED"}, guardrail=FORCED).param == "X-Amzn-Bedrock-Trace"
    assert guardrail({"x-amzn-bedrock-trace": "DISABLED"}, caller()) is None


@pytest.mark.parametrize("streamed", [False, True])
def test_converse_is_told_of_it_in_its_own_words(streamed):
    told = config(OFFERED, streamed=streamed)["guardrailConfig"]
    shape = SHAPES["GuardrailStreamConfiguration" if streamed else "GuardrailConfiguration"]
    assert told.keys() == shape["members"].keys()
    assert (told["guardrailIdentifier"], told["guardrailVersion"], told["trace"]) == ("offered", "DRAFT", "disabled")
    assert told.get("streamProcessingMode") == ("sync" if streamed else None)
    assert config(None, streamed=streamed) == {}


def test_a_model_in_openais_format_is_asked_through_converse_where_a_guardrail_stands(monkeypatch):
    monkeypatch.setattr(routing, "settings", lambda: SimpleNamespace(region="us-east-1"))
    gpt = find("gpt-oss-120b")
    assert isinstance(routing.provider(gpt, caller(), inf), Native)
    assert isinstance(routing.provider(gpt, caller(), inf, FORCED), Bedrock)


@pytest.mark.parametrize(
    "model",
    [
        find("titan-embed-text-v2"),
        Model(name="gpt-x", provider="theirs", id="gpt-x", kind="chat"),
        Model(name="embed-x", provider="theirs", id="embed-x", kind="embedding"),
    ],
    ids=lambda model: model.name,
)
def test_what_a_guardrail_cannot_stand_around_is_refused_where_one_must(model):
    with pytest.raises(Problem) as raised:
        routing.provider(model, caller(), inf, FORCED)
    assert (raised.value.status, raised.value.code) == (403, "guardrail_not_allowed")
