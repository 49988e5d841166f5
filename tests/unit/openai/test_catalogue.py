"""The catalogue's data, row by row: Terraform and the stand-ins read the same file."""

import datetime
import json
from pathlib import Path

import pytest

from services.openai.catalogue import Catalogue, Embedding, Price, Tokens, catalogue, models
from services.openai.embeddings import MOST_INPUTS
from services.openai.makers import FORMS
from services.openai.routing import APIS
from tests.catalogue import faults

ROWS = json.loads(Path(__file__).resolve().parents[3].joinpath("services/openai/models.json").read_bytes())
EMBEDDING = {name: model.embedding for name, model in models().items() if model.kind == "embedding"}
PRICED = {name: model.price for name, model in models().items() if model.price}


def test_most_models_have_a_price():
    assert len(PRICED) > len(models()) / 2


@pytest.mark.parametrize(("name", "price"), PRICED.items(), ids=PRICED)
def test_a_price_is_whole_micro_dollars_with_a_dated_source(name, price):
    amounts = (price.prompt, price.completion, price.cached, price.written, price.written_1h)
    assert all(type(amount) is int for amount in amounts if amount is not None)
    assert price.prompt > 0
    assert price.cached is None or 0 < price.cached < price.prompt
    assert price.completion == 0 if name in EMBEDDING else price.completion >= price.prompt
    assert price.source.startswith("https://")
    assert datetime.date.fromisoformat(price.read) > datetime.date(2026, 1, 1)


CACHING = [model for model in models().values() if {"cached_messages", "cached_tools"} & model.capabilities]


@pytest.mark.parametrize("model", CACHING, ids=lambda model: model.name)
def test_a_model_that_caches_prompts_has_a_price_of_what_is_read_from_the_cache_and_written_to_it(model):
    """Else prompts from the cache count as fresh ones. Amazon's own models write to it at the price of a prompt."""
    assert 0 < model.price.cached <= model.price.prompt / 4
    writes = [model.price.written, model.price.written_1h]
    if model.owned_by == "amazon":
        assert writes == [None, None]
    else:
        assert writes == [model.price.prompt * 5 // 4, model.price.prompt * 2]  # as Anthropic states for all of its own


def test_a_row_with_a_field_nobody_knows_is_refused():
    with pytest.raises(TypeError, match="discount"):
        Price(prompt=1, completion=1, source="", read="", discount=1)


@pytest.mark.parametrize("embedding", EMBEDDING.values(), ids=EMBEDDING)
def test_an_embedding_model_says_how_it_is_asked(embedding):
    assert embedding.form in FORMS
    assert embedding.dimensions == tuple(sorted(set(embedding.dimensions), reverse=True))
    assert all(type(size) is int and size > 0 for size in embedding.dimensions)
    assert 1 <= embedding.inputs_per_call <= MOST_INPUTS
    assert embedding.max_characters is None or embedding.max_characters > 0


def test_only_embedding_models_embed():
    assert [model.name for model in models().values() if model.embedding] == list(EMBEDDING)
    assert {model.kind for model in models().values()} == {"chat", "embedding"}


def test_an_embedding_model_with_a_field_nobody_knows_is_refused():
    with pytest.raises(TypeError, match="colour"):
        Embedding(form="titan", dimensions=(1,), inputs_per_call=1, max_characters=None, colour="red")


PRICE = Price(
    prompt=3_000_000, cached=300_000, written=3_750_000, written_1h=6_000_000, completion=15_000_000, source="", read=""
)


@pytest.mark.parametrize(
    ("tokens", "cost"),
    [
        (Tokens(), 0),
        (Tokens(1000, 100), 4500),
        (Tokens(1000, 100, cached=800), 2340),
        (Tokens(0, 1), 15),
        (Tokens(1000, written=800), 600 + 3000),
        (Tokens(1000, written=800, written_1h=200), 600 + 600 * 3.75 + 200 * 6),
        (Tokens(1000, cached=100, written=800), 300 + 30 + 3000),
    ],
)
def test_tokens_from_and_to_a_cache_are_part_of_the_prompt_and_cost_otherwise(tokens, cost):
    assert PRICE.cost_microusd(tokens) == cost


def test_without_a_price_of_their_own_tokens_from_and_to_a_cache_cost_what_others_do():
    price = Price(prompt=150_000, completion=600_000, source="", read="")
    assert price.cost_microusd(Tokens(1000, cached=500, written=200, written_1h=100)) == 150


def test_no_counts_cost_less_than_nothing():
    """The ledger counts no record with such a cost, and a sum of costs would shrink by it."""
    assert PRICE.cost_microusd(Tokens(10, cached=1000)) == 300
    assert PRICE.cost_microusd(Tokens(10, written=10, written_1h=1000)) == 6000


def test_a_cost_is_rounded_to_the_nearest_micro_dollar():
    price = Price(prompt=35_000, completion=140_000, source="", read="")
    assert [price.cost_microusd(Tokens(tokens)) for tokens in (14, 15, 43)] == [0, 1, 2]


def test_the_catalogue_is_without_fault():
    assert faults(ROWS) == []


MODEL = {"provider": "acme", "id": "m", "kind": "chat", "owned_by": "acme", "accepts": []}
PRICED_ROW = {**MODEL, "price": {"prompt": 1, "completion": 2, "source": "https://example.com/x", "read": "2026-11-23"}}
OTHER = {**MODEL, "id": "n"}
ROUTE = {"kind": "chat", "targets": [{"model": "a", "weight": 1}]}


def priced(**changes):
    return {"a": {**PRICED_ROW, "price": {**PRICED_ROW["price"], **changes}}}


def without(row, *fields):
    return {name: value for name, value in row.items() if name not in fields}


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ({"a": {**MODEL, "colour": "red"}}, "a: colour"),
        ({"a": without(MODEL, "kind")}, "a: kind"),
        ({"a": {**MODEL, "aliases": "b"}}, "a: aliases"),
        ({"a": {**MODEL, "aliases": ["b*"]}}, "a: aliases.0"),
        ({"a": {**MODEL, "provider": "../x"}}, "a: provider"),
        ({"a": {**MODEL, "price": {"prompt": 1}}}, "a: price.source"),
        (priced(read="yesterday"), "a: price.read"),
        (priced(source="a page"), "a: price.source"),
        (priced(prompt=0.5), "a: price.prompt"),
        (priced(discount=1), "a: price.discount"),
        ({"a": {**MODEL, "fallbacks": ["b"]}}, "a: b is no model's own name"),
        ({"a": {**MODEL, "fallbacks": ["x"]}, "b": {**OTHER, "aliases": ["x"]}}, "a: x is no model's own name"),
        ({"a": {**MODEL, "fallbacks": ["a"]}}, "a: it leads to itself"),
        ({"a": {**MODEL, "fallbacks": ["b", "b"]}, "b": OTHER}, "a: b is named twice"),
        ({"a": {**MODEL, "fallbacks": ["b"]}, "b": {**OTHER, "kind": "embedding"}}, "a: b is a model of another kind"),
        ({"a": {**MODEL, "fallbacks": ["r"]}, "r": ROUTE}, "a: r is no model's own name"),
        ({"r": ROUTE}, "r: a is no model's own name"),
        ({"r": {**ROUTE, "targets": []}}, "r: targets"),
        ({"r": {**ROUTE, "targets": [{"model": "a", "weight": 0}]}, "a": MODEL}, "r: targets.0.weight"),
        ({"r": {**ROUTE, "provider": "acme"}, "a": MODEL}, "r: provider"),
        ({"r": ROUTE, "a": MODEL, "s": {**ROUTE, "targets": [{"model": "r", "weight": 1}]}}, "s: r is no model's"),
        ({"r": {**ROUTE, "targets": [{"model": "r", "weight": 1}]}}, "r: it leads to itself"),
        ({"a": {**MODEL, "aliases": ["b"]}, "b": OTHER}, "b: two rows have this name or alias"),
        ({"a": {**MODEL, "aliases": ["x"]}, "b": {**OTHER, "aliases": ["x"]}}, "x: two rows have this name or alias"),
        ({"a": MODEL, "b": MODEL}, "two rows are this model"),
        ({"a/*": {**MODEL, "aliases": ["x"]}}, "a/*: a pattern has neither"),
        ({"a/*": PRICED_ROW}, "a/*: several models have no one price"),
        ({"a": {**MODEL, "id": "*"}}, "a: a * in the id"),
        ({"a?*": {**MODEL, "id": "*"}}, "a?*: a * in the id"),
        ({"a": {**MODEL, "provider": "bedrock"}}, "a: how much does it answer at most?"),
    ],
    ids=lambda value: value if isinstance(value, str) else "",
)
def test_a_catalogue_with_a_fault_is_told_which(rows, said):
    assert any(said in fault for fault in faults(rows)), faults(rows)


def test_what_is_without_fault_is_read():
    rows = {"a": PRICED_ROW, "b": {**OTHER, "fallbacks": ["a"]}, "r": ROUTE, "x/*": {**MODEL, "id": "*"}}
    assert faults(rows) == []
    read = Catalogue.of(rows)
    assert (list(read.models), list(read.routes), list(read.wildcards)) == (["a", "b"], ["r"], ["x/*"])


def test_every_api_of_the_catalogue_has_a_provider():
    rows = [*catalogue().models.values(), *catalogue().wildcards.values()]
    assert {row.api for row in rows} - {""} <= APIS.keys()
