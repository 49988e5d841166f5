"""/organization/usage and /organization/costs, and `/me/usage`: what was used, asked of CloudWatch's logs.

A record is there some seconds after its request, and for as long as the log is kept: docs/usage.md.
"""

import time
from typing import Any

from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.allowance import EVERYONE, ONESELF, Questions
from pennyworth.errors import Problem
from pennyworth.insights import MOST_ROWS, Insights
from pennyworth.policy import permit
from pennyworth.principal import Principal
from pennyworth.settings import settings
from services.admin import usage
from services.admin.aws import client
from services.admin.buckets import buckets, page
from services.admin.call import administrator, event, parameters
from services.admin.caller import oneself
from services.admin.directory import directory
from services.admin.insights import queries
from services.admin.objects import Objects
from services.admin.usage import COMPLETIONS, COSTS, EMBEDDINGS, OWN, Form, Wanted

router = Router()  # type: ignore[no-untyped-call]


@router.get("/organization/usage/completions")
def list_completions_usage() -> dict[str, Any]:
    return _of_everyone(COMPLETIONS)


@router.get("/organization/usage/embeddings")
def list_embeddings_usage() -> dict[str, Any]:
    return _of_everyone(EMBEDDINGS)


@router.get("/organization/costs")
def list_costs() -> dict[str, Any]:
    return _of_everyone(COSTS)


@router.get("/me/usage")
def list_own_usage() -> dict[str, Any]:
    """One's own, and nobody else's: no parameter names another."""
    person = oneself(event(), directory())
    permit(person, "usage")
    wanted = usage.parse(parameters(), OWN, time.time())
    return listing(_questions(person, ONESELF), usage.of(wanted, person.user_id))


def _of_everyone(form: Form) -> dict[str, Any]:
    admin = administrator()
    return listing(_questions(admin, EVERYONE), usage.parse(parameters(), form, time.time()))


def _questions(who: Principal, most: int) -> Questions:
    here = settings()
    insights = queries(client("logs"), here.usage_logs)
    return Questions(insights, Objects(client("s3"), here.bucket), who.user_id, most, time.time)


def listing(insights: Insights | Questions, wanted: Wanted) -> dict[str, Any]:
    """A page, by one query. Raises Problem."""
    shown, _ = buckets(wanted)
    if wanted.nothing:
        return page(wanted, [])
    start, end = shown[0].start, shown[-1].end
    rows = insights.rows(usage.text(wanted, start, end), start, end)
    if len(rows) >= MOST_ROWS:
        reason = "There is more in this page than one query can tell. Send a smaller limit, or group by less."
        raise Problem("invalid_request", reason=reason)
    return page(wanted, rows)
