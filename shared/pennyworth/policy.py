"""Who may do what: a group's policy, and the one function every request passes."""

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from pennyworth.errors import Problem
from pennyworth.principal import ACTIONS, Guardrail, Principal


@dataclass(frozen=True, slots=True)
class GroupPolicy:
    """What a Cognito group allows, kept as JSON in the group's description (2048 characters at most)."""

    actions: frozenset[str]
    models: tuple[str, ...]
    guardrail: Guardrail | None = None
    guardrails: tuple[str, ...] = ()
    rate_per_s: float | None = None  # requests that each key may make; None for no limit of the group's
    burst: int = 0  # beyond that rate, for a moment
    plan: str = ""  # id of API Gateway's usage plan, which is what counts them

    @classmethod
    def parse(cls, description: str) -> "GroupPolicy":
        """A description that is not such JSON allows nothing: default deny."""
        try:
            document = json.loads(description)
            actions, models = _texts(document["actions"]), _texts(document["models"])
            guardrail = _guardrail(document["guardrail"]) if "guardrail" in document else None
            guardrails = _texts(document.get("guardrails", []))
            rate_per_s, burst, plan = _rate(document)
        except (ValueError, KeyError, TypeError, RecursionError):
            return cls(frozenset(), ())
        return cls(frozenset(actions) & ACTIONS, models, guardrail, guardrails, rate_per_s, burst, plan)


def _texts(value: object) -> tuple[str, ...]:
    """A list of strings. Raises TypeError for all else that Python can iterate: of the string "nova-*" the last
    character alone would allow every model."""
    if not isinstance(value, list) or not all(isinstance(text, str) for text in value):
        raise TypeError("not a list of strings")
    return tuple(value)


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


def authorize(caller: Principal, action: str, model: str | None = None) -> None:
    """Raise the first rule that is broken."""
    require(caller.active, "account_disabled")
    require(action in caller.actions, "action_not_allowed", action=action)
    require(model is None or caller.may_use(model), "model_not_allowed", model=model)
    require(caller.within_budget, "budget_exhausted")


def require(holds: bool, code: str, **details: Any) -> None:
    if not holds:
        raise Problem(code, param="model" if code == "model_not_allowed" else None, **details)
