"""The administration service: who may use this installation, and with which keys."""

from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import parse
from pennyworth.errors import Problem
from pennyworth.http import Event, content, dumps, router, serve
from pennyworth.policy import authorize
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import apikeys, members, query
from services.admin.audit import audit
from services.admin.bodies import ApiKeyRequest, UserRequest
from services.admin.caller import caller
from services.admin.directory import directory
from services.admin.keyring import keyring
from services.admin.people import deleted, page, user

app = router()
handler = serve(app)

_USERS = "/organization/users"
_USER = _USERS + "/<user_id>"
_KEYS = _USER + "/api_keys"
_KEY = _KEYS + "/<key_id>"


@app.get(_USERS)
def list_users() -> dict[str, Any]:
    administrator()
    return members.listing(directory(), query.parse(parameters()))


@app.post(_USERS)
def create_user() -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    created = members.create(directory(), parse(UserRequest, content(event())))
    audit(event(), admin, "user.added", created["id"], groups=created["groups"])
    return created


@app.get(_USER)
def retrieve_user(user_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    return user(directory().person(user_id), directory().groups_of(user_id))


@app.delete(_USER)
def delete_user(user_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    if user_id == admin.user_id:
        raise Problem("conflict", reason="You cannot delete yourself. Ask another administrator to.")
    directory().delete(user_id)
    audit(event(), admin, "user.deleted", user_id)
    return deleted("organization.user", user_id, settings().authorizer_ttl_s)


@app.get(_KEYS)
def list_api_keys(user_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    person = directory().person(user_id)
    owner = user(person, directory().groups_of(user_id))
    return page([apikeys.shown(key.record, owner) for key in apikeys.stored(person.slots)], has_more=False)


@app.post(_KEYS)
def create_api_key(user_id: str) -> Response[str]:
    admin = administrator()
    query.only(parameters())
    key = keyring().mint(user_id, parse(ApiKeyRequest, content(event())))
    audit(
        event(),
        admin,
        "api_key.created",
        user_id,
        key_id=key.record.id,
        scopes=key.record.scopes,
        models=key.record.models,
        expires_at=key.record.expires_at,
    )
    answer = apikeys.shown(key.record, key.owner) | {"value": key.secret}
    return Response(200, "application/json", dumps(answer), headers={"cache-control": "no-store"})


@app.get(_KEY)
def retrieve_api_key(user_id: str, key_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    person = directory().person(user_id)
    key = apikeys.find(person.slots, key_id)
    return apikeys.shown(key.record, user(person, directory().groups_of(user_id)))


@app.delete(_KEY)
def delete_api_key(user_id: str, key_id: str) -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    keyring().revoke(user_id, key_id)
    audit(event(), admin, "api_key.deleted", user_id, key_id=key_id)
    return deleted("organization.user.api_key", key_id, settings().authorizer_ttl_s)


def administrator() -> Principal:
    """The caller, who may administer; the first line of every route. Raises Problem."""
    admin = caller(event(), directory())
    authorize(admin, "admin")
    return admin


def event() -> Event:
    raw: Event = app.current_event.raw_event
    return raw


def parameters() -> query.Parameters:
    return event().get("multiValueQueryStringParameters") or {}
