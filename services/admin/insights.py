"""The edge to CloudWatch Logs Insights."""

from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Any

from pennyworth import insights
from services.admin.aws import Fault, call


def queries(client: Any, log_groups: Sequence[str], **clocks: Callable[..., Any]) -> insights.Insights:
    """Queries that boto3's client of CloudWatch Logs sends. `clocks`: those of Insights, for tests."""
    return insights.Insights(partial(_called, client), log_groups, **clocks)


def _called(
    client: Any, operation: str, parameters: Mapping[str, Any], *, answer: str = ""
) -> Mapping[str, Any] | None:
    try:
        return call(client, operation, parameters, answers=(answer,))
    except Fault as fault:
        if not answer or fault.aws_code != answer:
            raise
        return None
