"""Who an access key belongs to: what the other stand-ins ask, to name a caller and to check a signature."""

import json
from collections.abc import Iterator
from typing import Any

from moto.core.utils import utcnow
from moto.iam.models import iam_backends
from moto.sts.models import sts_backends

PATH = "/_stand_in/access-keys/"


def describe(access_key_id: str) -> dict[str, Any] | None:
    """`{arn, secret_access_key, session_token, expires_at}` of an IAM user's or an assumed role's key.

    `session_token` and `expires_at` (unix seconds) are None for a user's. None for an unknown or expired key.
    """
    return next(_roles(access_key_id), None) or next(_users(access_key_id), None)


def _roles(access_key_id: str) -> Iterator[dict[str, Any]]:
    for account in sts_backends.values():
        for backend in account.values():
            role = backend.get_assumed_role_from_access_key(access_key_id)
            if role and role.expiration > utcnow():
                yield {
                    "arn": role.arn,
                    "secret_access_key": role.secret_access_key,
                    "session_token": role.session_token,
                    "expires_at": int(role.expiration.timestamp()),
                }


def _users(access_key_id: str) -> Iterator[dict[str, Any]]:
    for account in iam_backends.values():
        for backend in account.values():
            for user in backend.users.values():
                for key in user.access_keys:
                    if key.access_key_id == access_key_id and key.status == "Active":
                        secret = key.secret_access_key
                        yield {"arn": user.arn, "secret_access_key": secret, "session_token": None, "expires_at": None}


def answer(path: str) -> tuple[str, bytes]:
    """Status line and JSON body for GET `PATH` + access key id."""
    found = describe(path.removeprefix(PATH))
    if found is None:
        return "404 Not Found", json.dumps({"message": "no such access key"}).encode()
    return "200 OK", json.dumps(found).encode()
