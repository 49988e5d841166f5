"""The one project, `default`, and what OpenAI shows of it: its people, keys, models and limits. Pure."""

from collections.abc import Sequence
from typing import Any

from pennyworth.errors import Problem
from pennyworth.keys import PREFIX, KeyRecord
from pennyworth.policy import Group
from services.admin.directory import DeclaredGroup
from services.admin.keyring import NewKey
from services.admin.money import usd
from services.admin.people import Person, role

ID = "default"
RATE_LIMIT = "rl-default"
_UNLIMITED = 2**53 - 1  # the largest integer every JSON reader keeps: OpenAI's type knows no null here


def check(project_id: str) -> None:
    """Raises Problem not_found for any other project."""
    if project_id != ID:
        raise Problem("not_found", thing="project", id=project_id)


def only_one() -> Problem:
    reason = (
        "There is one project here, 'default', and it stays as it is: what people may do is their group's to say. "
        "For a project apart, apply another environment with Terraform."
    )
    return Problem("invalid_request", reason=reason)


def membership() -> Problem:
    reason = (
        "Everyone is in the project 'default'. What someone may do follows from their groups: change them with "
        "POST /organization/groups/{group_id}/users, or the role with POST /organization/users/{user_id}; "
        "invite people with POST /organization/invites."
    )
    return Problem("invalid_request", reason=reason)


def models_are_groups() -> Problem:
    reason = (
        "Which models may be used is each group's to say, and IAM's besides. Change `models` of the group in `groups` "
        'in the environment\'s terraform.tfvars.json, as in {"developers": {"precedence": 20, "actions": '
        '["inference"], "models": ["nova-*"]}}, and apply it. One key can be narrowed with its own models.'
    )
    return Problem("invalid_request", reason=reason)


def limit_is_declared(limit: dict[str, Any]) -> Problem:
    group = limit["group"]
    reason = (
        f"The limit is that of each key of the group {group!r}. Change `rate` of the group in `groups` in the "
        'environment\'s terraform.tfvars.json, as in "rate": {"per_s": 5, "burst": 10}, and apply it.'
    )
    return Problem("invalid_request", reason=reason) if group else _limit_is_the_stages()


def _limit_is_the_stages() -> Problem:
    reason = (
        "The limit is that of API Gateway's stage, for everyone together. Change it in the environment's "
        'terraform.tfvars.json, as in "throttle": {"rate_per_s": 500, "burst": 1000}, and apply it.'
    )
    return Problem("invalid_request", reason=reason)


def project(groups: Sequence[DeclaredGroup]) -> dict[str, Any]:
    """OpenAI's `organization.project`; as old as the oldest group, which Terraform made with the user pool."""
    return {
        "object": "organization.project",
        "id": ID,
        "name": "Default",
        "created_at": min((each.created_at for each in groups), default=0),
        "archived_at": None,
        "status": "active",
    }


def project_role(groups: list[Group]) -> str:
    return "owner" if role(groups) == "owner" else "member"


def project_user(person: Person, groups: list[Group]) -> dict[str, Any]:
    """OpenAI's `organization.project.user`."""
    return {
        "object": "organization.project.user",
        "id": person.id,
        "email": person.email,
        "name": person.name or None,
        "role": project_role(groups),
        "added_at": person.added_at,
    }


def project_group(declared: DeclaredGroup) -> dict[str, Any]:
    """OpenAI's `project.group`."""
    return {
        "object": "project.group",
        "project_id": ID,
        "group_id": declared.group.name,
        "group_name": declared.group.name,
        "group_type": "group",
        "created_at": declared.created_at,
    }


def service_account(person: Person) -> dict[str, Any]:
    """OpenAI's `organization.project.service_account`."""
    return {
        "object": "organization.project.service_account",
        "id": person.id,
        "name": person.shown_name,
        "role": "member",
        "created_at": person.added_at,
    }


def new_key(key: NewKey) -> dict[str, Any]:
    """OpenAI's `organization.project.service_account.api_key`, the secret in it."""
    return {
        "object": "organization.project.service_account.api_key",
        "id": key.record.id,
        "name": key.record.name,
        "value": key.secret,
        "created_at": key.record.created_at,
        "expires_at": key.record.expires_at,
    }


def key(record: KeyRecord, person: Person, groups: list[Group], last_used_at: int | None = None) -> dict[str, Any]:
    """OpenAI's `organization.project.api_key`, with its scopes and models: never secret or hash."""
    owner = {
        "id": person.id,
        "name": person.shown_name,
        "role": project_role(groups),
        "created_at": person.added_at,
    }
    whose = {"type": "service_account", "service_account": owner}
    if not person.is_service_account:
        whose = {"type": "user", "user": owner | {"email": person.email}}
    return {
        "object": "organization.project.api_key",
        "id": record.id,
        "name": record.name,
        "redacted_value": f"{PREFIX}...{record.last4}",
        "created_at": record.created_at,
        "expires_at": record.expires_at,
        "last_used_at": last_used_at,
        "owner": whose,
        "owner_project_access": access(person),
        "scopes": list(record.scopes),
        "models": list(record.models),
        "budget_usd": usd(record.budget_microusd),
        "spent_usd": usd(person.spend.keys.get(record.id, 0)),
    }


def access(person: Person) -> str:
    return "active" if person.enabled else "inactive"


def model_permissions(groups: Sequence[Group]) -> dict[str, Any]:
    """OpenAI's `project.model_permissions`: the patterns of all groups together, and each group's own."""
    return {
        "object": "project.model_permissions",
        "mode": "allow_list",
        "model_ids": sorted({pattern for group in groups for pattern in group.policy.models}),
        "groups": {group.name: list(group.policy.models) for group in groups},
    }


def rate_limits(rate_per_s: float, burst: int, groups: Sequence[Group]) -> list[dict[str, Any]]:
    """The throttle of API Gateway's stage, for everyone together, and the rates that groups declare for each key."""
    of_groups = [
        _rate_limit(f"rl-group-{group.name}", group.policy.rate_per_s, group.policy.burst, group.name)
        for group in groups
        if group.policy.rate_per_s is not None
    ]
    return [_rate_limit(RATE_LIMIT, rate_per_s, burst, None), *of_groups]


def _rate_limit(limit_id: str, rate_per_s: float, burst: int, group: str | None) -> dict[str, Any]:
    """OpenAI's `project.rate_limit`, with the group whose keys each have it. Tokens have no limit of ours."""
    return {
        "object": "project.rate_limit",
        "id": limit_id,
        "model": "*",
        "max_requests_per_1_minute": int(rate_per_s * 60),
        "max_tokens_per_1_minute": _UNLIMITED,
        "burst": burst,
        "group": group,
    }
