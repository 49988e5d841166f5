"""The models clients may name, and what each can do: data in models.json."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pennyworth.errors import Problem
from pennyworth.principal import Principal


class Tokens(NamedTuple):
    """Counts of tokens; those from and to a cache are among the prompt's, as in OpenAI's usage."""

    prompt: int = 0
    completion: int = 0
    cached: int = 0
    written: int = 0
    written_1h: int = 0  # of those written, what is to stay for an hour


@dataclass(frozen=True, slots=True, kw_only=True)
class Price:
    """Micro-dollars per million tokens, which are whole numbers: Amazon's list price on demand in the US Regions. Other
    Regions and discounts cost otherwise, so a cost made of it is an estimate; the bill is Amazon's."""

    prompt: int
    completion: int = 0  # an embedding is no tokens
    source: str  # where the figures are from, by commit where there is one, because price pages change
    read: str  # the day they were
    # Where prompt tokens from or to a cache cost otherwise.
    cached: int | None = None
    written: int | None = None
    written_1h: int | None = None

    def cost_microusd(self, tokens: Tokens) -> int:
        """Rounded to the nearest."""
        cached = self.prompt if self.cached is None else self.cached
        written = self.prompt if self.written is None else self.written
        written_1h = written if self.written_1h is None else self.written_1h
        total = (tokens.prompt - tokens.cached - tokens.written) * self.prompt + tokens.cached * cached
        total += (tokens.written - tokens.written_1h) * written + tokens.written_1h * written_1h
        return (total + tokens.completion * self.completion + 500_000) // 1_000_000


@dataclass(frozen=True, slots=True)
class Embedding:
    """How an embedding model is asked, and what it takes.

    Sources: Amazon Bedrock user guide, Titan Text Embeddings V2 and Cohere Embed v3 and v4; Amazon Nova user guide,
    embeddings schema (read 2026-11). Nova's schema says 8192 characters, but its API refuses from 50001 on.
    """

    form: str  # titan, cohere or nova: whose InvokeModel body it takes
    dimensions: tuple[int, ...]  # the first is the default
    inputs_per_call: int
    max_characters: int | None  # of one input; None where only tokens count


@dataclass(frozen=True, slots=True)
class Model:
    name: str  # what a client asks for
    provider: str  # bedrock
    id: str  # what the provider calls it
    kind: str  # chat or embedding
    owned_by: str
    created: int  # unix seconds
    max_output_tokens: int
    capabilities: frozenset[str]
    exclusive: tuple[str, ...] = ()  # parameters of which the model takes one at a time
    # What asks for a reasoning_effort: additional request fields by effort
    efforts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    adaptive: tuple[str, ...] = ()  # efforts of a model that decides by itself how much to think
    price: Price | None = None  # None where no dated source shows one
    embedding: Embedding | None = None  # of an embedding model

    def accepts(self, capability: str) -> bool:
        return capability in self.capabilities


@cache
def models() -> dict[str, Model]:
    """Every model of the catalogue, by name."""
    rows: dict[str, dict[str, Any]] = json.loads(Path(__file__).with_name("models.json").read_bytes())
    return {name: _model(name, row) for name, row in rows.items()}


def _model(name: str, row: dict[str, Any]) -> Model:
    price = Price(**row["price"]) if "price" in row else None
    made: dict[str, Any] = {"capabilities": frozenset(row["accepts"]), "exclusive": tuple(row.get("exclusive", ()))}
    made |= {"price": price, "adaptive": tuple(row.get("adaptive", ()))}
    if row["kind"] == "embedding":
        made["embedding"] = _embedding(row["embedding"])
    return Model(name=name, **{field: value for field, value in {**row, **made}.items() if field != "accepts"})


def _embedding(row: dict[str, Any]) -> Embedding:
    return Embedding(**{**row, "dimensions": tuple(row["dimensions"])})


def find(name: str) -> Model:
    """The model of that name. Raises Problem model_not_found."""
    try:
        return models()[name]
    except KeyError:
        raise Problem("model_not_found", param="model", model=name) from None


def visible(caller: Principal) -> Iterator[Model]:
    """The models the caller may use."""
    return (model for model in models().values() if caller.may_use(model.name))


def card(model: Model) -> dict[str, Any]:
    """OpenAI's model object."""
    return {"id": model.name, "object": "model", "created": model.created, "owned_by": model.owned_by}
