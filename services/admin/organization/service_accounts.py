"""/organization/projects/default/service_accounts: users that only ever call with keys. `group` is ours."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.errors import Problem
from pennyworth.http import dumps
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import members, project, query
from services.admin.audit import audit
from services.admin.bodies import ApiKeyRequest, ServiceAccountKeyRequest, ServiceAccountRequest, ServiceAccountUpdate
from services.admin.call import administrator, body, event, parameters
from services.admin.directory import directory
from services.admin.enrolments import enrolments
from services.admin.keyring import NewKey, keyring
from services.admin.memberships import memberships
from services.admin.people import Person, deleted, page
from services.admin.roles import group_for

router = Router()  # type: ignore[no-untyped-call]

_ACCOUNTS = "/organization/projects/<project_id>/service_accounts"
_ACCOUNT = _ACCOUNTS + "/<service_account_id>"


@router.post(_ACCOUNTS)
def create_service_account(project_id: str) -> Response[str]:
    """With a key, unless none is asked for; its secret is in this answer and in no other."""
    admin = administrator()
    project.check(project_id)
    wanted = body(ServiceAccountRequest)
    group = group_for("reader", directory().groups(), wanted.group)
    account = members.create_account(directory(), memberships(), wanted.name, group)
    key = None
    if not wanted.create_service_account_only:
        try:
            key = keyring().mint(account.id, ApiKeyRequest(name=wanted.name, expires_in=wanted.expires_in_seconds))
        except Problem:
            members.take_back(directory(), account)
            raise
    audit(event(), admin, "service_account.created", account.id, role="member", groups=[group.name])
    if key:
        _audit(admin, account.id, key)
    return _secret(project.service_account(account) | ({"api_key": project.new_key(key)} if key else {}))


@router.get(_ACCOUNTS)
def list_service_accounts(project_id: str) -> dict[str, Any]:
    """One ListUsers call for each 60 service accounts."""
    administrator()
    project.check(project_id)
    wanted = query.paging(parameters(), people=True)
    accounts, more = query.cut(directory().service_accounts(), lambda who: who.id, wanted)
    return page([project.service_account(each) for each in accounts], more)


@router.get(_ACCOUNT)
def retrieve_service_account(project_id: str, service_account_id: str) -> dict[str, Any]:
    administrator()
    query.only(parameters())
    return project.service_account(_find(project_id, service_account_id))


@router.post(_ACCOUNT)
def update_service_account(project_id: str, service_account_id: str) -> dict[str, Any]:
    admin = administrator()
    wanted = body(ServiceAccountUpdate)
    if wanted.role == "owner":
        reason = "who has no sign-in cannot administer: a service account is a member"
        raise Problem("invalid_value", param="role", reason=reason)
    if wanted.name is None:
        raise Problem("invalid_request", reason="There is nothing to change. Send a name.")
    account = _find(project_id, service_account_id)
    directory().write(account.id, "name", wanted.name)
    audit(event(), admin, "service_account.updated", account.id)
    return project.service_account(directory().person(account.id))


@router.delete(_ACCOUNT)
def delete_service_account(project_id: str, service_account_id: str) -> dict[str, Any]:
    """And all its keys with it."""
    admin = administrator()
    query.only(parameters())
    account = _find(project_id, service_account_id)
    members.remove(directory(), enrolments(), account)
    audit(event(), admin, "service_account.deleted", account.id)
    return deleted("organization.project.service_account", account.id, settings().authorizer_ttl_s)


@router.post(_ACCOUNT + "/api_keys")
def create_service_account_key(project_id: str, service_account_id: str) -> Response[str]:
    admin = administrator()
    wanted = body(ServiceAccountKeyRequest)
    account = _find(project_id, service_account_id)
    request = ApiKeyRequest(name=wanted.name, scopes=wanted.scopes or [], expires_in=wanted.expires_in_seconds)
    key = keyring().mint(account.id, request)
    _audit(admin, account.id, key)
    return _secret(project.new_key(key))


def _find(project_id: str, account_id: str) -> Person:
    project.check(project_id)
    account = directory().find(account_id)
    if account is None or account.id != account_id or not account.is_service_account:
        raise Problem("not_found", thing="service account", id=account_id)
    return account


def _audit(admin: Principal, account_id: str, key: NewKey) -> None:
    given = {"scopes": key.record.scopes, "models": key.record.models, "expires_at": key.record.expires_at}
    audit(event(), admin, "api_key.created", account_id, key_id=key.record.id, **given)


def _secret(answer: dict[str, Any]) -> Response[str]:
    return Response(200, "application/json", dumps(answer), headers={"cache-control": "no-store"})
