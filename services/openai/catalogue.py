"""The models clients may name, and what each can do: data in models.json.

A row is a model; or, if its name is a shell pattern, every model of that name; or, if it has targets, a choice among
models. docs/providers.md describes the fields, and tests/catalogue.py says what a file may hold.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

from pennyworth.errors import Problem

_WILDCARDS = frozenset("*?[")


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
        """Rounded to the nearest. Some providers count what is from a cache beside the prompt, and not in it."""
        cached = self.prompt if self.cached is None else self.cached
        written = self.prompt if self.written is None else self.written
        written_1h = written if self.written_1h is None else self.written_1h
        total = max(0, tokens.prompt - tokens.cached - tokens.written) * self.prompt + tokens.cached * cached
        total += max(0, tokens.written - tokens.written_1h) * written + tokens.written_1h * written_1h
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Model:
    name: str  # its own; what else clients may call it are aliases
    provider: str  # bedrock, or one of the settings
    id: str  # what the provider calls it
    api: str = ""  # how its provider is asked, where that has several ways
    kind: str = ""  # chat or embedding; empty where only the provider knows
    owned_by: str = ""
    created: int = 0  # unix seconds
    max_output_tokens: int | None = None  # None where only the provider knows
    capabilities: frozenset[str] = frozenset()
    exclusive: tuple[str, ...] = ()  # parameters of which the model takes one at a time
    # What asks for a reasoning_effort: additional request fields by effort
    efforts: Mapping[str, dict[str, Any]] = field(default_factory=dict)
    adaptive: tuple[str, ...] = ()  # efforts of a model that decides by itself how much to think
    # Tools that its maker defines and it knows without a schema: by type the beta that each goes with, or none
    own_tools: Mapping[str, str] = field(default_factory=dict)
    price: Price | None = None  # None where no dated source shows one
    near_price: Price | None = (
        None  # for budgets alone: that of the same model in another geography, in place of its own
    )
    embedding: Embedding | None = None  # of an embedding model
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()  # models asked in its place, in this order

    def accepts(self, capability: str) -> bool:
        return capability in self.capabilities


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """A name that stands for several models, each asked as often as its weight says."""

    name: str
    kind: str
    owned_by: str = "pennyworth"
    created: int = 0
    targets: tuple[tuple[str, int], ...]  # (model, weight)
    aliases: tuple[str, ...] = ()
    fallbacks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    models: Mapping[str, Model]  # by name
    routes: Mapping[str, Route]  # by name
    wildcards: Mapping[str, Model]  # by pattern; `*` in the id stands for what the name's first `*` does
    aliases: Mapping[str, str]  # the name of a model or route by its alias

    @classmethod
    def of(cls, rows: Mapping[str, Mapping[str, Any]]) -> "Catalogue":
        """Of models.json's rows by name. Raises TypeError for a field nobody knows."""
        routes = {name: _route(name, row) for name, row in rows.items() if "targets" in row}
        named = {name: _model(name, row) for name, row in rows.items() if name not in routes}
        models = {name: model for name, model in named.items() if not is_pattern(name)}
        wildcards = {name: model for name, model in named.items() if is_pattern(name)}
        own: dict[str, Model | Route] = {**models, **routes}
        aliases = {alias: name for name, row in own.items() for alias in row.aliases}
        return cls(models, routes, wildcards, aliases)


def is_pattern(name: str) -> bool:
    """Whether a shell would read it as a pattern."""
    return not _WILDCARDS.isdisjoint(name)


@cache
def catalogue() -> Catalogue:
    return Catalogue.of(json.loads(Path(__file__).with_name("models.json").read_bytes()))


def models() -> Mapping[str, Model]:
    """Every model of the catalogue, by name."""
    return catalogue().models


def _model(name: str, row: Mapping[str, Any]) -> Model:
    made: dict[str, Any] = {
        "capabilities": frozenset(row.get("accepts", ())),
        "exclusive": tuple(row.get("exclusive", ())),
        "adaptive": tuple(row.get("adaptive", ())),
    }
    made |= _names(row)
    made["price"] = Price(**row["price"]) if "price" in row else None
    if "embedding" in row:
        made["embedding"] = _embedding(row["embedding"])
    return Model(name=name, **{field: value for field, value in {**row, **made}.items() if field != "accepts"})


def _route(name: str, row: Mapping[str, Any]) -> Route:
    targets = tuple((target["model"], target["weight"]) for target in row["targets"])
    return Route(name=name, **{**row, **_names(row), "targets": targets})


def _names(row: Mapping[str, Any]) -> dict[str, tuple[str, ...]]:
    return {field: tuple(row.get(field, ())) for field in ("aliases", "fallbacks")}


def _embedding(row: dict[str, Any]) -> Embedding:
    return Embedding(**{**row, "dimensions": tuple(row["dimensions"])})


def find(name: str) -> Model:
    """The catalogue's model of that name. Raises Problem model_not_found."""
    try:
        return models()[name]
    except KeyError:
        raise Problem("model_not_found", param="model", model=name) from None


def card(row: Model | Route, name: str = "") -> dict[str, Any]:
    """OpenAI's model object, under the row's own name or an alias."""
    return {"id": name or row.name, "object": "model", "created": row.created, "owned_by": row.owned_by}
