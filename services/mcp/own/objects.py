"""Objects of ours in the bucket, each written only over the one that was read: as the administration's, through the
function's own transport."""

from typing import TYPE_CHECKING, NamedTuple

from pennyworth.errors import Problem
from pennyworth.logs import logger

if TYPE_CHECKING:
    from pennyworth.aws import Aws
    from pennyworth.aws.message import Reply

_MOVED = frozenset({"PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"})
# Who may not list the bucket is not told that there is no such object, but that they may not read it.
_ABSENT = frozenset({"NoSuchKey", "AccessDenied"})
_CALL_S = 2.0


class Stored(NamedTuple):
    body: bytes
    version: str  # the object's ETag


class Objects:
    """Keys are plain: letters, digits, `-`, `.` and slashes. Every call may raise Problem service_unavailable."""

    def __init__(self, aws: "Aws", bucket: str) -> None:
        self._aws, self._bucket = aws, bucket

    def read(self, name: str) -> Stored | None:
        """None where there is none."""
        reply = self._answer("GET", name, b"", {}, _ABSENT)
        return reply and Stored(reply.body, reply.headers["etag"])

    def write(self, name: str, text: str, over: str) -> str | None:
        """The new version; None where it would not have been over the version that was read, which is empty for no
        object."""
        condition = {"if-match": over} if over else {"if-none-match": "*"}
        headers = {"content-type": "application/json", **condition}
        reply = self._answer("PUT", name, text.encode(), headers, _MOVED)
        return reply and reply.headers["etag"]

    def _answer(
        self, method: str, name: str, body: bytes, headers: dict[str, str], nothing: frozenset[str]
    ) -> "Reply | None":
        from pennyworth.aws import AwsError

        try:
            return self._aws.s3(method, self._bucket, f"/{name}", body, headers=headers, timeout_s=_CALL_S)
        except AwsError as error:
            if error.code in nothing:
                return None
            logger.error("S3 gave no answer", operation=method, aws_code=error.code)
            raise Problem("service_unavailable") from None
