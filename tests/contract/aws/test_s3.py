"""What we ask of S3 is what boto3 asks: method, address, query, headers and body."""

import os
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit
from xml.etree import ElementTree

import botocore.session
import pytest
from botocore.awsrequest import AWSResponse
from botocore.config import Config

from pennyworth.aws import Aws, AwsError, Credentials
from pennyworth.aws.message import Reply
from pennyworth.aws.s3 import Bucket

KEY = "users/u-1/files/a=b_c-d.e"
CREDENTIALS = Credentials("AKID", "secret", "token")
HEADERS = {
    "content-length": "3",
    "last-modified": "Thu, 28 May 2026 21:26:40 GMT",
    "etag": '"e"',
    "content-type": "text/plain",
    "x-amz-meta-a": "b",
}
# Checksums and retries are boto3's own business; the signature is held to it elsewhere.
ITS_OWN = ("amz-sdk-", "x-amz-checksum-", "x-amz-sdk-", "user-agent", "expect", "x-amz-date", "authorization")

ANSWERS = {
    "begin": "<R><UploadId>id</UploadId></R>",
    "copy_part": '<R><ETag>"e"</ETag></R>',
    "complete": "<R><ETag>e</ETag></R>",
    "entries": "<R><IsTruncated>false</IsTruncated><Contents><Key>users/u/k</Key><Size>3</Size></Contents></R>",
    "parts": '<R><Part><PartNumber>1</PartNumber><ETag>"e"</ETag></Part></R>',
}
PART = {"Bucket": "files", "Key": KEY, "UploadId": "id/+="}
CALLS: dict[str, tuple[Callable[[Bucket], object], str, dict[str, Any], object]] = {
    "put": (
        lambda bucket: bucket.put(KEY, b"abc", "text/plain", {"a": "b"}),
        "put_object",
        {"Bucket": "files", "Key": KEY, "Body": b"abc", "ContentType": "text/plain", "Metadata": {"a": "b"}},
        None,
    ),
    "get": (lambda bucket: bucket.get(KEY)[0].metadata, "get_object", {"Bucket": "files", "Key": KEY}, {"a": "b"}),
    "get_range": (
        lambda bucket: bucket.get_range(KEY, 5, 10),
        "get_object",
        {"Bucket": "files", "Key": KEY, "Range": "bytes=5-14"},
        b"",
    ),
    "head": (lambda bucket: bucket.head(KEY).size, "head_object", {"Bucket": "files", "Key": KEY}, 3),
    "delete": (lambda bucket: bucket.delete(KEY), "delete_object", {"Bucket": "files", "Key": KEY}, None),
    "entries": (
        lambda bucket: bucket.entries("users/u/", "users/u/a", 7),
        "list_objects_v2",
        {"Bucket": "files", "Prefix": "users/u/", "StartAfter": "users/u/a", "MaxKeys": 7},
        [("users/u/k", 3)],
    ),
    "begin": (
        lambda bucket: bucket.begin(KEY, "text/plain"),
        "create_multipart_upload",
        {"Bucket": "files", "Key": KEY, "ContentType": "text/plain"},
        "id",
    ),
    "put_part": (
        lambda bucket: bucket.put_part(KEY, "id/+=", 2, b"abc"),
        "upload_part",
        {**PART, "PartNumber": 2, "Body": b"abc"},
        '"e"',
    ),
    "copy_part": (
        lambda bucket: bucket.copy_part(KEY, "id/+=", 2, "users/u/a=b", 0, 10),
        "upload_part_copy",
        {
            **PART,
            "PartNumber": 2,
            "CopySource": {"Bucket": "files", "Key": "users/u/a=b"},
            "CopySourceRange": "bytes=0-9",
        },
        '"e"',
    ),
    "parts": (lambda bucket: bucket.parts(KEY, "id/+="), "list_parts", PART, ['"e"']),
    "complete": (
        lambda bucket: bucket.complete(KEY, "id/+=", ['"x"', '"y"']),
        "complete_multipart_upload",
        {
            **PART,
            "MultipartUpload": {"Parts": [{"PartNumber": 1, "ETag": '"x"'}, {"PartNumber": 2, "ETag": '"y"'}]},
        },
        None,
    ),
    "abort": (lambda bucket: bucket.abort(KEY, "id/+="), "abort_multipart_upload", PART, None),
}


class Recording:
    """An Aws that answers and notes what it was asked."""

    def __init__(self, body: bytes) -> None:
        self.body, self.asked = body, ()

    def s3(self, method: str, bucket: str, target: str, body: bytes = b"", **options: Any) -> Reply:
        assert options["credentials"] == CREDENTIALS
        self.asked = method, bucket, target, options["headers"] or {}, body
        return Reply(200, HEADERS, self.body)


def theirs(operation: str, parameters: Mapping[str, Any]) -> Any:
    """The request boto3 would send."""
    client = boto_client()
    sent: list[Any] = []

    def catch(request: Any, **_: Any) -> AWSResponse:
        sent.append(request)
        return AWSResponse(request.url, 200, {}, Raw())

    client.meta.events.register("before-send.s3", catch)
    getattr(client, operation)(**parameters)
    return sent[0]


class Raw:
    def stream(self, **_: Any) -> Any:
        yield b"<R/>"


def boto_client(**options: Any) -> Any:
    config = Config(
        signature_version="s3v4",
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return botocore.session.Session().create_client(
        "s3",
        region_name="us-east-1",
        aws_access_key_id="AKID",
        aws_secret_access_key="secret",
        aws_session_token="token",
        config=config,
        **options,
    )


@pytest.fixture(autouse=True)
def clean(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in os.environ:
        if name.startswith("AWS_"):
            monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_S3_US_EAST_1_REGIONAL_ENDPOINT", "regional")
    return monkeypatch


def text(value: str | bytes) -> str:
    return value.decode() if isinstance(value, bytes) else value


def shape(body: Any) -> object:
    """A body, or what an XML one says."""
    body = body if isinstance(body, bytes) else body.read()
    if not body.startswith(b"<"):
        return body
    element = ElementTree.fromstring(body)  # noqa: S314 -- boto3's and our own
    return element.tag, [sorted((leaf.tag, leaf.text) for leaf in each) for each in element]


@pytest.mark.parametrize("name", CALLS)
def test_each_call_is_botocores(name: str) -> None:
    call, operation, parameters, expected = CALLS[name]
    aws = Recording(ANSWERS.get(name, "").encode())
    assert call(Bucket(aws, "files", lambda: CREDENTIALS)) == expected  # type: ignore[arg-type]
    method, bucket, target, headers, body = aws.asked  # type: ignore[misc]
    request = theirs(operation, parameters)
    url = urlsplit(request.url)
    assert (method, f"{bucket}.s3.us-east-1.amazonaws.com") == (request.method, url.netloc)
    assert target.partition("?")[0] == url.path
    query = sorted(parse_qsl(target.partition("?")[2], keep_blank_values=True))
    said = sorted(parse_qsl(url.query, keep_blank_values=True))
    assert query == [pair for pair in said if pair not in (("x-id", pair[1]), ("encoding-type", "url"))]
    sent = {header.lower(): text(value) for header, value in request.headers.items()}
    relevant = {header: value for header, value in sent.items() if not header.startswith(ITS_OWN)}
    for signed in ("x-amz-content-sha256", "x-amz-security-token", "content-length", "content-md5"):
        relevant.pop(signed, None)
    assert headers.items() >= {(k, v) for k, v in relevant.items() if k != "content-type"}
    assert {k: v for k, v in headers.items() if k != "content-type"}.items() <= relevant.items()
    assert shape(body) == shape(request.body or b"")


@pytest.mark.parametrize("environ", [{}, {"AWS_ENDPOINT_URL_S3": "http://127.0.0.1:4566/base"}])
@pytest.mark.parametrize(("method", "operation"), [("GET", "get_object"), ("PUT", "put_object")])
def test_a_presigned_url_is_botocores(
    environ: dict[str, str], method: str, operation: str, clean: pytest.MonkeyPatch
) -> None:
    aws = Aws("us-east-1", lambda: CREDENTIALS, environ)
    ours = urlsplit(Bucket(aws, "files", lambda: CREDENTIALS).url(method, KEY, 60))
    for variable, value in environ.items():
        clean.setenv(variable, value)
    said = urlsplit(boto_client().generate_presigned_url(operation, {"Bucket": "files", "Key": KEY}, 60))
    assert ours[:3] == said[:3]
    moving = {"X-Amz-Date", "X-Amz-Signature"}
    mine, its = (dict(parse_qsl(url.query)) for url in (ours, said))
    assert mine.keys() == its.keys()
    assert {k: v for k, v in mine.items() if k not in moving} == {k: v for k, v in its.items() if k not in moving}


def test_a_length_that_is_signed_binds_the_one_who_uploads() -> None:
    aws = Aws("us-east-1", lambda: CREDENTIALS, {})
    url = Bucket(aws, "files", lambda: CREDENTIALS).url("PUT", KEY, 60, headers={"content-length": "5"})
    said = boto_client().generate_presigned_url(
        "put_object", {"Bucket": "files", "Key": KEY, "ContentLength": 5}, ExpiresIn=60
    )
    names = [dict(parse_qsl(urlsplit(each).query))["X-Amz-SignedHeaders"] for each in (url, said)]
    assert names == ["content-length;host"] * 2


def test_a_failure_that_begins_with_200_is_one() -> None:
    aws = Recording(b"<Error><Code>InternalError</Code><Message>We failed</Message></Error>")
    bucket = Bucket(aws, "files", lambda: CREDENTIALS)  # type: ignore[arg-type]
    with pytest.raises(AwsError) as raised:
        bucket.complete(KEY, "id", ["e"])
    assert raised.value.code == "InternalError"
