"""A bucket's objects through S3's REST API. Source: Amazon S3 API reference (read 2026-11)."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from email.utils import parsedate_to_datetime
from typing import NamedTuple
from urllib.parse import quote, urlencode
from xml.sax.saxutils import escape

from pennyworth.aws.client import Aws
from pennyworth.aws.credentials import Credentials
from pennyworth.aws.error import AwsError, refusal
from pennyworth.aws.message import Reply
from pennyworth.aws.xml import leaves, records

_META = "x-amz-meta-"


class Head(NamedTuple):
    """An object but for its bytes."""

    size: int  # bytes
    content_type: str
    metadata: Mapping[str, str]  # by lower-case name
    last_modified: float  # unix seconds
    etag: str


class Entry(NamedTuple):
    """An object in a listing."""

    key: str
    size: int  # bytes


class Bucket:
    """Every call raises AwsError. `credentials` is asked before each; keys are whole and plain."""

    def __init__(self, aws: Aws, name: str, credentials: Callable[[], Credentials]) -> None:
        self._aws, self._name, self._credentials = aws, name, credentials

    def put(self, key: str, body: bytes, content_type: str, metadata: Mapping[str, str]) -> None:
        """Values of the metadata are printable ASCII. Raises ValueError for a line break in one."""
        headers = {"content-type": content_type, **{f"{_META}{name}": value for name, value in metadata.items()}}
        self._call("PUT", _target(key), body, headers)

    def get(self, key: str) -> tuple[Head, bytes]:
        """An object and its bytes, 32 MB at most."""
        reply = self._call("GET", _target(key))
        return _head(reply), reply.body

    def get_range(self, key: str, start: int, length: int) -> bytes:
        return self._call("GET", _target(key), headers={"range": f"bytes={start}-{start + length - 1}"}).body

    def content(self, key: str) -> Iterator[bytes]:
        """An object's bytes as they come. What S3 refuses is raised here, not by the iterator."""
        return self._aws.s3_content(self._name, _target(key), credentials=self._credentials())

    def head(self, key: str) -> Head:
        """An answer to HEAD has no body, so a refusal is named by its status: 404, 403."""
        return _head(self._call("HEAD", _target(key)))

    def delete(self, key: str) -> None:
        """S3 does not say whether there was one."""
        self._call("DELETE", _target(key))

    def entries(self, prefix: str, after: str = "", limit: int = 1000) -> list[Entry]:
        """The first objects below the prefix in the order of their keys' bytes: those behind `after`, 1000 at most."""
        query = {"list-type": "2", "max-keys": str(limit), "prefix": prefix}
        if after:
            query["start-after"] = after
        reply = self._call("GET", f"/?{urlencode(query, quote_via=quote, safe='')}")
        return [Entry(each["Key"], int(each["Size"])) for each in _records(reply, "Contents")]

    def url(
        self,
        method: str,
        key: str,
        expires_s: int,
        *,
        headers: Mapping[str, str] | None = None,
        query: Mapping[str, str] | None = None,
    ) -> str:
        """A presigned URL: it dies with the credentials it was made with, if they expire sooner."""
        return self._aws.s3_url(
            method,
            self._name,
            _target(key, **(query or {})),
            credentials=self._credentials(),
            expires_s=expires_s,
            headers=headers,
        )

    def begin(self, key: str, content_type: str) -> str:
        """The id of a new multipart upload."""
        headers = {"content-type": content_type}
        return _leaves(self._call("POST", _target(key, uploads=""), headers=headers, idempotent=False))["UploadId"]

    def put_part(self, key: str, upload_id: str, number: int, body: bytes) -> str:
        """The part's ETag. Parts are 5 MiB to 5 GiB, but for the last, and 10,000 at most."""
        target = _target(key, partNumber=str(number), uploadId=upload_id)
        return self._call("PUT", target, body).headers["etag"]

    def copy_part(self, key: str, upload_id: str, number: int, source: str, start: int, length: int) -> str:
        """The ETag of a part whose bytes are some of another object's, which S3 copies by itself."""
        headers = {
            "x-amz-copy-source": f"{self._name}{_target(source)}",
            "x-amz-copy-source-range": f"bytes={start}-{start + length - 1}",
        }
        target = _target(key, partNumber=str(number), uploadId=upload_id)
        return _leaves(self._call("PUT", target, headers=headers, timeout_s=300))["ETag"]

    def parts(self, key: str, upload_id: str) -> list[str]:
        """The first thousand parts' ETags in order."""
        reply = self._call("GET", _target(key, uploadId=upload_id))
        return [each["ETag"] for each in _records(reply, "Part")]

    def complete(self, key: str, upload_id: str, etags: Sequence[str]) -> None:
        numbered = (
            f"<Part><ETag>{escape(etag)}</ETag><PartNumber>{number}</PartNumber></Part>"
            for number, etag in enumerate(etags, 1)
        )
        body = (
            '<CompleteMultipartUpload xmlns="http://s3.amazonaws.com/doc/2006-03-01/">'
            f"{''.join(numbered)}</CompleteMultipartUpload>"
        ).encode()
        headers = {"content-type": "application/xml"}
        _leaves(self._call("POST", _target(key, uploadId=upload_id), body, headers, idempotent=False, timeout_s=300))

    def abort(self, key: str, upload_id: str) -> None:
        self._call("DELETE", _target(key, uploadId=upload_id))

    def _call(
        self,
        method: str,
        target: str,
        body: bytes = b"",
        headers: Mapping[str, str] | None = None,
        *,
        idempotent: bool = True,
        timeout_s: float = 60.0,
    ) -> Reply:
        return self._aws.s3(
            method,
            self._name,
            target,
            body,
            credentials=self._credentials(),
            headers=headers,
            timeout_s=timeout_s,
            idempotent=idempotent,
        )


def _target(key: str, **query: str) -> str:
    """Each byte of a key is encoded once, but for the slashes; a query's parameters in the order of their names."""
    path = "/" + quote(key, safe="/-._~")
    return f"{path}?{urlencode(sorted(query.items()), quote_via=quote, safe='-._~')}" if query else path


def _head(reply: Reply) -> Head:
    headers = reply.headers
    try:
        return Head(
            size=int(headers["content-length"]),
            content_type=headers.get("content-type", ""),
            metadata={name[len(_META) :]: value for name, value in headers.items() if name.startswith(_META)},
            last_modified=parsedate_to_datetime(headers["last-modified"]).timestamp(),
            etag=headers.get("etag", ""),
        )
    except (KeyError, ValueError):
        raise AwsError("ConnectionError", message="unreadable reply: no object in it") from None


def _leaves(reply: Reply) -> dict[str, str]:
    """Copying and completing take their time: S3 may say 200 at once, and in the body that it failed after all."""
    found = _records(reply, "Error")
    if found:
        raise refusal(500, reply.headers, reply.body)
    return leaves(reply.body)


def _records(reply: Reply, name: str) -> list[dict[str, str]]:
    try:
        return records(reply.body, name)[1:]
    except ValueError as error:
        raise AwsError("ConnectionError", message=f"unreadable reply: {error}") from None
