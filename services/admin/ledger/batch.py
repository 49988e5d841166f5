"""What a subscription of CloudWatch Logs brings, as uses of models to be counted. Pure.

Source: Amazon CloudWatch Logs user guide, real-time processing of log data with subscriptions (read 2026-11).
"""

import gzip
import json
from base64 import b64decode
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from typing import Any, NamedTuple

from pennyworth.budgets import month
from services.admin.people import is_user_id

# What is known; where nobody knows the price of a service tier or geography, what the known one would have cost; and of
# an answer that was not there in time, what it may have.
_COSTS = ("cost_microusd", "standard_microusd", "unseen_microusd")
_ID = 24  # hexadecimal digits of a batch's hash: 96 bits


class Use(NamedTuple):
    """A usage record, as far as budgets care."""

    month: str  # in which the record was written
    user_id: str
    key_id: str  # empty for a sign-in token
    group: str
    cost_microusd: int
    tokens: int


@dataclass(frozen=True, slots=True)
class Batch:
    """Log events that came together. The same events make the same `id`, however often and in whatever order they are
    delivered."""

    id: str
    uses: tuple[Use, ...] = ()
    at: float = 0.0  # when the newest of its records was written, in unix seconds
    skipped: int = 0  # events that are no usage record we can read


def batch(event: Mapping[str, Any]) -> Batch:
    """`{"awslogs": {"data": base64 of gzipped JSON}}` as a batch. A control message, by which CloudWatch checks that
    somebody listens, holds nothing to count. Raises KeyError, TypeError or ValueError for what CloudWatch did not make.
    """
    message = json.loads(gzip.decompress(b64decode(event["awslogs"]["data"], validate=True)))
    data = message["messageType"] == "DATA_MESSAGE"
    events = message["logEvents"] if data else []
    # Ids are a log group's own.
    named = "\n".join([message["logGroup"], message["logStream"], *sorted(each["id"] for each in events)])
    found = [_use(each) for each in events]
    spent = tuple(use for use in found if use is not None and (use.cost_microusd or use.tokens))
    at = max((each["timestamp"] / 1e3 for each, use in zip(events, found, strict=True) if use is not None), default=0.0)
    return Batch(sha256(named.encode()).hexdigest()[:_ID], spent, at, found.count(None))


def _use(event: Mapping[str, Any]) -> Use | None:
    """None for what no service of ours writes: it must not keep the others of its batch from being counted."""
    try:
        line = json.loads(event["message"])
        user_id, group, key_id = line["user_id"], line.get("group") or "", line.get("key_id") or ""
        cost = sum(_count(line, name) for name in _COSTS)
        tokens = _count(line, "prompt_tokens") + _count(line, "completion_tokens")
        if not (is_user_id(user_id) and isinstance(group, str) and isinstance(key_id, str)):
            return None
        return Use(month(event["timestamp"] / 1e3), user_id, key_id, group, cost, tokens)
    except (ValueError, KeyError, TypeError, AttributeError, OverflowError, OSError):
        return None


def _count(line: Mapping[str, Any], name: str) -> int:
    """0 where the record says nothing: of a model without a known price the tokens alone count."""
    count = line.get(name) or 0
    if type(count) is not int or count < 0:
        raise ValueError("no count")
    return count
