"""The edge to S3: objects of ours in the bucket, each written only over the one that was read.

S3 refuses a write whose condition fails: `If-None-Match: *` where there is an object, `If-Match` where it is another
one (412, or 404 where it is gone), and either while another write of it is under way (409). Source: Amazon S3 user
guide, conditional writes (read 2026-11).
"""

from typing import Any, NamedTuple

from services.admin.aws import Fault, call, whole

_MOVED = ("PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey")
# Who may not list the bucket is not told that there is no such object, but that they may not read it.
_ABSENT = ("NoSuchKey", "AccessDenied")


class Stored(NamedTuple):
    body: bytes
    version: str  # the object's ETag


class Objects:
    """Every method may raise the Problems of `aws.call`."""

    def __init__(self, client: Any, bucket: str) -> None:
        self._client, self._bucket = client, bucket

    def read(self, name: str) -> Stored | None:
        """None where there is none."""
        try:
            answer = call(self._client, "GetObject", {"Bucket": self._bucket, "Key": name}, answers=_ABSENT)
        except Fault as fault:
            if fault.aws_code in _ABSENT:
                return None
            raise
        return Stored(whole(answer["Body"]), answer["ETag"])

    def write(self, name: str, text: str, over: str) -> str | None:
        """The new version; None where it would not have been over the version that was read, which is empty for no
        object."""
        condition = {"IfMatch": over} if over else {"IfNoneMatch": "*"}
        wanted = {"Bucket": self._bucket, "Key": name, "Body": text.encode(), **condition}
        try:
            answer = call(self._client, "PutObject", {**wanted, "ContentType": "application/json"}, answers=_MOVED)
        except Fault as fault:
            if fault.aws_code in _MOVED:
                return None
            raise
        return str(answer["ETag"])
