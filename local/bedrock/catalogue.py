"""The models of this stand-in, and what an identifier in a request resolves to."""

import hashlib
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from local.bedrock.errors import AwsError, invalid

ACCOUNT = "123456789012"
DATA = json.loads(Path(__file__).with_name("models.json").read_text())
NOTHING: Mapping[str, str] = {}
UNKNOWN = "The provided model identifier is invalid."
IDENTIFIER = re.compile(
    r"(?:arn:aws:bedrock:(?P<region>[a-z0-9-]*):(?P<account>\d{12})?:(?P<kind>foundation-model|inference-profile)/)?"
    r"(?P<id>[a-zA-Z0-9.:-]+)"
)


@dataclass(frozen=True)
class Model:
    """One model as models.json describes it."""

    id: str
    name: str
    provider: str
    input: tuple[str, ...]
    output: tuple[str, ...]
    on_demand: bool
    profiles: tuple[str, ...]
    context_tokens: int
    max_output_tokens: int
    max_stop_sequences: int
    body: str | None  # the form InvokeModel's body takes, where this stand-in knows it
    abilities: frozenset[str]
    extra_fields: frozenset[str]
    own_tools: Mapping[str, list[str]] = field(default_factory=dict)  # by type: the betas of which it wants one
    service_tiers: tuple[str, ...] = ("default",)
    cache_minimum_tokens: int | None = None
    dimensions: tuple[int, ...] = ()
    regions: tuple[str, ...] = ()  # where it is; empty for everywhere

    def is_in(self, region: str) -> bool:
        return not self.regions or region in self.regions

    def can(self, ability: str) -> bool:
        return ability in self.abilities


def _model(row: dict) -> Model:
    sets = {name: frozenset(row[name]) for name in ("abilities", "extra_fields")}
    tuples = {name: tuple(value) for name, value in row.items() if isinstance(value, list) and name not in sets}
    return Model(**row | tuples | sets)


MODELS: dict[str, Model] = {row["id"]: _model(row) for row in DATA["models"]}


def profile_id(model: Model, geography: str) -> str:
    return f"{geography}.{model.id}"


def reaches(geography: str, region: str) -> bool:
    """Can a caller in this Region use the geography's inference profiles?"""
    return region.startswith(tuple(DATA["geographies"][geography]))


def resolve(identifier: str, region: str, own: Mapping[str, str] = NOTHING) -> tuple[Model, bool]:
    """The model a request names by id or ARN, and whether through an inference profile; else ValidationException.

    `own`: what the account has made, by ARN, and the model or profile it was made of; it needs no profile.
    """
    if identifier in own and identifier.split(":")[3] == region:
        return resolve(own[identifier], region)[0], True
    parts = IDENTIFIER.fullmatch(identifier)
    if not parts:
        raise invalid(UNKNOWN)
    name, kind = parts["id"], parts["kind"]
    if kind and parts["region"] != region:
        raise invalid(UNKNOWN)
    if kind and (parts["account"] is None) != (kind == "foundation-model"):
        raise invalid(UNKNOWN)
    if name in MODELS and kind != "inference-profile" and MODELS[name].is_in(region):
        return MODELS[name], False
    geography, _, model_id = name.partition(".")
    model = MODELS.get(model_id)
    if kind == "foundation-model" or not model or geography not in model.profiles or not reaches(geography, region):
        raise invalid(UNKNOWN)
    return model, True


def invocable(identifier: str, region: str, own: Mapping[str, str] = NOTHING) -> Model:
    """`resolve`, for an inference call: many models answer through an inference profile only."""
    model, through_profile = resolve(identifier, region, own)
    if not through_profile and not model.on_demand:
        raise on_demand_refused(identifier)
    return model


def on_demand_refused(identifier: str) -> AwsError:
    # The apostrophe is AWS's own typographic one.
    return invalid(
        f"Invocation of model ID {identifier} with on-demand throughput isn\N{RIGHT SINGLE QUOTATION MARK}t supported. "
        "Retry your request with the ID or ARN of an inference profile that contains this model."
    )


def own_arn(kind: str, region: str, name: str) -> str:
    """Of what the account makes, by a name of its own."""
    made = hashlib.sha256(name.encode()).hexdigest()[:12]
    return f"arn:aws:bedrock:{region}:{ACCOUNT}:{kind}/{made}"
