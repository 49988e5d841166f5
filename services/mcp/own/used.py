"""What whoever calls has used: requests and tokens, by model, asked of the usage records in CloudWatch's logs."""

import time
from collections.abc import Mapping
from functools import cache
from typing import Any

from pennyworth.allowance import ONESELF, Questions
from pennyworth.errors import Problem
from pennyworth.insights import Insights
from pennyworth.logs import logger
from pennyworth.records import Row, count, one_of, sums
from pennyworth.settings import settings
from services.mcp.inference import lambda_api
from services.mcp.own.objects import Objects

_TIME_S = 10.0  # of a query, of the 29 that API Gateway waits for all of a call
_LEAST_S = 1.0  # for which it is not worth while to begin
_CALL_S = 4.0  # of each call to CloudWatch
_CLAIM_S = 8.0  # for the calls to S3 around it

_COUNTS = {
    "requests": "requests",
    "input_tokens": "prompt",
    "input_cached_tokens": "cached",
    "output_tokens": "completion",
}


def used(user_id: str, start: int, end: int, left_s: float, questions: Questions | None = None) -> dict[str, Any]:
    """Of that user alone, from `start` to before `end`, in unix seconds: what `GET /me/usage` counts, in all and by
    model. `left_s`: what is left of the request's time. Raises Problem."""
    # The last look at the query, and its end, may take a call's time each.
    within_s = min(_TIME_S, left_s - 2 * _CALL_S - _CLAIM_S)
    if within_s < _LEAST_S:
        raise Problem("query_timeout", limit=f"{_LEAST_S:.0f} s")
    query = sums(["ispresent(kind)", one_of(("user_id",), (user_id,))], start, end, ["served"])
    rows = (questions or _questions(user_id)).rows(query, start, end, within_s=within_s)
    models = [{"model": row.get("served", ""), **_counts(row)} for row in rows]
    return {
        "start_time": start,
        "end_time": end,
        **{name: sum(model[name] for model in models) for name in _COUNTS},
        "cost_usd": sum(count(row, "microusd") for row in rows) / 1e6,
        "models": sorted(models, key=lambda model: str(model["model"])),
    }


def _counts(row: Row) -> dict[str, Any]:
    return {**{name: count(row, field) for name, field in _COUNTS.items()}, "cost_usd": count(row, "microusd") / 1e6}


def _questions(user_id: str) -> Questions:
    return Questions(_insights(), Objects(lambda_api(), settings().bucket), user_id, ONESELF, time.time)


@cache
def _insights() -> Insights:
    return Insights(_called, settings().usage_logs)


def _called(operation: str, parameters: Mapping[str, Any], *, answer: str = "") -> Mapping[str, Any] | None:
    from pennyworth.aws import AwsError

    try:
        return lambda_api().json("logs", operation, parameters, timeout_s=_CALL_S)
    except AwsError as error:
        if answer and error.code == answer:
            return None
        logger.error("CloudWatch's logs gave no answer", operation=operation, aws_code=error.code)
        raise Problem("service_unavailable") from None
