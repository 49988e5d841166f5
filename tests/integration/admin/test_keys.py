"""Keys through the Lambda handler: shown once, stored hashed, revoked for good."""

import json
import os
import subprocess
import sys
import time
from base64 import b64encode
from pathlib import Path

import pytest

from pennyworth import keys
from pennyworth.keys import KeyRecord, attribute

USERS = "/organization/users"


@pytest.fixture
def path(ada):
    return f"{USERS}/{ada}/api_keys"


@pytest.fixture
def slots(cognito, ada):
    """What Cognito holds: attribute → value."""

    def read():
        stored = cognito.call("admin_get_user", Username=ada)["UserAttributes"]
        return {pair["Name"]: pair["Value"] for pair in stored if pair["Name"].startswith("custom:key_")}

    return read


def test_a_minted_key_is_one_the_authorizer_will_accept(ask, path, slots, ada, pepper):
    answer = ask("POST", path, {"name": "laptop"})
    assert answer.status == 200
    assert answer.headers["cache-control"] == "no-store"
    secret = answer.json["value"]
    assert keys.locate(secret, pepper) == (ada, 1)
    record = KeyRecord.parse(slots()[attribute(1)])
    assert record.matches(secret)
    assert not record.expired(time.time())
    assert (record.scopes, record.models) == (("inference", "mcp", "usage"), ("*",))
    assert secret not in slots()[attribute(1)]


def test_a_key_is_shown_in_full_once_and_then_without_secret_or_hash(ask, path, slots, log):
    wish = {"name": "ci", "scopes": ["inference"], "models": ["nova-*"], "expires_at": int(time.time()) + 3600}
    minted = ask("POST", path, wish)
    secret, shown = minted.json["value"], {k: v for k, v in minted.json.items() if k != "value"}
    assert {name: shown[name] for name in wish} == wish
    assert shown["redacted_value"] == f"sk-pw-...{secret[-4:]}"
    listed, retrieved = ask("GET", path), ask("GET", f"{path}/{shown['id']}")
    assert listed.json == {
        "object": "list",
        "data": [shown],
        "first_id": shown["id"],
        "last_id": shown["id"],
        "has_more": False,
    }
    assert retrieved.json == shown
    elsewhere = listed.text + retrieved.text + json.dumps(log())
    for hidden in (secret, secret[10:40], KeyRecord.parse(slots()[attribute(1)]).sha256):
        assert hidden not in elsewhere


def test_a_body_in_base64_is_read(ask, path):
    body = b64encode(b'{"name": "encoded"}').decode()
    assert ask("POST", path, body, isBase64Encoded=True).json["name"] == "encoded"


def test_keys_are_listed_oldest_first(ask, path):
    names = ["one", "two", "three"]
    for name in names:
        ask("POST", path, {"name": name})
    assert [key["name"] for key in ask("GET", path).json["data"]] == names


def test_a_revoked_key_leaves_its_slot_to_the_next(ask, path, slots):
    first, second = ask("POST", path, {"name": "one"}).json, ask("POST", path, {"name": "two"}).json
    answer = ask("DELETE", f"{path}/{first['id']}")
    assert answer.json == {
        "object": "organization.user.api_key.deleted",
        "id": first["id"],
        "deleted": True,
        "effective_within_s": 60,
    }
    assert set(slots()) == {attribute(2)}
    assert ask("GET", f"{path}/{first['id']}").status == 404
    assert ask("DELETE", f"{path}/{first['id']}").status == 404
    assert [key["id"] for key in ask("GET", path).json["data"]] == [second["id"]]
    ask("POST", path, {"name": "three"})
    assert set(slots()) == {attribute(1), attribute(2)}


def test_twenty_keys_are_the_most_and_an_expired_one_gives_way(ask, path, slots, ada, cognito, pepper):
    old = KeyRecord("key_aaaaaaaaaaaaaaaa", "old", "0" * 64, ("inference",), ("*",), 1, 2, "wxyz")
    for slot in range(1, keys.SLOTS + 1):
        record = old if slot == 13 else KeyRecord(f"key_{slot:016}", "n", "0" * 64, (), (), 1, None, "wxyz")
        pairs = [{"Name": attribute(slot), "Value": record.dump()}]
        cognito.call("admin_update_user_attributes", Username=ada, UserAttributes=pairs)
    assert keys.locate(ask("POST", path, {"name": "new"}).json["value"], pepper).slot == 13
    before = slots()
    full = ask("POST", path, {"name": "newer"})
    assert (full.status, full.error["code"]) == (409, "conflict")
    assert "Delete one first" in full.error["message"]
    assert slots() == before


def test_a_key_of_another_user_is_not_found_under_this_one(ask, path, make_user):
    other = make_user("developers")
    key = ask("POST", path, {"name": "hers"}).json
    assert ask("GET", f"{USERS}/{other}/api_keys/{key['id']}").status == 404
    assert ask("DELETE", f"{USERS}/{other}/api_keys/{key['id']}").status == 404
    assert ask("GET", f"{path}/{key['id']}").status == 200


def test_scopes_beyond_the_group_are_refused(ask, make_user):
    eve = make_user("restricted")
    answer = ask("POST", f"{USERS}/{eve}/api_keys", {"name": "k", "scopes": ["inference", "usage"]})
    assert (answer.status, answer.error["param"]) == (400, "scopes")
    assert ask("POST", f"{USERS}/{eve}/api_keys", {"name": "k"}).json["scopes"] == ["inference"]


def test_a_user_without_a_group_gets_no_key(ask, make_user):
    nobody = make_user()
    assert ask("POST", f"{USERS}/{nobody}/api_keys", {"name": "k"}).status == 409


def test_mints_in_several_processes_lose_nothing(path, admin_id, slots, event, tmp_path):
    """Three processes, each with the real handler and its own clients, mint four keys each for one user."""
    events = tmp_path / "events.json"
    events.write_text(json.dumps([event("POST", path, {"name": f"k{number}"}, sub=admin_id) for number in range(4)]))
    root = Path(__file__).parents[3]
    environ = os.environ | {"PYTHONPATH": os.pathsep.join([str(root), str(root / "shared")])}
    command = [sys.executable, str(Path(__file__).with_name("invoke.py")), str(events)]
    children = [subprocess.Popen(command, cwd=root, env=environ, stdout=subprocess.PIPE, text=True) for _ in range(3)]
    lines = [line for child in children for line in child.communicate(timeout=60)[0].splitlines()]
    replies = [json.loads(line.removeprefix("reply ")) for line in lines if line.startswith("reply ")]
    assert [reply["statusCode"] for reply in replies] == [200] * 12
    secrets = [json.loads(reply["body"])["value"] for reply in replies]
    records = [KeyRecord.parse(value) for value in slots().values()]
    assert len(records) == 12
    assert all(sum(record.matches(secret) for record in records) == 1 for secret in secrets)
