"""Whoever calls, read from Cognito: their keys, and what they spent, as the gateway knows them."""

import time
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, TypeVar

from pennyworth.budgets import SPEND, Spend, begins_at, month, resets_at
from pennyworth.directory import Directory, User
from pennyworth.errors import Problem
from pennyworth.keys import SLOTS, KeyRecord
from pennyworth.logs import logger
from pennyworth.policy import BUDGET, NO_GROUP, Group
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.mcp.inference import lambda_api
from services.mcp.own.tools import MY_KEYS, MY_USAGE
from services.mcp.own.used import used
from services.mcp.toolbox import Arguments, data
from services.mcp.tools import ToolResult

_Found = TypeVar("_Found")


def my_keys(caller: Principal, read: Callable[[str], User] | None = None, now: float | None = None) -> ToolResult:
    """All keys of the person, oldest first; nothing that is not theirs. Raises Problem service_unavailable."""
    person = (read or _read)(caller.user_id)
    at = time.time() if now is None else now
    return data({"keys": [_shown(record, caller, at) for record in _keys(person)]})


def my_usage(
    caller: Principal,
    arguments: Arguments,
    ends_at: float,
    read: Callable[[str], User] | None = None,
    group: Callable[[str], Group] | None = None,
    used: Callable[[str, int, int, float], dict[str, Any]] = used,
    now: float | None = None,
) -> ToolResult:
    """What the ledger has told of the person this month and the budgets of `GET /me`, in dollars; and what they used in
    a time, of which a log that gives no answer takes nothing else with it. `ends_at`: on time.monotonic(). Raises
    Problem service_unavailable."""
    at = time.time() if now is None else now
    start = int(arguments.get("start_time", begins_at(at)))  # JSON Schema takes 5.0 for an integer
    end = min(int(arguments.get("end_time", at + 1)), int(at) + 1)  # nothing was used in the future
    if start >= end:
        return ToolResult.error("'start_time' must be before 'end_time', and not in the future. Both are unix seconds.")
    person, policy = (read or _read)(caller.user_id), (group or _group)(caller.group).policy
    spend = Spend.parse(person.attributes.get(SPEND, ""), at)
    return data(
        {
            "month": month(at),
            "spent_usd": _usd(spend.user),
            "budget_usd": _usd(policy.budget_of(person.attributes.get(BUDGET, ""))),
            "group": caller.group,
            "group_spent_usd": _usd(spend.groups.get(caller.group, 0)),
            "group_budget_usd": _usd(policy.budget_microusd),
            "keys": [
                {
                    "id": record.id,
                    "name": record.name,
                    "in_use": record.id == caller.key_id,
                    "spent_usd": _usd(spend.keys.get(record.id, 0)),
                    "budget_usd": _usd(record.budget_microusd),
                }
                for record in _keys(person)
            ],
            "budget_resets_at": resets_at(at),
            "usage": _told(lambda: used(caller.user_id, start, end, ends_at - time.monotonic())),
        }
    )


TELLS: Mapping[str, Callable[[Principal, Arguments, float], ToolResult]] = {
    MY_KEYS.name: lambda caller, _arguments, _ends_at: my_keys(caller),
    MY_USAGE.name: my_usage,
}


def _told(ask: Callable[[], dict[str, Any]]) -> dict[str, Any] | None:
    try:
        return ask()
    except Problem:  # logged where it was met, unless time ran out
        return None


def _keys(person: User) -> list[KeyRecord]:
    """Oldest first."""
    found = [record for slot in range(1, SLOTS + 1) if (record := person.key(slot))]
    return sorted(found, key=lambda key: key.created_at)


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


def _usd(microusd: int | None) -> float | None:
    return None if microusd is None else microusd / 1e6


def _read(user_id: str) -> User:
    found = _answered(lambda: _directory().user(user_id))
    if found is None:
        raise Problem("account_disabled")
    return found


def _group(name: str) -> Group:
    """The group as it is now; one that is gone since the caller was let in allows nothing."""
    found = _answered(lambda: _directory().group(name))
    return NO_GROUP if found is None else found


def _answered(ask: Callable[[], _Found]) -> _Found:
    from pennyworth.aws import AwsError

    try:
        return ask()
    except AwsError as error:
        logger.error("Cognito gave no answer", aws_code=error.code)
        raise Problem("service_unavailable") from None


@cache
def _directory() -> Directory:
    here = settings()
    return Directory(lambda_api(), here.user_pool_id, here.authorizer_ttl_s)
