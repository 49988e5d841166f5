"""A key's life: shown once, used, revoked, dead within the authorizer's TTL."""

import time

import openai
import pytest


def ask(client, gateway):
    return client.chat.completions.create(model=gateway.model, messages=[{"role": "user", "content": "Hi"}])


def ask_for(seconds, client, gateway):
    """Ask again and again, until it fails or the time is up."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        ask(client, gateway)


def test_a_revoked_key_stops_working_within_the_ttl(gateway):
    user = gateway.user("vera@example.com")
    key = gateway.key(user, name="to be revoked")
    client = gateway.openai(key["value"])
    assert ask(client, gateway).choices
    with gateway.admin() as admin:
        listed = admin.get(f"/organization/users/{user}/api_keys").json()["data"]
        assert [entry["id"] for entry in listed] == [key["id"]]
        assert key["value"] not in str(listed)
        revoked = admin.delete(f"/organization/users/{user}/api_keys/{key['id']}").json()
        assert revoked["deleted"] is True
    with pytest.raises(openai.AuthenticationError):
        ask_for(revoked["effective_within_s"] + 1, client, gateway)


def test_an_expired_key_stops_working_by_itself(gateway):
    user = gateway.user("ed@example.com")
    key = gateway.key(user, expires_at=int(time.time()) + 2)
    client = gateway.openai(key["value"])
    with pytest.raises(openai.AuthenticationError):
        ask_for(10, client, gateway)


def test_nothing_that_was_logged_holds_a_secret_or_a_prompt(gateway):
    user = gateway.user("lea@example.com")
    key = gateway.key(user)
    prompt = "a prompt that must never be logged 8d1f"
    client = gateway.openai(key["value"])
    client.chat.completions.create(model=gateway.model, messages=[{"role": "user", "content": prompt}])
    files = [path for path in gateway.folder.rglob("*") if path.is_file() and path.name in ("log", "output.txt")]
    text = "".join(path.read_text(errors="replace") for path in files)
    assert "/chat/completions" in text
    assert user in text
    for secret in (prompt, key["value"], key["value"][10:60]):
        assert secret not in text
