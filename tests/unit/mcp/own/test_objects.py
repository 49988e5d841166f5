"""S3's answers to the conditional requests of the MCP function."""

from types import SimpleNamespace
from typing import Any

import pytest

from pennyworth.aws import AwsError
from pennyworth.errors import Problem
from services.mcp.own.objects import Objects, Stored

NAME = "ledger/questions/u.json"


class S3:
    """As pennyworth.aws speaks to it."""

    def __init__(self, code: str = "") -> None:
        self.code = code
        self.asked: list[tuple[Any, ...]] = []

    def s3(self, method: str, bucket: str, target: str, body: bytes, *, headers: Any, timeout_s: float) -> Any:
        self.asked.append((method, bucket, target, body, {name: headers[name] for name in headers if "if-" in name}))
        if self.code:
            raise AwsError(self.code, 400, "m")
        return SimpleNamespace(body=b"{}", headers={"etag": '"2"'})


def test_an_object_is_read_and_written_over_the_one_that_was_read() -> None:
    s3 = S3()
    objects = Objects(s3, "b")
    assert objects.read(NAME) == Stored(b"{}", '"2"')
    assert objects.write(NAME, "x", '"1"') == '"2"'
    assert objects.write(NAME, "x", "") == '"2"'
    assert s3.asked == [
        ("GET", "b", f"/{NAME}", b"", {}),
        ("PUT", "b", f"/{NAME}", b"x", {"if-match": '"1"'}),
        ("PUT", "b", f"/{NAME}", b"x", {"if-none-match": "*"}),
    ]


@pytest.mark.parametrize("code", ["NoSuchKey", "AccessDenied"])
def test_where_there_is_none_there_is_none(code: str) -> None:
    assert Objects(S3(code), "b").read(NAME) is None


@pytest.mark.parametrize("code", ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"])
def test_one_that_moved_is_not_written_over(code: str) -> None:
    assert Objects(S3(code), "b").write(NAME, "x", '"1"') is None


@pytest.mark.parametrize("code", ["SlowDown", "Timeout", "NoSuchBucket"])
def test_what_else_s3_says_is_a_problem(code: str) -> None:
    for call in (lambda s3: s3.read(NAME), lambda s3: s3.write(NAME, "x", "")):
        with pytest.raises(Problem) as raised:
            call(Objects(S3(code), "b"))
        assert raised.value.code == "service_unavailable"
