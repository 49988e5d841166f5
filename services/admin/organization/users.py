"""/organization/users: people. Creating one, `search`, `disabled` and `groups` are ours, in OpenAI's style."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.policy import BUDGET, Group
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import members, query
from services.admin.audit import audit
from services.admin.bodies import UserRequest, UserUpdate
from services.admin.call import administrator, body, event, parameters
from services.admin.directory import Directory, directory
from services.admin.enrolments import enrolments
from services.admin.memberships import memberships
from services.admin.money import microusd
from services.admin.people import deleted, stays_administrator, user
from services.admin.roles import Move, move

router = Router()  # type: ignore[no-untyped-call]

_USERS = "/organization/users"
_USER = _USERS + "/<user_id>"


@router.get(_USERS)
def list_users() -> dict[str, Any]:
    administrator()
    return members.listing(directory(), query.parse(parameters()))


@router.post(_USERS)
def create_user() -> dict[str, Any]:
    admin = administrator()
    created = members.create(directory(), memberships(), body(UserRequest))
    audit(event(), admin, "user.added", created["id"], groups=created["groups"])
    return created


@router.get(_USER)
def retrieve_user(user_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    return user(directory().person(user_id), directory().groups_of(user_id))


@router.post(_USER)
def update_user(user_id: str) -> dict[str, Any]:
    """What is cached of the person lasts for `effective_within_s` more."""
    admin = administrator()
    wanted = body(UserUpdate)
    changed = wanted.model_dump(exclude_none=True)
    if "budget_usd" in wanted.model_fields_set:
        changed["budget_usd"] = wanted.budget_usd
    if not changed:
        raise Problem("invalid_request", reason="There is nothing to change. Send role, disabled, name or budget_usd.")
    here = directory()
    here.person(user_id)
    current = here.groups_of(user_id)
    made = _move(here, wanted, current)
    if user_id == admin.user_id:
        _stays(wanted, made.after(current, here.groups()))
    _change(here, user_id, wanted, made)
    changed.pop("name", None)  # a record holds no names
    if "budget_usd" in changed and changed["budget_usd"] is None:
        del changed["budget_usd"]
        changed["cleared"] = ["budget_usd"]  # a line of the log leaves null out
    audit(event(), admin, "user.updated", user_id, **changed)
    shown = user(here.person(user_id), here.groups_of(user_id))
    return shown | {"effective_within_s": settings().authorizer_ttl_s}


def _move(here: Directory, wanted: UserUpdate, current: list[Group]) -> Move:
    return move(wanted.role, current, here.groups()) if wanted.role else Move()


def _stays(wanted: UserUpdate, groups: list[Group]) -> None:
    if wanted.disabled:
        raise Problem("conflict", reason="You cannot disable yourself. Ask another administrator to.")
    stays_administrator(groups)


def _change(here: Directory, user_id: str, wanted: UserUpdate, made: Move) -> None:
    """In the order in which a failure midway leaves the person with less: out of groups before into others."""
    if wanted.disabled:
        here.disable(user_id)
    for group in made.leave:
        memberships().leave(user_id, group)
    if "budget_usd" in wanted.model_fields_set:
        own = microusd(wanted.budget_usd)
        here.clear(user_id, BUDGET) if own is None else here.write(user_id, BUDGET, str(own))
    for group in made.join:
        memberships().join(user_id, group)
    if wanted.name is not None:
        here.write(user_id, "name", wanted.name)
    if wanted.disabled is False:
        here.enable(user_id)


@router.delete(_USER)
def delete_user(user_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    _not_oneself(admin, user_id)
    members.remove(directory(), enrolments(), directory().person(user_id))
    audit(event(), admin, "user.deleted", user_id)
    return deleted("organization.user", user_id, settings().authorizer_ttl_s)


def _not_oneself(admin: Principal, user_id: str) -> None:
    if user_id == admin.user_id:
        raise Problem("conflict", reason="You cannot delete yourself. Ask another administrator to.")
