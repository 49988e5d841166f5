"""The whole life of a key over REST: minted, listed, renamed, narrowed, rotated, expired, revoked."""

import time
from concurrent.futures import ThreadPoolExecutor

import openai
import pytest

from tests.e2e.conftest import _AUTHORIZER_TTL_S


def keys_of(user):
    return f"/organization/users/{user}/api_keys"


def opens(gateway, secret):
    """Whether the gateway takes a key; with a cached decision it may for the TTL."""
    with gateway.http(secret) as http:
        return http.get("/models").status_code == 200


def until(condition, seconds=_AUTHORIZER_TTL_S + 5):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"


def test_a_key_from_its_minting_to_its_end(gateway):
    user = gateway.user("life@example.com")
    key = gateway.key(user, name="laptop", scopes=["inference", "mcp"], models=["nova-*"], expires_in=3600)
    assert key["expires_at"] == key["created_at"] + 3600
    path = f"{keys_of(user)}/{key['id']}"
    with gateway.admin() as admin:
        renamed = admin.post(path, json={"name": "desktop"}).raise_for_status().json()
        assert (renamed["name"], renamed["scopes"], renamed["models"]) == ("desktop", ["inference", "mcp"], ["nova-*"])
        assert "value" not in renamed
        narrowed = admin.post(path, json={"scopes": ["inference"], "models": ["nova-micro"]}).raise_for_status().json()
        assert (narrowed["scopes"], narrowed["models"]) == (["inference"], ["nova-micro"])
        wider = admin.post(path, json={"models": ["nova-*"]})
        assert (wider.status_code, wider.json()["error"]["param"]) == (400, "models[0]")

        rotation = admin.post(f"{path}/rotate", json={"overlap_s": 600}).raise_for_status()
        rotated = rotation.json()
        assert rotation.headers["cache-control"] == "no-store"
        assert (rotated["id"], rotated["models"]) == (key["id"], ["nova-micro"])
        assert [old["redacted_value"] for old in rotated["previous"]] == [key["redacted_value"]]
        assert rotated["previous"][0]["expires_at"] == rotated["rotated_at"] + 600
        assert opens(gateway, key["value"])
        assert opens(gateway, rotated["value"])
        [listed] = admin.get(keys_of(user)).json()["data"]
        assert listed == admin.get(path).json()
        assert listed["previous"] == rotated["previous"]

        again = admin.post(f"{path}/rotate", json={"overlap_s": 0}).raise_for_status().json()
        assert again["previous"] == []
        for old in (key["value"], rotated["value"]):
            until(lambda old=old: not opens(gateway, old))
        assert opens(gateway, again["value"])

        revoked = admin.delete(path).raise_for_status().json()
        assert revoked["effective_within_s"] == _AUTHORIZER_TTL_S
        until(lambda: not opens(gateway, again["value"]))
        assert admin.get(keys_of(user)).json()["data"] == []


def test_an_overlap_ends_when_it_was_said_to(gateway):
    user = gateway.user("overlap@example.com")
    key = gateway.key(user)
    with gateway.admin() as admin:
        rotated = admin.post(f"{keys_of(user)}/{key['id']}/rotate", json={"overlap_s": 3}).raise_for_status().json()
        until(lambda: not opens(gateway, key["value"]), 20)
        # A decision that was cached before the end is no good after it: a second of it is the clock's.
        assert time.time() < rotated["previous"][0]["expires_at"] + 2
        assert opens(gateway, rotated["value"])


def test_a_narrowed_key_is_held_to_its_models(gateway):
    user = gateway.user("narrow@example.com")
    key = gateway.key(user)
    with gateway.admin() as admin:
        admin.post(f"{keys_of(user)}/{key['id']}", json={"models": ["nova-micro"]}).raise_for_status()
    client = gateway.openai(key["value"])
    until(lambda: [model.id for model in client.models.list()] == ["nova-micro"])
    with pytest.raises(openai.PermissionDeniedError, match="may not use the model"):
        client.chat.completions.create(model="claude-haiku-4.5", messages=[{"role": "user", "content": "Hi"}])


def test_twenty_keys_minted_at_once_are_twenty_keys_and_each_can_be_rotated(gateway):
    user = gateway.user("twenty@example.com")

    def mint(number):
        with gateway.admin() as admin:
            while True:
                answer = admin.post(keys_of(user), json={"name": f"key {number}"})
                if answer.status_code != 409:  # the others kept the lock for long
                    return answer.raise_for_status().json()

    with ThreadPoolExecutor(5) as pool:
        minted = list(pool.map(mint, range(20)))
    with gateway.admin() as admin:
        listed = admin.get(keys_of(user)).json()["data"]
        assert {key["id"] for key in listed} == {key["id"] for key in minted}
        assert len(listed) == 20
        full = admin.post(keys_of(user), json={"name": "one more"})
        assert full.status_code == 409
        assert "20 keys" in full.json()["error"]["message"]
        rotated = admin.post(f"{keys_of(user)}/{minted[3]['id']}/rotate", json={"overlap_s": 60})
        assert rotated.status_code == 200
    assert all(opens(gateway, key["value"]) for key in minted)
    assert opens(gateway, rotated.json()["value"])
