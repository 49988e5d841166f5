"""The catalogue's data, row by row: Terraform and the stand-ins read the same file."""

import datetime

import pytest

from services.openai.catalogue import Embedding, Price, models
from services.openai.embeddings import MOST_INPUTS
from services.openai.makers import FORMS

EMBEDDING = {name: model.embedding for name, model in models().items() if model.kind == "embedding"}
PRICED = {name: model.price for name, model in models().items() if model.price}


def test_most_models_have_a_price():
    assert len(PRICED) > len(models()) / 2


@pytest.mark.parametrize(("name", "price"), PRICED.items(), ids=PRICED)
def test_a_price_is_whole_micro_dollars_with_a_dated_source(name, price):
    amounts = [price.prompt, price.completion] + ([] if price.cached is None else [price.cached])
    assert all(type(amount) is int for amount in amounts)
    assert price.prompt > 0
    assert price.cached is None or 0 < price.cached < price.prompt
    assert price.completion == 0 if name in EMBEDDING else price.completion >= price.prompt
    assert price.source.startswith("https://")
    assert datetime.date.fromisoformat(price.read) > datetime.date(2026, 1, 1)


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


PRICE = Price(prompt=3_000_000, cached=300_000, completion=15_000_000, source="", read="")


@pytest.mark.parametrize(
    ("prompt", "cached", "completion", "cost"),
    [(0, 0, 0, 0), (1000, 0, 100, 4500), (1000, 800, 100, 2340), (0, 0, 1, 15)],
)
def test_cached_tokens_are_part_of_the_prompt_and_cost_less(prompt, cached, completion, cost):
    assert PRICE.cost_microusd(prompt, cached, completion) == cost


def test_without_a_price_of_their_own_cached_tokens_cost_what_others_do():
    price = Price(prompt=150_000, completion=600_000, source="", read="")
    assert price.cost_microusd(1000, 500, 0) == 150


def test_a_cost_is_rounded_to_the_nearest_micro_dollar():
    price = Price(prompt=35_000, completion=140_000, source="", read="")
    assert [price.cost_microusd(tokens, 0, 0) for tokens in (14, 15, 43)] == [0, 1, 2]
