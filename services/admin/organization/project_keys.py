"""/organization/projects/default/api_keys: the keys of all people, service accounts among them.

Cognito has no index of keys: each of these reads the whole pool, one ListUsers call for each 60 people, and a list the
groups of the owners it shows besides. Who knows the owner asks below /organization/users/{user_id}/api_keys.
"""

from collections.abc import Iterator
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.keys import KeyRecord
from pennyworth.settings import settings
from services.admin import apikeys, members, project, query
from services.admin.audit import audit
from services.admin.bodies import ApiKeyUpdate, ProjectKeyUpdate
from services.admin.call import administrator, body, event, parameters
from services.admin.directory import directory
from services.admin.keyring import keyring
from services.admin.lastuse import last_use
from services.admin.people import Person, deleted, page

router = Router()  # type: ignore[no-untyped-call]

_KEYS = "/organization/projects/<project_id>/api_keys"
_KEY = _KEYS + "/<key_id>"
_ACCESS = ("any", "active", "inactive")


@router.get(_KEYS)
def list_project_api_keys(project_id: str) -> dict[str, Any]:
    administrator()
    project.check(project_id)
    wanted = query.paging(parameters(), most=query.MOST, also=("owner_project_access",))
    access = query.choice(parameters(), "owner_project_access", _ACCESS)
    found = ((key, who) for key, who in _all() if access in ("any", project.access(who)))
    keys, more = query.cut(found, lambda each: each[0].id, wanted)
    owners = members.with_groups(directory(), list({who.id: who for _, who in keys}.values()))
    groups = {who.id: groups for who, groups in owners}
    used = last_use().of(key.id for key, _ in keys)
    return page([project.key(key, who, groups.get(who.id, []), used[key.id]) for key, who in keys], more)


@router.get(_KEY)
def retrieve_project_api_key(project_id: str, key_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    record, person = _find(project_id, key_id)
    return project.key(record, person, directory().groups_of(person.id), last_use().of([key_id])[key_id])


@router.post(_KEY)
def update_project_api_key(project_id: str, key_id: str) -> dict[str, Any]:
    """A key can be given less, as everywhere here, and never more."""
    admin = administrator()
    wanted = body(ProjectKeyUpdate)
    names = {"scopes": "scopes", "expires_in_seconds": "expires_in"}
    given = {names[name]: value for name, value in wanted.model_dump(exclude_unset=True, exclude_none=True).items()}
    if not given:
        raise Problem("invalid_request", reason="There is nothing to change. Send scopes or expires_in_seconds.")
    _, person = _find(project_id, key_id)
    record = keyring().update(person.id, key_id, ApiKeyUpdate(**given))
    audit(
        event(), admin, "api_key.updated", person.id, key_id=key_id, scopes=record.scopes, expires_at=record.expires_at
    )
    return project.key(record, person, directory().groups_of(person.id))


@router.delete(_KEY)
def delete_project_api_key(project_id: str, key_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    _, person = _find(project_id, key_id)
    keyring().revoke(person.id, key_id)
    audit(event(), admin, "api_key.deleted", person.id, key_id=key_id)
    return deleted("organization.project.api_key", key_id, settings().authorizer_ttl_s)


def _all() -> Iterator[tuple[KeyRecord, Person]]:
    for person in directory().people():
        for key in apikeys.stored(person.slots):
            yield key.record, person


def _find(project_id: str, key_id: str) -> tuple[KeyRecord, Person]:
    """The key and its owner as they are now: the list they were found in lags a little. Raises Problem not_found."""
    project.check(project_id)
    for record, person in _all():
        if record.id == key_id:
            owner = directory().person(person.id)
            return apikeys.find(owner.slots, key_id).record, owner
    raise Problem("not_found", thing="key", id=key_id)
