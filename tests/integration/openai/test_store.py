"""The store over the AWS stand-in: what is put is got, and by nobody else's store."""

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from local.bucket import bucket
from local.plan import plan
from pennyworth.aws import Aws, Credentials
from pennyworth.principal import Principal
from services.openai.store import Store
from tests.aws_stand_in import connect, running


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    with running() as stand_in:
        bucket(connect(stand_in)("s3"), plan(), "files")
        yield stand_in


@pytest.fixture
def store_of(url: str) -> Iterator[Any]:
    aws = Aws("us-east-1", lambda: Credentials("a", "b"), {"AWS_ENDPOINT_URL_S3": url})

    def store(user_id: str) -> Store:
        caller = Principal(user_id, "ann@example.com", "", "g", "r", frozenset(), ())
        return Store(aws, lambda _: Credentials("AKID", "secret", "token"), caller, "files")

    yield store
    aws.close()


def test_what_is_put_is_got_headed_listed_and_deleted(store_of: Any) -> None:
    store = store_of("ann")
    store.put("files/a=1/b.c", b"\x00owls", "text/plain", {"created": "5"})
    found = store.get("files/a=1/b.c")
    assert (found.body, found.size, found.content_type, found.metadata) == (
        b"\x00owls",
        5,
        "text/plain",
        {"created": "5"},
    )
    assert found.last_modified > 1_700_000_000
    assert store.head("files/a=1/b.c").size == 5
    assert b"".join(store.content("files/a=1/b.c")) == b"\x00owls"
    assert store.list("files/") == (("files/a=1/b.c", 5),)
    assert store.delete("files/a=1/b.c") is True
    assert store.delete("files/a=1/b.c") is False


def test_what_is_not_there_is_none(store_of: Any) -> None:
    store = store_of("ann")
    assert (store.get("x"), store.head("x"), store.content("x")) == (None, None, None)
    assert store.list("x") == ()


def test_nobody_meets_anothers(store_of: Any) -> None:
    store_of("ann").put("files/secret", b"owls", "text/plain")
    bob = store_of("bob")
    assert bob.get("files/secret") is None
    assert bob.list("") == ()
    assert bob.delete("files/secret") is False
    assert store_of("ann").get("files/secret").body == b"owls"


def test_a_list_goes_on_behind_a_key(store_of: Any) -> None:
    store = store_of("cat")
    for name in "abc":
        store.put(f"l/{name}", b"", "text/plain")
    assert [entry.key for entry in store.list("l/", limit=2)] == ["l/a", "l/b"]
    assert [entry.key for entry in store.list("l/", "l/b")] == ["l/c"]


def test_presigned_urls_take_and_give_an_object_without_a_key(store_of: Any) -> None:
    store = store_of("dan")
    with httpx.Client(trust_env=False) as http:
        http.put(store.presigned_put("up", 4), content=b"owls").raise_for_status()
        assert http.get(store.presigned_get("up")).raise_for_status().content == b"owls"


def test_an_object_is_made_of_parts_and_copies(store_of: Any) -> None:
    store, most = store_of("eve"), 5 * 1024 * 1024
    store.put("source", b"s" * most, "text/plain")
    key, source = store.key("whole"), store.key("source")
    upload = store.bucket.begin(key, "text/plain")
    etags = [store.bucket.copy_part(key, upload, 1, source, 0, most), store.bucket.put_part(key, upload, 2, b"end")]
    assert store.bucket.parts(key, upload) == etags
    store.bucket.complete(key, upload, etags)
    assert store.get("whole").body == b"s" * most + b"end"
    store.bucket.abort(key, store.bucket.begin(key, "text/plain"))
