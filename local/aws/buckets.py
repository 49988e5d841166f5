"""S3 over moto: bucket policies take what comes over the loopback for what comes over TLS, as it does at AWS; and a
condition of a write that S3 knows nothing of is refused."""

import json
from typing import Any

from moto.core.responses import TYPE_RESPONSE
from moto.iam.access_control import IAMPolicy, PermissionResult
from moto.s3.models import FakeBucket
from moto.s3.responses import S3Response

_WITHOUT_TLS = {"Bool": {"aws:SecureTransport": "false"}}  # moto has no such key, and denies whoever is without it


def _permission(self: FakeBucket, action: str, resource: str) -> Any:
    if self.policy is None:
        return PermissionResult.NEUTRAL
    policy = json.loads(self.policy)
    policy["Statement"] = [each for each in policy["Statement"] if each.get("Condition") != _WITHOUT_TLS]
    return IAMPolicy(json.dumps(policy)).is_action_permitted(action, resource)


_put_object = S3Response.put_object
_UNKNOWN = (
    "<Error><Code>NotImplemented</Code>"
    "<Message>A header you provided implies functionality that is not implemented</Message></Error>"
)


def _put(self: S3Response) -> TYPE_RESPONSE:
    """`If-None-Match` of a write takes `*` alone, and not beside `If-Match`. Source: Amazon S3 API reference, PutObject
    (read 2026-11)."""
    absent, present = self.headers.get("If-None-Match"), self.headers.get("If-Match")
    if absent not in (None, "*") or (absent and present):
        return 501, {"Content-Type": "application/xml"}, _UNKNOWN
    answer: TYPE_RESPONSE = _put_object(self)
    return answer


def install() -> None:
    S3Response.put_object = _put
    FakeBucket.get_permission = _permission
