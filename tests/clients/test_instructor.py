"""instructor through OpenAI's client, in every mode, at once and asynchronously, in parts and in parallel."""

from collections.abc import Iterable
from typing import Literal

import instructor
import openai
import pytest
from instructor import Mode, Partial
from pydantic import BaseModel, Field, field_validator

MODES = [Mode.TOOLS, Mode.JSON, Mode.JSON_SCHEMA, Mode.MD_JSON, Mode.RESPONSES_TOOLS]
MODELS = ["claude-haiku-4.5", "nova-lite"]
ASK = [{"role": "user", "content": 'The person is called "Ada Lovelace", age 36, and lives at "12 St James Square".'}]


class Address(BaseModel):
    street: str


class Person(BaseModel):
    name: str = Field(description="the full name")
    age: int
    address: Address


ADA = {"name": "Ada Lovelace", "age": 36, "address": {"street": "12 St James Square"}}


class Weather(BaseModel):
    """The weather in a city."""

    city: str


class Search(BaseModel):
    """Look something up."""

    topic: str


def client(mode, kind=openai.OpenAI):
    return instructor.from_openai(kind(max_retries=0, timeout=30), mode=mode)


@pytest.fixture(params=MODELS)
def model(request):
    return request.param


@pytest.mark.parametrize("mode", MODES)
def test_an_object_is_read_out_of_a_text(mode, model):
    person = client(mode).create(model=model, messages=ASK, response_model=Person, max_retries=0)
    assert person.model_dump() == ADA


@pytest.mark.parametrize("mode", MODES)
async def test_asynchronously(mode, model):
    asked = client(mode, openai.AsyncOpenAI).create(model=model, messages=ASK, response_model=Person, max_retries=0)
    assert (await asked).model_dump() == ADA


@pytest.mark.parametrize("mode", MODES)
def test_an_object_grows_as_it_is_written(mode, model):
    *growing, last = client(mode).create_partial(model=model, messages=ASK, response_model=Person, max_retries=0)
    assert last.model_dump() == ADA
    assert len({one.model_dump_json() for one in growing}) > 1


@pytest.mark.parametrize("mode", MODES)
async def test_an_object_grows_asynchronously(mode, model):
    grown = client(mode, openai.AsyncOpenAI).create(
        model=model, messages=ASK, response_model=Partial[Person], stream=True, max_retries=0
    )
    seen = [one async for one in await grown]
    assert seen[-1].model_dump() == ADA


@pytest.mark.parametrize("mode", [Mode.TOOLS, Mode.JSON_SCHEMA])
def test_several_objects_arrive_one_by_one(mode, model):
    made = list(client(mode).create_iterable(model=model, messages=ASK, response_model=Address, max_retries=0))
    assert made
    assert all(isinstance(one, Address) for one in made)


def test_tools_are_called_in_parallel(model):
    asked = [{"role": "user", "content": 'Call Weather for "Oslo", Weather is all. Then Search "fjords".'}]
    made = client(Mode.PARALLEL_TOOLS).create(
        model=model, messages=asked, response_model=Iterable[Weather | Search], max_retries=0
    )
    assert list(made) == [Weather(city="Oslo"), Search(topic="fjords")]


def test_the_completion_comes_along(model):
    person, completion = client(Mode.TOOLS).create_with_completion(
        model=model, messages=ASK, response_model=Person, max_retries=0
    )
    assert person.model_dump() == ADA
    assert completion.usage.total_tokens > 0


@pytest.mark.parametrize("mode", MODES)
def test_what_is_invalid_is_asked_for_again(mode, model):
    """The second request holds the first answer, as a tool's call and its failed result where the mode has tools."""
    seen = []

    class Doubted(BaseModel):
        age: int

        @field_validator("age")
        @classmethod
        def believed(cls, age):
            seen.append(age)
            if len(seen) == 1:
                raise ValueError("is that so?")
            return age

    asked = [{"role": "user", "content": "Her age: 36, they say."}]
    made = client(mode).create(model=model, messages=asked, response_model=Doubted, max_retries=1)
    assert made.age == 36
    assert len(seen) == 2


@pytest.mark.parametrize("mode", MODES)
def test_a_choice_is_one_of_those_offered(mode, model):
    asked = [{"role": "user", "content": "Is this mail spam or ham? It says ham all over."}]
    made = client(mode).create(model=model, messages=asked, response_model=Literal["spam", "ham"], max_retries=0)
    assert made in ("spam", "ham")
