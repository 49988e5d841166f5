"""Every key the store forms lies below the caller's own prefix, and every call it makes the role allows."""

import re
from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from local import permissions
from pennyworth.aws import AwsError, Credentials
from pennyworth.aws.message import Reply
from pennyworth.errors import Problem
from pennyworth.principal import Principal
from services.openai.store import Store

MODIFIED = "Thu, 28 May 2026 21:26:40 GMT"


class Aws:
    """Notes what it is asked."""

    def __init__(self, answer=b"<R><UploadId>u</UploadId><ETag>e</ETag></R>"):
        self.answer, self.asked = answer, []

    def s3(self, method, bucket, target, body=b"", *, headers=None, **_):
        self.asked.append((method, target, headers or {}))
        if isinstance(self.answer, Exception):
            raise self.answer
        return Reply(200, {"content-length": "0", "last-modified": MODIFIED, "etag": "e"}, self.answer)

    def s3_content(self, bucket, target, **_):
        self.asked.append(("GET", target, {}))
        return iter(())

    def s3_url(self, method, bucket, target, **_):
        self.asked.append((method, target, {}))
        return target


def caller(user_id="u-1"):
    return Principal(user_id, "ann@example.com", "", "g", "r", frozenset(), ())


def store(aws, user_id="u-1"):
    return Store(aws, lambda _: Credentials("a", "b"), caller(user_id), "files")


CALLS = {
    "put": lambda store, key: store.put(key, b"", "text/plain"),
    "get": lambda store, key: store.get(key),
    "content": lambda store, key: store.content(key),
    "head": lambda store, key: store.head(key),
    "delete": lambda store, key: store.delete(key),
    "list": lambda store, key: store.list(key),
    "list after": lambda store, key: store.list("", key),
    "presigned get": lambda store, key: store.presigned_get(key),
    "presigned put": lambda store, key: store.presigned_put(key, 5),
    "key": lambda store, key: store.key(key),
}


def reached(method, target, headers):
    """Actions and keys of a request, as S3 authorizes it. Source: Amazon S3 API reference (read 2026-11)."""
    parts = urlsplit(target)
    key, query = unquote(parts.path)[1:], parts.query
    if not key:
        prefix = re.search(r"(?:^|&)prefix=([^&]*)", query)
        return {("s3:ListBucket", unquote(prefix[1]))}
    if method == "GET" and "uploadId" in query:
        return {("s3:ListMultipartUploadParts", key)}
    if method == "DELETE" and "uploadId" in query:
        return {("s3:AbortMultipartUpload", key)}
    action = {"GET": "GetObject", "HEAD": "GetObject", "DELETE": "DeleteObject"}.get(method, "PutObject")
    also = headers.get("x-amz-copy-source")
    return {(f"s3:{action}", key)} | ({("s3:GetObject", unquote(also).removeprefix("files/"))} if also else set())


@given(st.sampled_from(sorted(CALLS)), st.text() | st.from_regex(r"[a-z./%\\]{1,12}", fullmatch=True))
def test_whatever_a_key_is_no_call_leaves_the_callers_prefix(name, key):
    aws = Aws()
    try:
        CALLS[name](store(aws), key)
    except ValueError:
        assert aws.asked == []
    for request in aws.asked:
        for _, formed in reached(*request):
            assert formed.startswith("users/u-1/")
            assert not {"..", ".", ""} & set(formed.split("/")[:-1])


@pytest.mark.parametrize(
    "key",
    [
        *("", "/", "/a", "a/", "a//b", "..", "../u-2/a", "a/../b", "a/..", ".", "a/./b", ".a", "a b", "a?b", "a#b"),
        *("a%2fb", "a\nb", "a\\b", "é", "*", "a*", "${aws:PrincipalTag/user}", "a" * 701),
    ],
)
@pytest.mark.parametrize("name", sorted(set(CALLS) - {"list", "list after"}))
def test_what_is_no_key_goes_nowhere(name, key):
    aws = Aws()
    with pytest.raises(ValueError, match="not a key"):
        CALLS[name](store(aws), key)
    assert aws.asked == []


# In a session's tag other characters stand for some, and it is cut: two such users would have one tag, and one prefix.
@pytest.mark.parametrize(
    ("user_id", "reason"),
    [
        *((user_id, "no prefix") for user_id in ("", "..", "a/b", "a/../b", "a b", "ü", "a" * 129)),
        *((user_id, "not an id") for user_id in ("a!b", "a*b", "a?b", "a$b", "${b}", "a" * 257)),
    ],
)
def test_a_user_of_whom_no_prefix_can_be_made_has_no_store(user_id, reason):
    with pytest.raises(ValueError, match=reason):
        store(Aws(), user_id)


def test_the_role_allows_exactly_these_calls_on_exactly_this_prefix():
    aws = Aws()
    mine = store(aws)
    for call in CALLS.values():
        call(mine, "a/b")
    key, bucket = mine.key("a"), mine.bucket
    bucket.delete(key)
    bucket.get_range(key, 0, 1)
    bucket.begin(key, "text/plain")
    bucket.put_part(key, "u", 1, b"")
    bucket.copy_part(key, "u", 1, key, 0, 1)
    bucket.parts(key, "u")
    bucket.complete(key, "u", ["e"])
    bucket.abort(key, "u")
    made = set().union(*(reached(*request) for request in aws.asked))
    policy = permissions.group((), "us-east-1", "1", "arn:aws:s3:::files")
    allowed = {statement["Sid"]: statement for statement in policy["Statement"]}
    assert {action for action, _ in made} == set(allowed["Files"]["Action"] + allowed["FileNames"]["Action"])
    own = "users/${aws:PrincipalTag/user}/*"
    assert allowed["Files"]["Resource"] == [f"arn:aws:s3:::files/{own}"]
    assert allowed["FileNames"]["Condition"]["StringLike"]["s3:prefix"] == own
    assert all(formed.startswith("users/u-1/") for _, formed in made)


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (AwsError("SlowDown", 503), "service_unavailable"),
        (AwsError("ConnectionError"), "service_unavailable"),
        (AwsError("NoSuchBucket", 404, "AWS's own words"), "internal_error"),
        (AwsError("AccessDenied", 403, "AWS's own words"), "internal_error"),
    ],
)
def test_what_s3_refuses_is_a_problem_without_its_words(error, expected):
    for call in (lambda store: store.get("a"), lambda store: store.list(""), lambda store: store.put("a", b"", "b")):
        with pytest.raises(Problem) as raised:
            call(store(Aws(error)))
        assert raised.value.code == expected
        assert "own words" not in raised.value.message


def test_a_refusal_to_say_whether_there_is_one_means_that_there_is_none():
    """S3 answers 403 for a missing key to whoever may list a prefix alone."""

    class Listing(Aws):
        def s3(self, method, bucket, target, body=b"", **options):
            if target.startswith("/?"):
                return super().s3(method, bucket, target, body, **options)
            raise AwsError("AccessDenied", 403)

    assert store(Listing(b"<R/>")).get("a") is None
    there = b"<R><Contents><Key>users/u-1/a</Key><Size>1</Size></Contents></R>"
    with pytest.raises(Problem, match="went wrong"):
        store(Listing(there)).get("a")


def test_a_connection_that_breaks_while_an_object_comes_is_a_problem_too():
    class Breaking(Aws):
        def s3_content(self, *_, **__):
            yield b"ow"
            raise AwsError("ConnectionError", message="AWS's own words")

    pieces = store(Breaking()).content("a")
    assert next(pieces) == b"ow"
    with pytest.raises(Problem) as raised:
        next(pieces)
    assert raised.value.code == "service_unavailable"
