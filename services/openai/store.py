"""What a person keeps with us: objects below their own prefix of the bucket, reached as that person.

The prefix is held twice: here no other key can be formed, and the group's role opens no other (`users/{tag user}/`).
"""

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

from pennyworth.aws import Aws, AwsError, Credentials
from pennyworth.aws.s3 import Bucket, Entry, Head
from pennyworth.errors import Problem
from pennyworth.identity import tags, user_credentials
from pennyworth.logs import logger
from pennyworth.principal import Principal
from pennyworth.settings import settings

# One step of a key: nothing that a path, a URL, a policy or a header could read as anything else.
_STEP = r"[A-Za-z0-9_=-][A-Za-z0-9_.=-]*"
_KEY = re.compile(rf"{_STEP}(/{_STEP})*")
_PREFIX = re.compile(rf"({_STEP}/)*({_STEP})?")
_OWNER = re.compile(r"[A-Za-z0-9_-]{1,128}")
_LONGEST = 700  # bytes of a key; S3 takes 1024
_URL_S = 900
_ABSENT = frozenset({"NoSuchKey", "NoSuchUpload", "404"})
# S3 says so of a key that is not there, too: whether one may know is asked without the prefix the role is bound to.
_DENIED = frozenset({"AccessDenied", "403"})
_PASSING = frozenset(
    [
        "ConnectionError",
        "InternalError",
        "InternalErrorException",
        "OperationAborted",
        "RequestTimeout",
        "ServiceUnavailable",
        "SlowDown",
        "Throttling",
        "Timeout",
        "TooManyRequestsException",
        "500",
        "502",
        "503",
        "504",
    ]
)
_Answer = TypeVar("_Answer")


@dataclass(frozen=True, slots=True)
class Object:
    body: bytes
    size: int  # bytes
    content_type: str
    metadata: Mapping[str, str]  # by lower-case name
    last_modified: float  # unix seconds


class Store:
    """Keys are relative to the person's prefix: steps of `[A-Za-z0-9_.=-]`, none beginning with a dot, joined by `/`.

    A key that is none is a fault of ours, and raises ValueError: check what a client names before it becomes one.
    Whatever S3 refuses becomes a Problem, and the log says what it was.
    """

    def __init__(self, aws: Aws, credentials_of: Callable[[Principal], Credentials], caller: Principal, bucket: str):
        owner = tags(caller).get("user", "")
        # The role opens the prefix of the tag, in which characters may have been replaced: then it is not theirs alone.
        if owner != caller.user_id or not _OWNER.fullmatch(owner):
            raise ValueError("no prefix can be made of this user's id")
        self._prefix = f"users/{owner}/"
        self._credentials = partial(credentials_of, caller)
        self.bucket = Bucket(aws, bucket, self._credentials)

    def key(self, key: str) -> str:
        """The key in the bucket."""
        if not _KEY.fullmatch(key) or len(key) > _LONGEST:
            raise ValueError("not a key")
        return self._prefix + key

    def put(self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str] | None = None) -> None:
        """Metadata is printable ASCII, 2 KB in all."""
        whole = self.key(key)
        self.ask(lambda: self.bucket.put(whole, body, content_type, metadata or {}))

    def get(self, key: str) -> Object | None:
        """An object of 32 MB at most; None where there is none."""
        whole = self.key(key)
        found = self._found(key, lambda: self.bucket.get(whole))
        if found is None:
            return None
        head, body = found
        return Object(body, head.size, head.content_type, head.metadata, head.last_modified)

    def content(self, key: str) -> Iterator[bytes] | None:
        """The bytes of an object of any size as they come."""
        whole = self.key(key)
        found = self._found(key, lambda: self.bucket.content(whole))
        return None if found is None else _told(found)

    def head(self, key: str) -> Head | None:
        whole = self.key(key)
        return self._found(key, lambda: self.bucket.head(whole))

    def delete(self, key: str) -> bool:
        """Whether there was one."""
        whole = self.key(key)
        if not self._is_named(key):
            return False
        self.ask(lambda: self.bucket.delete(whole))
        return True

    def list(self, prefix: str, after: str = "", limit: int = 1000) -> tuple[Entry, ...]:
        """Objects whose keys begin so, 1000 at most, in the order of their keys; `after` is a key or begins one."""
        if not _PREFIX.fullmatch(prefix) or not _PREFIX.fullmatch(after):
            raise ValueError("not a prefix")
        behind = after and self._prefix + after
        found = self.ask(lambda: self.bucket.entries(self._prefix + prefix, behind, limit))
        return tuple(Entry(key.removeprefix(self._prefix), size) for key, size in found)

    def presigned_get(self, key: str, disposition: str = "attachment", expires_s: int = _URL_S) -> str:
        """A URL that hands this object out for so long, as a file to keep."""
        whole = self.key(key)
        answer = {"response-content-disposition": disposition, "response-content-type": "application/octet-stream"}
        return self.ask(lambda: self.bucket.url("GET", whole, expires_s, query=answer))

    def presigned_put(self, key: str, size: int | None = None, expires_s: int = _URL_S) -> str:
        """A URL that takes this object for so long; with a size, exactly so many bytes."""
        whole = self.key(key)
        headers = {} if size is None else {"content-length": str(size)}
        return self.ask(lambda: self.bucket.url("PUT", whole, expires_s, headers=headers))

    def session_ends_at(self) -> float:
        """When the credentials end, and with them what is presigned now; unix seconds."""
        return self.ask(lambda: self._credentials().expires_at)

    def ask(self, call: Callable[[], _Answer]) -> _Answer:
        """What S3 answers. Raises Problem."""
        try:
            return call()
        except AwsError as error:
            raise _problem(error) from None

    def _found(self, key: str, call: Callable[[], _Answer]) -> _Answer | None:
        try:
            return call()
        except AwsError as error:
            if error.code in _ABSENT or (error.code in _DENIED and not self._is_named(key)):
                return None
            raise _problem(error) from None

    def _is_named(self, key: str) -> bool:
        return [entry.key for entry in self.list(key, limit=1)] == [key]


def store(caller: Principal) -> Store:
    """The caller's own. Raises Problem where the installation has no bucket."""
    from services.openai.routing import aws

    here = settings()
    if not here.bucket:
        raise Problem("service_unavailable")
    credentials_of: Callable[[Principal], Credentials] = partial(user_credentials, aws(), settings=here)
    return Store(aws(), credentials_of, caller, here.bucket)


def _told(pieces: Iterator[bytes]) -> Iterator[bytes]:
    try:
        yield from pieces
    except AwsError as error:
        raise _problem(error) from None


def _problem(error: AwsError) -> Problem:
    code = "service_unavailable" if error.code in _PASSING else "internal_error"
    log = logger.warning if code == "service_unavailable" else logger.error
    log("store error", error=error.code, status=error.status, aws_id=error.request_id)
    return Problem(code, retry_after_s=error.retry_after_s)
