"""Who an access key belongs to, and what they may do: the stand-ins name a caller and judge a request by it."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Any

from moto.core.utils import utcnow
from moto.iam.exceptions import NotFoundException
from moto.iam.models import IAMBackend, ManagedPolicy, Role, User, iam_backends
from moto.sts.models import sts_backends

PATH = "/_stand_in/access-keys/"
TEMPORARY = "ASIA"  # what the id of a session's key begins with


@dataclass(frozen=True)
class Owner:
    """Of an access key. `session_token` and `expires_at` (unix seconds) are None for an IAM user's."""

    arn: str
    secret_access_key: str
    session_token: str | None
    expires_at: int | None
    tags: dict[str, str]  # of the principal, a session's own before its role's
    policies: tuple[str, ...]  # documents
    boundary: str | None  # the document of the permissions boundary


def owner(access_key_id: str) -> Owner | None:
    """Of an IAM user's or an assumed role's key; None for an unknown or expired one."""
    return next(_roles(access_key_id), None) or next(_users(access_key_id), None)


def _roles(access_key_id: str) -> Iterator[Owner]:
    for account in sts_backends.values():
        for backend in account.values():
            session = backend.get_assumed_role_from_access_key(access_key_id)
            if session and session.expiration > utcnow():
                iam = iam_backends[session.account_id][session.partition]
                yield Owner(
                    session.arn,
                    session.secret_access_key,
                    session.session_token,
                    int(session.expiration.timestamp()),
                    **_permissions(iam, _role(iam, session.role_arn), getattr(session, "tags", {})),
                )


def _role(iam: IAMBackend, arn: str) -> Role | None:
    """None for a role that is gone: its sessions may do nothing any more."""
    try:
        return iam.get_role_by_arn(arn)
    except NotFoundException:
        return None


def _users(access_key_id: str) -> Iterator[Owner]:
    for account in iam_backends.values():
        for iam in account.values():
            for user in iam.users.values():
                for key in user.access_keys:
                    if key.access_key_id == access_key_id and key.status == "Active":
                        yield Owner(user.arn, key.secret_access_key, None, None, **_permissions(iam, user, {}))


def _permissions(iam: IAMBackend, principal: Role | User | None, tags: dict[str, str]) -> dict[str, Any]:
    if principal is None:
        return {"tags": tags, "policies": (), "boundary": None}
    boundary, groups = None, []
    if isinstance(principal, User):
        groups = [group for group in iam.groups.values() if principal in group.users]
    else:
        tags = {tag["Key"]: tag["Value"] for tag in principal.tags or ()} | tags
        if principal.permissions_boundary_arn:
            boundary = _document(iam.managed_policies[principal.permissions_boundary_arn])
    policies = [
        document
        for holder in (principal, *groups)
        for document in (*holder.policies.values(), *map(_document, holder.managed_policies.values()))
    ]
    return {"tags": tags, "policies": tuple(policies), "boundary": boundary}


def _document(policy: ManagedPolicy) -> str:
    return next(each.document for each in policy.versions if each.version_id == policy.default_version_id)


def answer(path: str) -> tuple[str, bytes]:
    """Status line and JSON body, an owner's fields, for GET `PATH` + access key id."""
    found = owner(path.removeprefix(PATH))
    if found is None:
        return "404 Not Found", json.dumps({"message": "no such access key"}).encode()
    return "200 OK", json.dumps(asdict(found)).encode()
