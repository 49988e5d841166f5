"""The catalogue's data, row by row: Terraform and the stand-ins read the same file."""

import datetime

import pytest

from services.openai.catalogue import Embedding, Price, Tokens, models
from services.openai.embeddings import MOST_INPUTS
from services.openai.makers import FORMS

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


def test_a_cost_is_rounded_to_the_nearest_micro_dollar():
    price = Price(prompt=35_000, completion=140_000, source="", read="")
    assert [price.cost_microusd(Tokens(tokens)) for tokens in (14, 15, 43)] == [0, 1, 2]
