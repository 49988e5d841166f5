"""What a signed-in person may know of themselves."""

import time
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.budgets import resets_at
from pennyworth.http import Event
from pennyworth.keys import SLOTS
from pennyworth.policy import Group, effective
from services.admin import apikeys, query
from services.admin.caller import oneself
from services.admin.declaration import rate
from services.admin.directory import directory
from services.admin.money import usd
from services.admin.people import Person, tools, user

router = Router()  # type: ignore[no-untyped-call]


@router.get("/me")
def retrieve_me() -> dict[str, Any]:
    event: Event = router.current_event.raw_event
    user_id = oneself(event, directory()).user_id
    query.only(event.get("multiValueQueryStringParameters") or {})
    return me(directory().person(user_id), directory().groups_of(user_id), time.time())


def me(person: Person, groups: list[Group], now: float) -> dict[str, Any]:
    """The profile, and what the group that speaks for the person allows. Of its guardrails the one that stands around
    every call is `guardrail`, those a request may name are `guardrails`. Budgets are a month's, in dollars, null for
    any amount; what the group spent is as of the person's own last request."""
    group = effective(groups)
    policy = group.policy
    working = [key for key in apikeys.stored(person.slots) if not key.record.expired(now)]
    return {
        "object": "me",
        "user": user(person, groups),
        "group": group.name or None,
        "policy": {
            "actions": sorted(policy.actions),
            "models": list(policy.models),
            "guardrail": policy.guardrail._asdict() if policy.guardrail else None,
            "guardrails": list(policy.guardrails),
            "rate": rate(policy),
            "tools": tools(policy.tools),
        },
        "limits": {
            "api_keys": SLOTS,
            "api_keys_in_use": len(working),
            "budget_usd": usd(policy.budget_of(person.own_budget)),
            "spent_usd": usd(person.spend.user),
            "group_budget_usd": usd(policy.budget_microusd),
            "group_spent_usd": usd(person.spend.groups.get(group.name, 0)),
            "budget_resets_at": resets_at(now),
        },
    }
