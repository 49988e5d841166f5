"""Uploads in time: those that were open too long, and URLs that end with the session."""

import json
import time

import pytest

from pennyworth.errors import Problem
from services.openai.files.uploads import Uploads
from services.openai.store import Object

BODY = {"bytes": 4, "filename": "a.txt", "mime_type": "text/plain", "purpose": "batch"}
DAY_S = 86_400


class Store:
    """Objects in memory, and a session that ends in so many seconds."""

    def __init__(self, session_s=3600):
        self.objects, self.promised, self.session_s = {}, [], session_s

    def put(self, key, body, *_):
        self.objects[key] = body

    def get(self, key):
        body = self.objects.get(key)
        return body and Object(body, len(body), "", {}, 0)

    def session_ends_at(self):
        return time.time() + self.session_s

    def presigned_put(self, key, size, expires_s):
        self.promised.append((key, size, expires_s))
        return "https://s3/url"


def aged(store, upload_id, seconds):
    key = f"uploads/{upload_id}/upload.json"
    state = json.loads(store.objects[key])
    store.objects[key] = json.dumps(state | {"created_at": state["created_at"] - seconds}).encode()


def test_an_upload_is_open_for_a_day():
    store = Store()
    uploads = Uploads(store)
    upload = uploads.begin(BODY)
    assert upload["expires_at"] == upload["created_at"] + DAY_S
    uploads.add(upload["id"], b"owls")
    aged(store, upload["id"], DAY_S)
    for call in (
        lambda: uploads.add(upload["id"], b"owls"),
        lambda: uploads.promise(upload["id"], {"bytes": 4}),
        lambda: uploads.complete(upload["id"], {"part_ids": []}),
        lambda: uploads.cancel(upload["id"]),
    ):
        with pytest.raises(Problem, match="is expired"):
            call()


@pytest.mark.parametrize(("session_s", "most"), [(3600, 900), (400, 400)])
def test_a_url_ends_soon_and_no_later_than_the_session(session_s, most):
    store = Store(session_s)
    upload = Uploads(store).begin(BODY)
    ((key, size, expires_s),) = store.promised
    assert (key, size) == (f"uploads/{upload['id']}/whole", 4)
    assert most - 5 <= expires_s <= most
    assert upload["upload_url_expires_at"] <= time.time() + most


def test_what_s3_takes_in_no_one_put_has_no_such_url():
    store = Store()
    assert "upload_url" not in Uploads(store).begin(BODY | {"bytes": 5 * 1024**3 + 1})
    assert store.promised == []


@pytest.mark.parametrize("upload_id", ["", "upload_pw_", "../files", "upload_pw_" + "0" * 32])
def test_a_forged_id_is_no_upload(upload_id):
    for call in (lambda: Uploads(Store()).add(upload_id, b""), lambda: Uploads(Store()).cancel(upload_id)):
        with pytest.raises(Problem) as raised:
            call()
        assert raised.value.code == "not_found"


@pytest.mark.parametrize(
    ("body", "param"),
    [
        ({}, "part_ids"),
        ({"part_ids": "x"}, "part_ids"),
        ({"part_ids": [5]}, "part_ids[0]"),
        ({"part_ids": [], "md5": "x"}, "md5"),
        ({"part_ids": [], "color": "red"}, "color"),
    ],
)
def test_a_completion_is_held_to_its_fields(body, param):
    uploads = Uploads(Store())
    upload = uploads.begin(BODY)
    with pytest.raises(Problem) as raised:
        uploads.complete(upload["id"], body)
    assert raised.value.param == param
