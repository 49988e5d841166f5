"""/organization/invites: people who were sent a temporary password and have not signed in with one of their own yet.

An invite's id is the person's: they are in the user pool, and in their group, from the start. Who has signed in is no
longer in the list, and is `accepted` where they are asked for.
"""

from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from services.admin import members, query
from services.admin.audit import audit
from services.admin.bodies import InviteRequest, UserRequest
from services.admin.call import administrator, body, event, parameters
from services.admin.directory import directory
from services.admin.enrolments import enrolments
from services.admin.invitation import invite
from services.admin.memberships import memberships
from services.admin.people import INVITED, Person, page
from services.admin.roles import group_for

router = Router()  # type: ignore[no-untyped-call]

_INVITES = "/organization/invites"
_INVITE = _INVITES + "/<invite_id>"


@router.post(_INVITES)
def create_invite() -> dict[str, Any]:
    """Cognito mails the temporary password, unless one is given. `group` and `temporary_password` are ours."""
    admin = administrator()
    wanted = body(InviteRequest)
    group = group_for(wanted.role, directory().groups(), wanted.group).name
    given = wanted.model_dump(include={"email", "name", "temporary_password"}, exclude_unset=True)
    person = UserRequest(group=group, **given)  # no password is none, and not one that is too short
    created = members.create(directory(), memberships(), person)
    audit(event(), admin, "invite.sent", created["id"], role=created["role"], groups=created["groups"])
    return _shown(directory().person(created["id"]))


@router.get(_INVITES)
def list_invites() -> dict[str, Any]:
    """One ListUsers call for each 60 people who have not signed in, and one for the groups of each that is shown."""
    administrator()
    wanted = query.paging(parameters(), most=query.MOST, people=True)
    waiting = (who for who in directory().invited() if not who.is_service_account)
    people, more = query.cut(waiting, lambda who: who.id, wanted)
    return page([invite(who, groups) for who, groups in members.with_groups(directory(), people)], more)


@router.get(_INVITE)
def retrieve_invite(invite_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    return _shown(_invited(invite_id))


@router.delete(_INVITE)
def delete_invite(invite_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    person = _invited(invite_id)
    if person.status != INVITED:
        raise Problem(
            "conflict", reason="The invite was accepted. Delete the user with DELETE /organization/users/{id}."
        )
    members.remove(directory(), enrolments(), person)
    audit(event(), admin, "invite.deleted", invite_id)
    return {"object": "organization.invite.deleted", "id": invite_id, "deleted": True}


def _invited(invite_id: str) -> Person:
    person = directory().find(invite_id)
    if person is None or person.id != invite_id or person.is_service_account:
        raise Problem("not_found", thing="invite", id=invite_id)
    return person


def _shown(person: Person) -> dict[str, Any]:
    return invite(person, directory().groups_of(person.id))
