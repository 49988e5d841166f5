"""The table of prices: what a resource of a type costs by being there, and where AWS says so."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from pathlib import Path
from typing import Any

from tools.idle_cost.attributes import values

TABLE = Path(__file__).parent / "prices.json"


@dataclass(frozen=True, slots=True)
class Charge:
    """One thing AWS bills by the hour or month."""

    what: str
    usd: Decimal  # a month, each
    count: str | None = None  # path of what is counted: numbers add up, anything else is one
    least: int = 0
    free: int = 0  # so many in an account cost nothing
    when: Mapping[str, list[Any]] = field(default_factory=dict)  # only with one of these values
    unless: Mapping[str, list[Any]] = field(default_factory=dict)  # not with one of these values
    option: str | None = None  # the environment's variable that asks for it

    def of(self, attributes: dict[str, Any]) -> int:
        """How many of these a resource with such attributes has."""
        if self.when and not any(_is_one_of(attributes, *condition) for condition in self.when.items()):
            return 0
        if any(_is_one_of(attributes, *condition) for condition in self.unless.items()):
            return 0
        if self.count is None:
            return 1
        counted = values(attributes, self.count)
        return max(self.least, sum(value if type(value) is int else 1 for value in counted))


@dataclass(frozen=True, slots=True)
class Price:
    source: str
    at_rest: str  # why nothing is billed, or what is
    grows: str | None  # what use adds
    charges: tuple[Charge, ...]


@dataclass(frozen=True, slots=True)
class Source:
    url: str
    read: str  # date
    billing: str  # how we know what is billed: `page`, from AWS's own words, or `quoted`, as others repeat them
    figures: str  # the same of the amounts


@dataclass(frozen=True, slots=True)
class Prices:
    resources: dict[str, Price]  # by Terraform's resource type
    sources: dict[str, Source]


def load(table: Path = TABLE) -> Prices:
    data = json.loads(table.read_bytes(), parse_float=Decimal)
    return Prices(
        resources={
            type_: Price(
                entry["source"],
                entry["at_rest"],
                entry.get("grows"),
                tuple(Charge(**charge) for charge in entry.get("charges", [])),
            )
            for type_, entry in data["resources"].items()
        },
        sources={name: Source(**source) for name, source in data["sources"].items()},
    )


def _is_one_of(attributes: dict[str, Any], path: str, accepted: list[Any]) -> bool:
    found = values(attributes, path) or [None]
    return all(any(value is one or (type(value) is type(one) and value == one) for one in accepted) for value in found)
