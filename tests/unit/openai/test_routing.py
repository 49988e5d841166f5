"""Which models may answer for a name, to whom, and who is listed."""

from functools import cache
from types import SimpleNamespace

import pytest

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from pennyworth.principal import Principal
from pennyworth.settings import Endpoint
from services.openai import routing
from services.openai.catalogue import Catalogue
from services.openai.names import Names

PRICE = {"prompt": 1, "source": "s", "read": "r"}
BEDROCK = {"provider": "bedrock", "kind": "chat", "owned_by": "amazon", "accepts": []}
ACME = {"provider": "acme", "kind": "chat", "owned_by": "acme", "accepts": []}
ROWS = {
    "cheap": {**BEDROCK, "id": "amazon.cheap-v1:0", "aliases": ["small"], "fallbacks": ["dear", "smart", "gone"]},
    "dear": {**BEDROCK, "id": "amazon.dear-v1:0", "price": PRICE, "fallbacks": ["cheap"]},
    "smart": {**ACME, "id": "gpt-9"},
    "gone": {**ACME, "id": "x", "provider": "gone"},
    "embed": {**BEDROCK, "id": "amazon.embed-v1:0", "kind": "embedding"},
    "mix": {
        "kind": "chat",
        "targets": [{"model": "cheap", "weight": 3}, {"model": "smart", "weight": 1}, {"model": "gone", "weight": 9}],
        "fallbacks": ["dear", "cheap"],
        "aliases": ["mixed"],
    },
    "bedrock/*": {**BEDROCK, "id": "*"},
}


def caller(*models, keys=("*",), actions=("inference",)):
    return Principal("u", "ada@example.com", "", "g", "arn:aws:iam::1:role/g", frozenset(actions), models, keys)


@pytest.fixture(autouse=True)
def world(monkeypatch):
    catalogue = Catalogue.of(ROWS)
    providers = {"acme": Endpoint("http://127.0.0.1:9/v1", "/acme", models=("gpt-*",)), "plain": Endpoint("http://x")}
    names = Names(catalogue, {name: endpoint.models for name, endpoint in providers.items()})
    monkeypatch.setattr(routing, "settings", lambda: SimpleNamespace(providers=providers))
    monkeypatch.setattr(routing, "catalogue", lambda: catalogue)
    monkeypatch.setattr(routing, "names", lambda: names)
    monkeypatch.setattr(routing, "server", cache(routing.server.__wrapped__))  # one of this test's own


def asked(name, who, kind="chat", draw=0.0):
    return [model.name for model in routing.candidates(name, who, kind, lambda: draw)]


def refused(name, who, kind="chat"):
    with pytest.raises(Problem) as raised:
        routing.candidates(name, who, kind, lambda: 0.0)
    return raised.value


def test_the_model_is_asked_first_and_then_its_fallbacks_but_not_theirs():
    assert asked("cheap", caller("*")) == ["cheap", "dear", "smart"]
    assert asked("dear", caller("*")) == ["dear", "cheap"]


@pytest.mark.parametrize(
    ("draw", "order"), [(0.0, ["cheap", "smart"]), (0.74, ["cheap", "smart"]), (0.76, ["smart", "cheap"])]
)
def test_a_route_draws_by_weight_and_what_was_not_drawn_is_the_next(draw, order):
    assert asked("mix", caller("*"), draw=draw) == [*order, "dear"]
    assert asked("mixed", caller("*"), draw=draw) == [*order, "dear"]


def test_an_alias_opens_what_its_model_opens():
    assert asked("small", caller("cheap")) == ["cheap"]


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("small", ["small"]),
        ("small", ["dear", "small*", "amazon.dear*"]),
        ("mix", ["mix", "mixed"]),
        ("mixed", ["mix*", "dear"]),
        ("amazon.cheap-v1:0", ["dear"]),
        ("bedrock/amazon.cheap-v1:0", ["dear"]),
        ("acme/gpt-9", ["plain/*"]),
        ("gpt-9", ["acme"]),
        ("gpt-5", ["gpt-4*", "plain/gpt-5"]),
        ("plain/cheap", ["cheap", "amazon.*"]),
        ("meta.llama9-v1:0", ["cheap", "bedrock"]),
        ("arn:aws:bedrock:us-east-1::foundation-model/amazon.cheap-v1:0", ["cheap", "amazon.cheap-v1:0"]),
        ("cheap", []),
        # IAM has no role for what the catalogue lacks, unless the group names it as Bedrock does.
        ("meta.llama9-v1:0", ["*"]),
        ("bedrock/meta.llama9-v1:0", ["*", "bedrock/*"]),
        ("meta.llama9-v1:0", ["m*", "meta*", "?eta.llama9-v1:0", "*.llama9*", "bedrock/meta.llama9-v1:0"]),
        ("us.amazon.cheap-v1:0", ["*", "cheap", "amazon.*"]),
        ("arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefabcdef", ["*", "arn*", "arn:aws:*"]),
        ("cheap", ["*-v1:0", "bedrock/*"]),
    ],
)
def test_no_other_name_opens_what_is_forbidden(name, models):
    """Neither an alias, nor a route, nor a raw id, nor a provider's name before it."""
    problem = refused(name, caller(*models))
    assert (problem.status, problem.code) == (403, "model_not_allowed")
    assert f"'{name}'" in problem.message  # and not what it is an alias of


@pytest.mark.parametrize(
    ("name", "models"),
    [
        ("cheap", ["amazon.cheap-v1:0"]),
        ("small", ["amazon.*"]),
        ("amazon.cheap-v1:0", ["cheap"]),
        ("bedrock/amazon.cheap-v1:0", ["cheap"]),
        ("gpt-5", ["acme/*"]),
        ("acme/gpt-5", ["gpt-*"]),
        ("acme/gpt-9", ["smart"]),
        ("plain/llama", ["plain/*"]),
        ("meta.llama9-v1:0", ["meta.*"]),
        ("bedrock/meta.llama9-v1:0", ["*", "meta.*"]),
        (
            "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefabcdef",
            ["arn:aws:bedrock:us-east-1:123456789012:imported-model/*"],
        ),
    ],
)
def test_a_model_is_allowed_by_any_name_of_its_own(name, models):
    assert asked(name, caller(*models))


def test_a_key_narrows_every_name_alike():
    assert refused("small", caller("*", keys=("dear", "small"))).code == "model_not_allowed"
    assert asked("mix", caller("*", keys=("smart",))) == ["smart"]
    assert asked("cheap", caller("cheap", "dear", keys=("cheap",))) == ["cheap"]
    assert asked("cheap", caller("*", keys=("amazon.cheap-*",))) == ["cheap"]  # each may name it in its own way
    assert asked("cheap", caller("c*", keys=("bedrock/*",))) == ["cheap"]
    assert refused("meta.llama9-v1:0", caller("*", keys=("meta.*",))).code == "model_not_allowed"
    assert refused("meta.llama9-v1:0", caller("meta.*", keys=("amazon.*", "cheap"))).code == "model_not_allowed"


def test_targets_and_fallbacks_that_are_forbidden_are_left_out():
    assert asked("mix", caller("smart")) == ["smart"]
    assert asked("cheap", caller("cheap", "smart")) == ["cheap", "smart"]
    assert refused("cheap", caller("dear", "smart")).code == "model_not_allowed"


@pytest.mark.parametrize(("name", "code"), [("unknown", "model_not_allowed"), ("d-unknown", "model_not_found")])
def test_a_name_that_means_nothing_is_told_from_a_forbidden_one_only_where_it_would_be_allowed(name, code):
    assert refused(name, caller("d*")).code == code


@pytest.mark.parametrize("name", ["cheap", "unknown", "mix"])
def test_an_action_that_is_not_allowed_is_said_before_anything_of_the_model(name):
    assert refused(name, caller("*", actions=())).code == "action_not_allowed"


@pytest.mark.parametrize(("name", "kind"), [("embed", "chat"), ("cheap", "embedding"), ("mix", "embedding")])
def test_a_model_of_another_kind_is_refused(name, kind):
    assert refused(name, caller("*"), kind).code == "invalid_value"


def test_a_providers_model_is_of_the_kind_that_is_asked_for():
    assert asked("gpt-5", caller("*"), "embedding") == ["gpt-5"]


class Listing:
    def __init__(self, *ids):
        self._ids = ids

    def models(self):
        if not self._ids:
            raise Problem("timeout")
        return [{"id": id_, "object": "model", "created": 1, "owned_by": "them"} for id_ in self._ids]


@pytest.fixture
def listings(monkeypatch):
    theirs = {"acme": Listing("gpt-5", "gpt-9", "whisper", "cheap"), "plain": Listing("org/llama", "gpt-5")}
    monkeypatch.setattr(routing, "server", theirs.__getitem__)
    return theirs


def listed(who):
    return [card["id"] for card in routing.cards(who)]


def test_all_names_are_listed_under_which_a_caller_may_ask(listings):
    own = ["cheap", "small", "dear", "smart", "embed", "mix", "mixed"]
    assert listed(caller("*")) == [*own, "gpt-5", "acme/whisper", "acme/cheap", "plain/org/llama", "plain/gpt-5"]


@pytest.mark.parametrize(
    ("models", "names"),
    [
        (["cheap"], ["cheap", "small", "mix", "mixed"]),
        (["small"], []),
        (["gpt-*"], ["smart", "mix", "mixed", "gpt-5"]),
        (["acme/*"], ["smart", "mix", "mixed", "gpt-5", "acme/whisper", "acme/cheap"]),
        (["plain/org/*"], ["plain/org/llama"]),
    ],
)
def test_what_a_caller_may_not_use_is_not_listed(listings, models, names):
    assert listed(caller(*models)) == names


def test_a_provider_that_cannot_list_hides_nothing(listings):
    listings["acme"] = Listing()
    assert listed(caller("cheap", "plain/*")) == ["cheap", "small", "mix", "mixed", "plain/org/llama", "plain/gpt-5"]


@pytest.mark.parametrize(
    "name", ["cheap", "small", "mix", "mixed", "gpt-5", "acme/gpt-5", "plain/org/llama", "amazon.cheap-v1:0"]
)
def test_each_listed_name_can_be_looked_up(listings, name):
    assert routing.card(name, caller("*"))["id"] == name


ARN = "arn:aws:bedrock:us-east-1:123456789012:imported-model/abcdefabcdef"


@pytest.mark.parametrize("name", ["meta.llama9-v1:0", "bedrock/meta.llama9-v1:0", ARN])
def test_an_id_of_bedrocks_can_be_looked_up_by_whom_a_pattern_grants_it(listings, name):
    granted = ["meta.*", "bedrock/meta.*", "arn:aws:bedrock:us-east-1:123456789012:imported-model/*"]
    assert routing.card(name, caller(*granted)) == {
        "id": name,
        "object": "model",
        "created": 0,
        "owned_by": routing.names().find(name).owned_by,
    }


@pytest.mark.parametrize(
    ("name", "models", "code"),
    [
        ("small", ["small"], "model_not_allowed"),
        ("mixed", ["mixed"], "model_not_allowed"),
        ("unknown", ["cheap"], "model_not_allowed"),
        ("unknown", ["*"], "model_not_found"),
        ("plain/unknown", ["*"], "model_not_found"),
        ("meta.llama9-v1:0", ["*"], "model_not_allowed"),
    ],
)
def test_what_cannot_be_looked_up_is_told_apart_as_when_it_is_asked(listings, name, models, code):
    with pytest.raises(Problem) as raised:
        routing.card(name, caller(*models))
    assert raised.value.code == code


class Ssm:
    def json(self, *_):
        raise AwsError("ParameterNotFound", 400, "AWS's own words")


def test_a_key_that_cannot_be_read_is_a_503_without_awss_words(monkeypatch):
    monkeypatch.setattr(routing, "aws", Ssm)
    (model,) = routing.candidates("gpt-5", caller("*"), "chat")
    with pytest.raises(Problem) as raised:
        routing.provider(model, caller("*"), float("inf")).embed({"model": "gpt-5"})
    assert raised.value.code == "service_unavailable"
    assert "AWS" not in raised.value.message


def test_the_catalogue_is_listed_although_a_key_cannot_be_read(monkeypatch):
    monkeypatch.setattr(routing, "aws", Ssm)
    assert listed(caller("cheap")) == ["cheap", "small", "mix", "mixed"]
