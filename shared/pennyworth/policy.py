"""Who may do what: a group's policy, and the one function every request passes."""

import json
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pennyworth.errors import Problem
from pennyworth.principal import ACTIONS, OWN_TOOLS, Guardrail, Principal, Tools

BUDGET = "custom:budget"  # the attribute of a user's own monthly budget, in micro-dollars


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What a Cognito group allows, kept as JSON in the group's description (2048 characters at most)."""

    actions: frozenset[str]
    models: tuple[str, ...]
    guardrail: Guardrail | None = None
    guardrails: tuple[str, ...] = ()
    budget_microusd: int | None = None  # of everyone in the group together, a month; None for any amount
    user_budget_microusd: int | None = None  # of each of them, who has none of their own
    rate_per_s: float | None = None  # requests that each key may make; None for no limit of the group's
    burst: int = 0  # beyond that rate, for a moment
    plan: str = ""  # id of API Gateway's usage plan, which is what counts them
    tools: Tools = OWN_TOOLS

    @classmethod
    def parse(cls, description: str) -> "GroupPolicy":
        """A description that is not such JSON allows nothing: default deny."""
        try:
            document = json.loads(description)
            actions, models = _texts(document["actions"]), _texts(document["models"])
            guardrail = _guardrail(document["guardrail"]) if "guardrail" in document else None
            guardrails = _texts(document.get("guardrails", []))
            budget, user_budget = (_sum(document.get(name)) for name in ("budget_microusd", "user_budget_microusd"))
            rate_per_s, burst, plan = _rate(document)
            tools = _tools(document["tools"]) if "tools" in document else OWN_TOOLS
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls(frozenset(), ())
        allowed = frozenset(actions) & ACTIONS
        return cls(allowed, models, guardrail, guardrails, budget, user_budget, rate_per_s, burst, plan, tools)

    def budget_of(self, own: str) -> int | None:
        """What a user may spend in a month: their own budget, the value of `BUDGET`, before the group's. One that
        cannot be read allows nothing."""
        if not own:
            return self.user_budget_microusd
        return int(own) if own.isascii() and own.isdecimal() else 0


def _sum(value: object) -> int | None:
    """Raises TypeError for what is no sum: who read it as none would let the group spend any amount."""
    if value is None or (type(value) is int and value >= 0):
        return value
    raise TypeError("not a sum in micro-dollars")


def _texts(value: object) -> tuple[str, ...]:
    """A list of strings. Raises TypeError for all else that Python can iterate: of the string "nova-*" the last
    character alone would allow every model."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("not a list of strings")
    return tuple(value)


def _tools(value: dict[str, Any]) -> Tools:
    """Raises TypeError for all else: who read a list that is written wrongly as none would open what it closes."""
    if not isinstance(value, dict) or value.keys() - {"allow", "deny"}:
        raise TypeError("not an object of allow and deny")
    return Tools(_texts(value["allow"]) if "allow" in value else None, _texts(value.get("deny", [])))


def _guardrail(value: dict[str, str]) -> Guardrail:
    """Raises KeyError and TypeError for all else: who read half a guardrail as none would let calls go without it."""
    identifier, version = _texts([value["id"], value["version"]])
    if not identifier or not version:
        raise TypeError("a guardrail without a name or a version")
    return Guardrail(identifier, version)


def _rate(document: Mapping[str, Any]) -> tuple[float | None, int, str]:
    """Raises TypeError for all else: what limits and cannot be read must not count as no limit."""
    rate_per_s, burst, plan = document.get("rate_per_s"), document.get("burst", 0), document.get("plan", "")
    if not isinstance(rate_per_s, int | float | None) or not isinstance(burst, int) or not isinstance(plan, str):
        raise TypeError("not a rate")
    return rate_per_s, burst, plan


_LAST = 2**31  # beyond Cognito's own: a group without a precedence is the last to count, as it is there


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    precedence: int  # the lowest wins
    role_arn: str
    policy: GroupPolicy

    @classmethod
    def of(cls, entry: Mapping[str, Any]) -> "Group":
        """Cognito's GroupType as a Group."""
        return cls(
            name=entry["GroupName"],
            precedence=entry.get("Precedence", _LAST),
            role_arn=entry.get("RoleArn", ""),
            policy=GroupPolicy.parse(entry.get("Description", "")),
        )


NO_GROUP = Group(name="", precedence=_LAST, role_arn="", policy=GroupPolicy(frozenset(), ()))


def effective(groups: Iterable[Group]) -> Group:
    """The group that speaks for a user; of equal precedence the first by name, so that the answer never flips."""
    return min(groups, key=lambda group: (group.precedence, group.name), default=NO_GROUP)


def authorize(caller: Principal, action: str, model: str | None = None, *, spends: bool = False) -> None:
    """Raise the first rule that is broken. `spends`: whether what is asked for has a price; what has none goes on when
    a budget is spent."""
    require(caller.active, "account_disabled")
    permit(caller, action)
    require(model is None or caller.may_use(model), "model_not_allowed", model=model)
    if spends and caller.spent:
        raise Problem("budget_exhausted", whose=_WHOSE[caller.spent.whose], day=_day(caller.spent.resets_at))


def permit(caller: Principal, action: str) -> None:
    """Raise Problem for what the caller may not do; it says what they lack, and who can help."""
    lack = (
        "action_not_allowed" if caller.key_id else "action_not_the_groups" if caller.group else "action_without_group"
    )
    require(action in caller.actions, lack, action=action, group=caller.group)


_WHOSE = {"user": "Your budget", "key": "The budget of this key", "group": "The budget of your group"}


def _day(at: int) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def require(holds: bool, code: str, **details: Any) -> None:
    if not holds:
        raise Problem(code, param="model" if code == "model_not_allowed" else None, **details)
