"""What a name means, and by which names a policy may allow it."""

import pytest

from services.openai.catalogue import Catalogue, Route, catalogue
from services.openai.names import Names, raw

NOVA = {
    "provider": "bedrock",
    "id": "amazon.nova-lite-v1:0",
    "kind": "chat",
    "owned_by": "amazon",
    "accepts": ["system"],
}
ANY = {"provider": "bedrock", "id": "*", "kind": "chat", "owned_by": "bedrock", "accepts": ["tools"]}
ROWS = {
    "nova": {**NOVA, "aliases": ["small", "nova-by-another-name"], "price": {"prompt": 1, "source": "s", "read": "r"}},
    "claude": {**NOVA, "id": "us.anthropic.claude-x-v1:0", "accepts": ["images"], "fallbacks": ["nova"]},
    "smart": {"provider": "acme", "id": "gpt-9", "kind": "chat", "owned_by": "acme", "accepts": []},
    "mix": {"kind": "chat", "targets": [{"model": "nova", "weight": 1}], "aliases": ["mixed"]},
    "bedrock/*": ANY,
    "anthropic/*": {**ANY, "id": "anthropic.*"},
    "acme/fast-*": {"provider": "acme", "id": "f-*", "kind": "chat", "owned_by": "fast", "accepts": []},
    "gone/*": {"provider": "gone", "id": "*", "kind": "chat", "owned_by": "gone", "accepts": []},
}
NAMES = Names(Catalogue.of(ROWS), {"acme": ("gpt-*",), "other": ("gpt-4*", "*"), "plain": ()})
ARN = "arn:aws:bedrock:eu-west-1:123456789012"


def meant(name, names=NAMES):
    found = names.find(name)
    return found and (found.provider, found.id, found.name)


@pytest.mark.parametrize("name", ["nova", "small", "nova-by-another-name", "amazon.nova-lite-v1:0"])
def test_a_row_an_alias_and_a_raw_id_are_one_model(name):
    assert NAMES.find(name).name == "nova"


def test_an_alias_of_a_route_is_the_route():
    assert isinstance(NAMES.find("mixed"), Route)
    assert NAMES.find("mixed").name == "mix"
    assert NAMES.model("mixed") is None


@pytest.mark.parametrize(
    ("name", "model"),
    [
        ("plain/llama", ("plain", "llama", "plain/llama")),
        ("plain/meta-llama/Llama-3:8b", ("plain", "meta-llama/Llama-3:8b", "plain/meta-llama/Llama-3:8b")),
        ("gpt-5", ("acme", "gpt-5", "gpt-5")),
        ("acme/gpt-5", ("acme", "gpt-5", "gpt-5")),
        ("gpt-4o", ("other", "gpt-4o", "gpt-4o")),
        ("whatever", ("other", "whatever", "whatever")),
        ("acme/fast-1", ("acme", "f-1", "acme/fast-1")),
        ("gpt-9", ("acme", "gpt-9", "smart")),
        ("acme/gpt-9", ("acme", "gpt-9", "smart")),
        ("bedrock/amazon.nova-lite-v1:0", ("bedrock", "amazon.nova-lite-v1:0", "nova")),
    ],
)
def test_the_longest_literal_prefix_wins_and_a_row_of_that_model_before_all(name, model):
    assert meant(name) == model


@pytest.mark.parametrize(
    "name",
    [
        "eu.anthropic.claude-x-v1:0",
        "anthropic.claude-x-v1:0",
        "meta.llama9-1b-instruct-v1:0",
        "amazon.titan-text-lite-v1:0:4k",
        "zai.glm-4.6",
        "us-gov.anthropic.claude-x-v1:0",
        "arn:aws:bedrock:eu-west-1::foundation-model/mistral.mixtral-8x7b-instruct-v0:1",
        f"{ARN}:inference-profile/eu.anthropic.claude-x-v1:0",
        f"{ARN}:application-inference-profile/abc123def456",
        f"{ARN}:imported-model/abc123def456",
        f"{ARN}:provisioned-model/abc123def456",
        f"{ARN}:custom-model-deployment/abc123def456",
        f"{ARN}:custom-model/amazon.nova-lite-v1:0/abc123def456".replace("v1:0", "v1"),
        "arn:aws-us-gov:bedrock:us-gov-west-1:123456789012:imported-model/abc123def456",
    ],
)
def test_what_bedrock_calls_a_model_is_bedrocks_though_the_catalogue_lacks_it(name):
    assert meant(name) == ("bedrock", name, name)
    assert NAMES.find(name).price is None
    assert NAMES.find(name).kind == "chat"


@pytest.mark.parametrize("name", ["gpt-4.1", "gpt-4.1-mini", "qwen2.5:7b", "llama3.1-8b", "o1", "claude-sonnet-4.5"])
def test_other_names_with_a_dot_are_not_taken_for_bedrocks(name):
    assert not raw(name)


@pytest.mark.parametrize(
    "name",
    [
        "bedrock/..",
        "bedrock/../model/x",
        "bedrock/anthropic.claude/../../x",
        "bedrock/",
        "bedrock/nova",
        "bedrock/anthropic.x?y",
        "bedrock/arn:aws:bedrock:eu-west-1:1:imported-model/x",
        "bedrock/arn:aws:iam::123456789012:role/admin",
        "bedrock/anthropic." + "x" * 3000,
        "acme/" * 5000,
        "acme/a\r\nx-header: y",
        "acme/é",
        "anthropic/../x",
        "",
        "Nova",
        "missing/x",
        "gone/x",
    ],
)
def test_what_is_no_id_of_bedrocks_and_nobodys_name_means_nothing(name):
    names = Names(Catalogue.of(ROWS), {"acme": ("gpt-*",)})
    assert names.find(name) is None


def test_the_same_model_in_another_geography_is_as_able_but_has_no_price_of_its_own_and_no_fallbacks():
    model = NAMES.find("eu.anthropic.claude-x-v1:0")
    assert (model.capabilities, model.price, model.fallbacks) == (frozenset({"images"}), None, ())
    assert NAMES.find("meta.llama9-1b-instruct-v1:0").capabilities == frozenset({"tools"})


@pytest.mark.parametrize("name", ["us.amazon.nova-lite-v1:0", f"{ARN}:inference-profile/eu.amazon.nova-lite-v1:0"])
def test_another_geography_does_not_get_around_a_budget(name):
    model = NAMES.find(name)
    assert (model.price, model.near_price) == (None, NAMES.find("nova").price)
    assert NAMES.find("meta.llama9-1b-instruct-v1:0").near_price is None


def test_a_wildcard_row_gives_the_id_its_part_of_the_name():
    assert meant("anthropic/claude-y-v1:0") == ("bedrock", "anthropic.claude-y-v1:0", "anthropic.claude-y-v1:0")


def test_a_catalogued_model_of_a_provider_that_is_not_configured_means_nothing():
    assert Names(Catalogue.of(ROWS), {}).find("smart") is None


@pytest.mark.parametrize(
    ("name", "permitted"),
    [
        ("nova", {"nova", "amazon.nova-lite-v1:0", "bedrock/amazon.nova-lite-v1:0"}),
        ("gpt-5", {"gpt-5", "acme/gpt-5"}),
        ("plain/llama", {"plain/llama"}),
        ("smart", {"smart", "gpt-9", "acme/gpt-9"}),
    ],
)
def test_a_policy_allows_a_model_by_any_name_of_its_own_and_by_no_alias(name, permitted):
    assert set(NAMES.permits(NAMES.find(name))) == permitted


def test_an_alias_is_no_permission_even_where_it_was_asked_for():
    assert "small" not in set(NAMES.permits(NAMES.find("small"), "small"))


def test_an_id_that_means_another_model_is_no_name_of_this_one():
    """A provider may have a model that it calls as the catalogue calls one of Bedrock's."""
    model = NAMES.find("plain/nova")
    assert set(NAMES.permits(model, "plain/nova")) == {"plain/nova"}


def test_every_row_of_the_catalogue_is_found_by_its_name_aliases_and_id():
    names = Names(catalogue(), {})
    for model in catalogue().models.values():
        assert {names.find(name).name for name in (model.name, model.id, *model.aliases)} == {model.name}
