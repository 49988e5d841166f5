"""A person's keys over REST. Every route is there twice: for administrators, and under `/me` for one's own."""

import time
from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.body import parse
from pennyworth.http import Event, content, dumps
from pennyworth.keys import KeyRecord
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import apikeys, query
from services.admin.audit import audit
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate, RotationRequest
from services.admin.caller import administrator, oneself
from services.admin.directory import directory
from services.admin.keyring import NewKey, keyring
from services.admin.lastuse import last_use
from services.admin.people import Person, deleted, page, user

router = Router()  # type: ignore[no-untyped-call]

_KEYS = "/organization/users/<user_id>/api_keys"
_KEY = _KEYS + "/<key_id>"
_OWN_KEYS = "/me/api_keys"
_OWN_KEY = _OWN_KEYS + "/<key_id>"


@router.get(_OWN_KEYS)
@router.get(_KEYS)
def list_api_keys(user_id: str | None = None) -> dict[str, Any]:
    _, user_id = _caller_and_owner(user_id)
    person, owner = _owner(user_id)
    now, keys = time.time(), [key.record for key in apikeys.stored(person.slots)]
    used = last_use().of(key.id for key in keys)
    return page([apikeys.shown(key, owner, person.spend, now, used[key.id]) for key in keys], has_more=False)


@router.post(_OWN_KEYS)
@router.post(_KEYS)
def create_api_key(user_id: str | None = None) -> Response[str]:
    caller, user_id = _caller_and_owner(user_id)
    key = keyring().mint(user_id, parse(ApiKeyRequest, content(_event())))
    _audit(caller, "api_key.created", user_id, key.record)
    return _with_secret(key, {})


@router.get(_OWN_KEY)
@router.get(_KEY)
def retrieve_api_key(key_id: str, user_id: str | None = None) -> dict[str, Any]:
    _, user_id = _caller_and_owner(user_id)
    person, owner = _owner(user_id)
    record = apikeys.find(person.slots, key_id).record
    return apikeys.shown(record, owner, person.spend, time.time(), last_use().of([key_id])[key_id])


@router.post(_OWN_KEY)
@router.post(_KEY)
def update_api_key(key_id: str, user_id: str | None = None) -> dict[str, Any]:
    caller, user_id = _caller_and_owner(user_id)
    record = keyring().update(user_id, key_id, parse(ApiKeyUpdate, content(_event())))
    _audit(caller, "api_key.updated", user_id, record)
    person, owner = _owner(user_id)
    return apikeys.shown(record, owner, person.spend, time.time()) | _within()


@router.post(_OWN_KEY + "/rotate")
@router.post(_KEY + "/rotate")
def rotate_api_key(key_id: str, user_id: str | None = None) -> Response[str]:
    caller, user_id = _caller_and_owner(user_id)
    request = parse(RotationRequest, content(_event()))
    key = keyring().rotate(user_id, key_id, request)
    _audit(caller, "api_key.rotated", user_id, key.record, overlap_s=request.overlap_s)
    return _with_secret(key, _within())


@router.delete(_OWN_KEY)
@router.delete(_KEY)
def delete_api_key(key_id: str, user_id: str | None = None) -> dict[str, Any]:
    caller, user_id = _caller_and_owner(user_id)
    keyring().revoke(user_id, key_id)
    audit(_event(), caller, "api_key.deleted", user_id, key_id=key_id)
    return deleted("organization.user.api_key", key_id, settings().authorizer_ttl_s)


def _caller_and_owner(user_id: str | None) -> tuple[Principal, str]:
    """Who asks, and whose keys they may see and change; the first line of every route. Without an id in the path they
    are the caller's own, with one the caller must be an administrator. Raises Problem."""
    caller = oneself(_event(), directory()) if user_id is None else administrator(_event(), directory())
    query.only(_event().get("multiValueQueryStringParameters") or {})
    return caller, user_id or caller.user_id


def _owner(user_id: str) -> tuple[Person, dict[str, Any]]:
    person = directory().person(user_id)
    return person, user(person, directory().groups_of(user_id))


def _with_secret(key: NewKey, more: dict[str, Any]) -> Response[str]:
    """The one answer that shows a secret. No cache may keep it."""
    answer = apikeys.shown(key.record, key.owner, key.spend, time.time()) | {"value": key.secret} | more
    return Response(200, "application/json", dumps(answer), headers={"cache-control": "no-store"})


def _within() -> dict[str, int]:
    """For how long a cached decision may still say what the key could do before."""
    return {"effective_within_s": settings().authorizer_ttl_s}


def _audit(caller: Principal, action: str, user_id: str, key: KeyRecord, **more: Any) -> None:
    given: dict[str, Any] = {
        "scopes": key.scopes,
        "models": key.models,
        "tools": key.tools,
        "expires_at": key.expires_at,
    }
    given |= {} if key.budget_microusd is None else {"budget_microusd": key.budget_microusd}
    audit(_event(), caller, action, user_id, key_id=key.id, **given, **more)


def _event() -> Event:
    raw: Event = router.current_event.raw_event
    return raw
