"""/organization/groups: what Terraform declared, and who is in it."""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.policy import Group
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import declaration, query
from services.admin.audit import audit
from services.admin.bodies import GroupRequest, GroupUserRequest
from services.admin.call import administrator, body, event, parameters
from services.admin.directory import DeclaredGroup, directory
from services.admin.memberships import memberships
from services.admin.people import Person, next_page, stays_administrator
from services.admin.roles import Move

router = Router()  # type: ignore[no-untyped-call]

_GROUPS = "/organization/groups"
_GROUP = _GROUPS + "/<group_id>"
_MEMBERS = _GROUP + "/users"
_MEMBER = _MEMBERS + "/<user_id>"
_LIMIT = 100  # groups a page, unless another is asked for


@router.get(_GROUPS)
def list_groups() -> dict[str, Any]:
    administrator()
    wanted = query.paging(parameters(), limit=_LIMIT, also=("order",))
    groups, more = query.cut(directory().declared(), lambda each: each.group.name, wanted)
    return next_page([declaration.shown(each) for each in groups], more)


@router.post(_GROUPS)
def create_group() -> dict[str, Any]:
    administrator()
    raise declaration.new(body(GroupRequest).name)


@router.get(_GROUP)
def retrieve_group(group_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    return declaration.shown(_find(group_id))


@router.post(_GROUP)
def update_group(group_id: str) -> dict[str, Any]:
    administrator()
    wanted = body(GroupRequest)
    raise declaration.renamed(_find(group_id).group, wanted.name)


@router.delete(_GROUP)
def delete_group(group_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    raise declaration.removed(_find(group_id).group)


@router.get(_MEMBERS)
def list_group_users(group_id: str) -> dict[str, Any]:
    """One ListUsersInGroup call for each 60 people in the group."""
    administrator()
    wanted = query.paging(parameters(), limit=_LIMIT, people=True, also=("order",))
    people, more = query.cut(directory().members(_find(group_id).group.name), lambda who: who.id, wanted)
    return next_page([_member(who) for who in people], more)


@router.post(_MEMBERS)
def add_group_user(group_id: str) -> dict[str, Any]:
    """Who is in the group already stays in it."""
    admin = administrator()
    user_id = body(GroupUserRequest).user_id
    group = _find(group_id).group
    directory().person(user_id)
    _allowed(admin, user_id, Move(join=(group.name,)))
    memberships().join(user_id, group.name)
    audit(event(), admin, "role.assignment.created", user_id, group=group.name)
    return {
        "object": "group.user",
        "user_id": user_id,
        "group_id": group.name,
        "effective_within_s": settings().authorizer_ttl_s,
    }


@router.get(_MEMBER)
def retrieve_group_user(group_id: str, user_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    person = _in(_find(group_id).group, user_id)
    details = {"is_service_account": person.is_service_account, "picture": None, "user_type": "user"}
    return _member(person) | details


@router.delete(_MEMBER)
def remove_group_user(group_id: str, user_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    group = _find(group_id).group
    _in(group, user_id)
    _allowed(admin, user_id, Move(leave=(group.name,)))
    memberships().leave(user_id, group.name)
    audit(event(), admin, "role.assignment.deleted", user_id, group=group.name)
    return {"object": "group.user.deleted", "deleted": True, "effective_within_s": settings().authorizer_ttl_s}


def _find(group_id: str) -> DeclaredGroup:
    for each in directory().declared():
        if each.group.name == group_id:
            return each
    raise Problem("not_found", thing="group", id=group_id)


def _in(group: Group, user_id: str) -> Person:
    """Raises Problem not_found for who is not in the group."""
    person = directory().person(user_id)
    if group.name not in {each.name for each in directory().groups_of(user_id)}:
        raise Problem("not_found", thing=f"user in the group '{group.name}'", id=user_id)
    return person


def _allowed(admin: Principal, user_id: str, made: Move) -> None:
    if user_id == admin.user_id:
        stays_administrator(made.after(directory().groups_of(user_id), directory().groups()))


def _member(person: Person) -> dict[str, Any]:
    return {"id": person.id, "name": person.shown_name, "email": person.email}
