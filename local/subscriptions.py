"""Subscriptions of log groups: what matches a filter is handed to a Lambda function, as CloudWatch Logs does it.

Source: Amazon CloudWatch Logs user guide, real-time processing of log data with subscriptions (read 2026-11).
"""

import gzip
import json
from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

from local.aws.filter_pattern import matching

Event = dict[str, Any]  # {id, timestamp, message}


class Subscriptions:
    """`logs` and `functions`: boto3's clients of CloudWatch Logs and Lambda."""

    def __init__(self, logs: Any, functions: Any, account_id: str) -> None:
        self._logs, self._functions, self._account_id = logs, functions, account_id

    def deliver(self, group: str, stream: str, events: Sequence[Event]) -> None:
        """Hand over what matches, once to each destination. Raises botocore's errors."""
        for each in self._logs.describe_subscription_filters(logGroupName=group)["subscriptionFilters"]:
            matches = matching(each["filterPattern"])
            found = [event for event in events if matches(event["message"])]
            if found:
                payload = message(self._account_id, group, stream, each["filterName"], found)
                self._functions.invoke(
                    FunctionName=each["destinationArn"], InvocationType="Event", Payload=json.dumps(payload)
                )


def message(account_id: str, group: str, stream: str, name: str, events: Iterable[Event]) -> dict[str, Any]:
    """The event of an invocation by the subscription filter `name`."""
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": account_id,
        "logGroup": group,
        "logStream": stream,
        "subscriptionFilters": [name],
        "logEvents": list(events),
    }
    return {"awslogs": {"data": b64encode(gzip.compress(json.dumps(data).encode())).decode()}}
