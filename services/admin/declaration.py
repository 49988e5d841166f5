"""Groups as Terraform declares them: how one is shown, and what to write where one is to be another. Pure.

A group is an IAM role with the policy of its models; who could make one here could make themselves any role.
"""

import json
from typing import Any

from pennyworth.errors import Problem
from pennyworth.policy import Group, GroupPolicy
from pennyworth.principal import OWN_TOOLS
from services.admin.directory import DeclaredGroup
from services.admin.money import usd
from services.admin.people import tools

_WHERE = "the environment's terraform.tfvars.json"


def shown(declared: DeclaredGroup) -> dict[str, Any]:
    """OpenAI's group, with what it lets its people do; of a person's groups the one of the lowest precedence counts."""
    group = declared.group
    return {
        "id": group.name,
        "name": group.name,
        "created_at": declared.created_at,
        "group_type": "group",
        "is_scim_managed": False,
        "precedence": group.precedence,
        "role_arn": group.role_arn,
        "policy": _policy(group.policy),
    }


def new(name: str) -> Problem:
    entry = {"precedence": 50, "actions": ["inference"], "models": ["*"]}
    return _refusal(f"add to `groups` in {_WHERE} {_line(name, entry)} and apply it")


def renamed(group: Group, name: str) -> Problem:
    entry = {"precedence": group.precedence, **_policy(group.policy)}
    entry = {field: value for field, value in entry.items() if value not in (None, [])}
    if group.policy.tools == OWN_TOOLS:
        del entry["tools"]
    old = json.dumps(group.name)
    return _refusal(f"in `groups` in {_WHERE} add {_line(name, entry)}, apply it, move its people, and remove {old}")


def removed(group: Group) -> Problem:
    return _refusal(f"remove {json.dumps(group.name)} from `groups` in {_WHERE} and apply it")


def _refusal(remedy: str) -> Problem:
    reason = f"Groups are declared in Terraform, because a group is an IAM role. Instead, {remedy}."
    return Problem("invalid_request", reason=reason)


def _line(name: str, entry: dict[str, Any]) -> str:
    return f"{json.dumps(name, ensure_ascii=False)}: {json.dumps(entry)}"


def _policy(policy: GroupPolicy) -> dict[str, Any]:
    return {
        "actions": sorted(policy.actions),
        "models": list(policy.models),
        "guardrail": policy.guardrail._asdict() if policy.guardrail else None,
        "guardrails": list(policy.guardrails),
        "budget_usd": usd(policy.budget_microusd),
        "user_budget_usd": usd(policy.user_budget_microusd),
        "rate": rate(policy),
        "tools": tools(policy.tools),
    }


def rate(policy: GroupPolicy) -> dict[str, float] | None:
    """What each key of the group may do, as Terraform's `rate` says it; None for no limit of the group's."""
    return None if policy.rate_per_s is None else {"per_s": policy.rate_per_s, "burst": policy.burst}
