"""Budgets as people type and read them: dollars a calendar month, in UTC. Pure."""

import re
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any

from pennyworth_cli.amounts import dollars, usd
from pennyworth_cli.failure import Code, Failure

_AMOUNT = re.compile(r"[0-9]{1,10}(\.[0-9]{1,6})?")
_MOST = 1_000_000_000

Policies = Mapping[str, Mapping[str, Any]]  # of groups, by name


def amount(text: str, option: str) -> float:
    """Dollars as the API takes them. Raises Failure naming the option."""
    found = text.strip().removeprefix("$")
    if not _AMOUNT.fullmatch(found) or Decimal(found) > _MOST:
        raise Failure(
            f"{option}: {text!r} is no amount. Write dollars, such as 25 or 0.5, of at most 6 decimals and at most "
            f"{_MOST:,}.",
            Code.WRONG,
        )
    return float(found)


def policies(groups: Iterable[Mapping[str, Any]]) -> Policies:
    return {str(group["name"]): group["policy"] for group in groups}


def of_user(user: Mapping[str, Any], groups: Policies) -> Decimal | None:
    """What a person may spend a month: their own budget, else what their group gives each of its people; None for any
    amount."""
    own = usd(user.get("budget_usd"))
    return usd(_policy(user, groups).get("user_budget_usd")) if own is None else own


def told(user: Mapping[str, Any], groups: Policies) -> str:
    """The same, and whose it is."""
    found = of_user(user, groups)
    if found is None:
        return "any amount"
    return f"{dollars(found)} a month, {'their own' if user.get('budget_usd') is not None else _groups(user)}"


def spending(spent: object, budget: object) -> str:
    """Of a month: `$3.20 of $25.00 this month`."""
    most = "" if budget is None else f" of {dollars(usd(budget))}"
    return "" if spent is None else f"{dollars(usd(spent))}{most} this month"


def _groups(user: Mapping[str, Any]) -> str:
    return f"as everybody in {user['groups'][0]}"


def _policy(user: Mapping[str, Any], groups: Policies) -> Mapping[str, Any]:
    """Of the group that counts, which the API names first."""
    return groups.get((user.get("groups") or [""])[0], {})
