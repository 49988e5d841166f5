"""What CloudWatch Logs hands the ledger."""

import gzip
import json
from base64 import b64encode
from time import time
from uuid import uuid4


def record(user_id, cost_microusd, group="developers", key_id="", tokens=10):
    """A usage record as the openai function writes it, as far as the ledger reads it."""
    return {
        "message": "request",
        "kind": "completion",
        "user_id": user_id,
        "key_id": key_id,
        "group": group,
        "prompt_tokens": tokens,
        "completion_tokens": 0,
        "cost_microusd": cost_microusd,
    }


def batch(*records, at=None):
    """Those as one message; of its own, however alike two are."""
    events = [
        {"id": f"{uuid4().int:056d}", "timestamp": int((at or time()) * 1e3), "message": json.dumps(each)}
        for each in records
    ]
    data = {
        "messageType": "DATA_MESSAGE",
        "owner": "123456789012",
        "logGroup": "/aws/lambda/pennyworth-local-openai",
        "logStream": "2026/11/23/[$LATEST]0",
        "subscriptionFilters": ["ledger"],
        "logEvents": events,
    }
    return {"awslogs": {"data": b64encode(gzip.compress(json.dumps(data).encode())).decode()}}
