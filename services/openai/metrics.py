"""A usage record's metrics, in CloudWatch's embedded metric format: the line itself says which of its numbers they are.

Every combination of a metric and its dimensions' values is one that CloudWatch bills, in hours in which it gets data.
So there are four, by the model that served, and of models that the catalogue does not list only together: else whoever
may use any model of a provider's would choose how many there are. Requests are each metric's sample count.

Source: Amazon CloudWatch user guide, specification: embedded metric format (read 2026-11).
"""

from collections.abc import Mapping
from typing import Any

_UNITS = {
    "prompt_tokens": "Count",
    "completion_tokens": "Count",
    "cost_microusd": "None",
    "duration_ms": "Milliseconds",
}
_ALWAYS = "duration_ms"  # the request's line has it, whatever else it says


def embedded(line: Mapping[str, Any], namespace: str, *, listed: bool, at_ms: int) -> dict[str, Any]:
    """The line's member `_aws`. `listed`: whether the catalogue has the model that served. `at_ms`: unix time."""
    present = [name for name in _UNITS if name in line or name == _ALWAYS]
    directive = {
        "Namespace": namespace,
        "Dimensions": [["service", "served"] if listed else ["service"]],
        "Metrics": [{"Name": name, "Unit": _UNITS[name]} for name in present],
    }
    return {"Timestamp": at_ms, "CloudWatchMetrics": [directive]}
