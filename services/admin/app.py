"""The administration service: who may use this installation, and with which keys."""

from typing import Any

from pennyworth.body import parse
from pennyworth.errors import Problem
from pennyworth.http import Event, content, router, serve
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import caller, members, query
from services.admin.audit import audit
from services.admin.bodies import UserRequest
from services.admin.directory import directory
from services.admin.keyroutes import router as keys
from services.admin.me import router as me
from services.admin.memberships import memberships
from services.admin.people import deleted, user

app = router()
handler = serve(app)

_USERS = "/organization/users"
_USER = _USERS + "/<user_id>"


@app.get(_USERS)
def list_users() -> dict[str, Any]:
    administrator()
    return members.listing(directory(), query.parse(parameters()))


@app.post(_USERS)
def create_user() -> dict[str, Any]:
    admin = administrator()
    query.only(parameters())
    created = members.create(directory(), memberships(), parse(UserRequest, content(event())))
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


def administrator() -> Principal:
    """The caller, who may administer; the first line of every route. Raises Problem."""
    return caller.administrator(event(), directory())


def event() -> Event:
    raw: Event = app.current_event.raw_event
    return raw


def parameters() -> query.Parameters:
    return event().get("multiValueQueryStringParameters") or {}


app.include_router(keys)
app.include_router(me)
