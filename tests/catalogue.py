"""What a catalogue may say: the schema of models.json's rows, and the rules that hold between them."""

from collections import Counter
from datetime import date
from typing import Annotated, Any, Literal

from pydantic import AnyHttpUrl, BaseModel, ConfigDict, Field, ValidationError

Name = Annotated[str, Field(pattern=r"^[A-Za-z0-9._:/@+-]+$", max_length=200)]
Positive = Annotated[int, Field(gt=0)]


class Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class Price(Strict):
    prompt: Positive
    completion: Positive | None = None
    cached: Positive | None = None
    written: Positive | None = None
    written_1h: Positive | None = None
    source: Annotated[AnyHttpUrl, Field(strict=False)]
    read: Annotated[date, Field(strict=False)]


class Embedding(Strict):
    form: Literal["titan", "cohere", "nova"]
    dimensions: Annotated[list[Positive], Field(min_length=1)]
    inputs_per_call: Positive
    max_characters: Positive | None


class Named(Strict):
    kind: Literal["chat", "embedding"]
    aliases: list[Name] = []
    fallbacks: list[Name] = []


class Model(Named):
    provider: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]{0,31}$")]
    id: Annotated[str, Field(min_length=1)]
    api: Annotated[str, Field(min_length=1)] | None = None
    owned_by: str
    created: int = 0
    max_output_tokens: int | None = None
    accepts: list[str]
    exclusive: list[str] = []
    efforts: dict[str, dict[str, Any]] = {}
    adaptive: list[str] = []
    own_tools: dict[str, str] = {}
    price: Price | None = None
    embedding: Embedding | None = None


class Target(Strict):
    model: Name
    weight: Positive


class Route(Named):
    owned_by: str = ""
    created: int = 0
    targets: Annotated[list[Target], Field(min_length=1)]


def faults(rows: dict[str, Any]) -> list[str]:
    """What is wrong with the rows of a catalogue, a sentence each."""
    found = []
    read: dict[str, Model | Route] = {}
    for name, row in rows.items():
        try:
            read[name] = (Route if "targets" in row else Model).model_validate(row)
        except ValidationError as error:
            found += [f"{name}: {'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()]
    return found or [*_clashes(read), *_loose_ends(read), *_patterns(read)]


def _clashes(rows):
    names = Counter([*rows, *(alias for row in rows.values() for alias in row.aliases)])
    yield from (f"{name}: two rows have this name or alias" for name, times in names.items() if times > 1)
    ids = Counter((row.provider, row.id) for name, row in rows.items() if isinstance(row, Model) and "*" not in name)
    yield from (f"{of}: two rows are this model; one with aliases will do" for of, times in ids.items() if times > 1)


def _loose_ends(rows):
    """Every name a row leads to is a model's own name, of the same kind: so nothing leads on, or in a circle."""
    for name, row in rows.items():
        led = [*row.fallbacks, *(target.model for target in getattr(row, "targets", ()))]
        for other in led:
            if other == name:
                yield f"{name}: it leads to itself"
            elif not isinstance(rows.get(other), Model) or "*" in other:
                yield f"{name}: {other} is no model's own name"
            elif rows[other].kind != row.kind:
                yield f"{name}: {other} is a model of another kind"
        yield from (f"{name}: {other} is named twice" for other, times in Counter(led).items() if times > 1)


def _patterns(rows):
    for name, row in rows.items():
        wild = sum(map(name.count, "*?["))
        if wild and (row.aliases or isinstance(row, Route)):
            yield f"{name}: a pattern has neither aliases nor targets"
        if isinstance(row, Model) and row.id.count("*") and (wild != 1 or "*" not in name):
            yield f"{name}: a * in the id stands for the one * in the name"
        if wild and isinstance(row, Model) and row.price:
            yield f"{name}: several models have no one price"
        if not wild and isinstance(row, Model) and row.provider == "bedrock" and row.max_output_tokens is None:
            yield f"{name}: how much does it answer at most?"
