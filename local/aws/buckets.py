"""S3 over moto: bucket policies take what comes over the loopback for what comes over TLS, as it does at AWS."""

import json
from typing import Any

from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}  # moto has no such key, and denies whoever is without it


def _permission(self: FakeBucket, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    policy["Statement"] = [each for each in policy["Statement"] if each.get("Condition") != _WITHOUT_TLS]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


def install() -> None:
    FakeBucket.get_permission = _permission
