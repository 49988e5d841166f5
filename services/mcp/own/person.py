"""Whoever calls, read from Cognito: their keys as the gateway knows them."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any

from pennyworth.directory import Directory, User
from pennyworth.errors import Problem
from pennyworth.keys import SLOTS, KeyRecord
from pennyworth.logs import logger
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.mcp.inference import lambda_api
from services.mcp.toolbox import data
from services.mcp.tools import ToolResult


def my_keys(caller: Principal, read: Callable[[str], User] | None = None, now: float | None = None) -> ToolResult:
    """All keys of the person, oldest first; nothing that is not theirs. Raises Problem service_unavailable."""
    person = (read or _read)(caller.user_id)
    found = [record for slot in range(1, SLOTS + 1) if (record := person.key(slot))]
    at = time.time() if now is None else now
    return data({"keys": [_shown(record, caller, at) for record in sorted(found, key=lambda key: key.created_at)]})


def _shown(record: KeyRecord, caller: Principal, now: float) -> dict[str, Any]:
    return {
        "id": record.id,
        "name": record.name,
        "ends_with": record.last4,
        "in_use": record.id == caller.key_id,
        "expired": record.expired(now),
        "scopes": list(record.scopes),
        "models": list(record.models),
        "tools": list(record.tools),
        "created_at": record.created_at,
        **({} if record.expires_at is None else {"expires_at": record.expires_at}),
    }


def _read(user_id: str) -> User:
    from pennyworth.aws import AwsError

    try:
        found = _directory().user(user_id)
    except AwsError as error:
        logger.error("Cognito gave no answer", aws_code=error.code)
        raise Problem("service_unavailable") from None
    if found is None:
        raise Problem("account_disabled")
    return found


@cache
def _directory() -> Directory:
    here = settings()
    return Directory(lambda_api(), here.user_pool_id, here.authorizer_ttl_s)
