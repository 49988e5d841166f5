"""The bill of a plan while nothing is used: a line for every resource. Pure."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from tools.idle_cost.attributes import planned
from tools.idle_cost.prices import Price, Prices


@dataclass(frozen=True, slots=True)
class Line:
    address: str
    at_rest: str
    usd: Decimal  # a month
    source: str
    options: tuple[str, ...] = ()  # the variables that asked for what is billed
    refusals: tuple[str, ...] = ()  # what is billed though nothing asked for it


@dataclass(frozen=True, slots=True)
class Bill:
    lines: tuple[Line, ...]
    grows: tuple[str, ...]  # what use adds
    unknown: tuple[str, ...]  # resources no price is known for

    @property
    def usd(self) -> Decimal:
        return sum((line.usd for line in self.lines), Decimal("0.00"))

    @property
    def complaints(self) -> tuple[str, ...]:
        """Why this is no installation that costs nothing unless asked; none when it is."""
        return (*self.unknown, *(f"{line.address}: {refusal}" for line in self.lines for refusal in line.refusals))


def bill(plan: dict[str, Any], prices: Prices) -> Bill:
    """`plan`: Terraform's, as `terraform show -json` prints it."""
    asked = {name for name, variable in plan.get("variables", {}).items() if variable.get("value") is not None}
    lines, unknown, used = [], [], Counter[str]()
    grows: dict[str, None] = {}  # a set that keeps its order
    for address, type_, attributes in _resources(plan):
        price = prices.resources.get(type_)
        if price is None:
            unknown.append(f"{address}: no price is known for {type_}; add it to tools/idle_cost/prices.json")
            continue
        lines.append(_line(address, price, attributes, asked, used))
        if price.grows:
            grows[price.grows] = None
    return Bill(tuple(lines), tuple(grows), tuple(unknown))


def _resources(plan: dict[str, Any]) -> Iterator[tuple[str, str, dict[str, Any]]]:
    for resource in plan["resource_changes"]:
        if resource["mode"] == "managed" and resource["change"]["after"] is not None:
            yield resource["address"], resource["type"], planned(resource["change"])


def _line(address: str, price: Price, attributes: dict[str, Any], asked: set[str], used: Counter[str]) -> Line:
    """`used` counts, over all resources, what an account has so many of for free."""
    usd, billed, options, refusals = Decimal("0.00"), [], [], []
    for charge in price.charges:
        before = max(0, used[charge.what] - charge.free)
        used[charge.what] += charge.of(attributes)
        number = max(0, used[charge.what] - charge.free) - before
        if number == 0:
            continue
        usd += number * charge.usd
        billed.append(charge.what if number == 1 else f"{number} times: {charge.what}")
        if charge.option in asked:
            options.append(charge.option)
        else:
            cure = f"only the option `{charge.option}` may turn it on" if charge.option else "no option turns it on"
            refusals.append(f"bills ${number * charge.usd:.2f} a month while idle ({charge.what}); {cure}")
    at_rest = ", ".join(billed) or price.at_rest
    return Line(address, at_rest, usd, price.source, tuple(dict.fromkeys(options)), tuple(refusals))
