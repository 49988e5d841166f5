"""Every change leaves one record, and no record a secret, an address or a name."""

import json
from uuid import UUID

USERS = "/organization/users"


def test_every_change_is_recorded_once_with_who_what_whom_when_and_from_where(ask, admin_id, log):
    user = ask(
        "POST",
        USERS,
        {"email": "bob@example.com", "name": "Bob", "group": "developers", "temporary_password": "Aa1!" * 4},
    ).json
    path = f"{USERS}/{user['id']}"
    key = ask("POST", f"{path}/api_keys", {"name": "laptop", "models": ["nova-*"]}).json
    for unchanging in (USERS, path, f"{path}/api_keys", f"{path}/api_keys/{key['id']}"):
        ask("GET", unchanging)
    ask("POST", f"{path}/api_keys/{key['id']}", {"name": "desktop"})
    rotated = ask("POST", f"{path}/api_keys/{key['id']}/rotate", {"overlap_s": 60}).json
    ask("DELETE", f"{path}/api_keys/{key['id']}")
    ask("DELETE", path)

    records = [line for line in log() if line["message"] == "audit"]
    assert [record["action"] for record in records] == [
        "user.added",
        "api_key.created",
        "api_key.updated",
        "api_key.rotated",
        "api_key.deleted",
        "user.deleted",
    ]
    for record in records:
        assert (record["actor"], record["target"], record["source_ip"]) == (admin_id, user["id"], "192.0.2.7")
        assert UUID(record["request_id"])
        assert record["timestamp"].endswith(("Z", "+00:00"))
    assert records[0]["groups"] == ["developers"]
    assert {record["key_id"] for record in records[1:5]} == {key["id"]}
    assert records[3]["overlap_s"] == 60
    assert records[1]["models"] == ["nova-*"]

    written = json.dumps(log())
    assert rotated["value"][60:] not in written
    for hidden in (
        key["value"],
        key["value"][6:40],
        rotated["value"],
        "bob@example.com",
        "admin@example.com",
        "Bob",
        "laptop",
        "Aa1!",
    ):
        assert hidden not in written


def test_what_is_refused_or_not_there_leaves_no_record(ask, ada, admin_id, log):
    ask("POST", f"{USERS}/{ada}/api_keys", {"name": "k", "expires_at": 1})
    ask("DELETE", f"{USERS}/{ada}/api_keys/key_aaaaaaaaaaaaaaaa")
    ask("DELETE", f"{USERS}/{admin_id}")
    assert not [line for line in log() if line["message"] == "audit"]


def test_bad_bodies_do_not_bring_secrets_into_the_log(ask, log):
    secret = "Hunter2-Hunter2 with spaces"
    ask("POST", USERS, {"email": "bob@example.com", "group": "developers", "temporary_password": secret})
    assert "Hunter2" not in json.dumps(log())
