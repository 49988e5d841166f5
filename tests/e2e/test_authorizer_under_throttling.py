"""Cognito throttled or down: who is known goes on for a while, who is not is told to wait."""

import time

import httpx
import pytest

from tests.e2e.people import Cognito, failing

READS = ("AdminGetUser", "AdminListGroupsForUser", "ListGroups")


@pytest.fixture(scope="module")
def gateway(tmp_path_factory):
    """A system of its own: what fails here must not fail for other tests."""
    from tests.e2e.conftest import started

    with started(tmp_path_factory.mktemp("throttled"), AUTHORIZER_TTL_S="1") as system:
        yield system


def models(gateway, secret):
    with gateway.http(secret) as http:
        return http.get("/models")


def expect_503(answer):
    assert answer.status_code == 503
    assert int(answer.headers["retry-after"]) >= 1
    assert answer.json()["error"]["code"] == "service_unavailable"


@pytest.mark.parametrize("fault", [{}, {"error": "InternalErrorException", "status": 500}], ids=["throttled", "down"])
def test_a_known_key_goes_on_and_an_unknown_one_is_told_to_wait(gateway, fault):
    name = fault.get("error", "throttled").lower()
    user = gateway.user(f"{name}@example.com")
    known, unknown = gateway.key(user), gateway.key(user)
    assert models(gateway, known["value"]).status_code == 200
    with failing(gateway, *READS, **fault):
        # Two TTLs of API Gateway's own cache pass within these.
        for _ in range(3):
            wait_out_the_cache(gateway, unknown["value"])
            assert models(gateway, known["value"]).status_code == 200
        expect_503(models(gateway, unknown["value"]))
        # A forged key costs nothing and is refused as ever.
        forged = known["value"][:-4] + ("AAAA" if known["value"][-4:] != "AAAA" else "BBBB")
        assert models(gateway, forged).status_code == 401
    assert models(gateway, unknown["value"]).status_code == 200


def wait_out_the_cache(gateway, unknown):
    """An unknown key takes as long as the retries to Cognito do; API Gateway caches no such answer."""
    expect_503(models(gateway, unknown))


def test_a_key_revoked_while_cognito_throttles_is_dead_when_it_answers_again(gateway):
    user = gateway.user("revoked@example.com")
    key = gateway.key(user)
    assert models(gateway, key["value"]).status_code == 200
    with failing(gateway, *READS):
        # past the admin service, which cannot read Cognito either
        cognito = Cognito(gateway)
        names = ["custom:key_01"]
        cognito.idp.admin_delete_user_attributes(**cognito.pool, Username=user, UserAttributeNames=names)
        assert models(gateway, key["value"]).status_code == 200  # bounded: docs/keys.md, and a unit test with a clock
    deadline = time.monotonic() + 10
    while (answer := models(gateway, key["value"])).status_code == 200:
        assert time.monotonic() < deadline
    assert answer.status_code == 401


def test_messages_have_a_short_cache_of_their_own(gateway):
    key = gateway.key(gateway.user("throttled.messages@example.com"))["value"]
    body = {"model": gateway.model, "max_tokens": 5, "messages": [{"role": "user", "content": "Hi"}]}
    url = f"{gateway.base_url}/messages"
    with httpx.Client(headers={"x-api-key": key}, timeout=30, trust_env=False) as http:
        assert http.post(url, json=body).status_code == 200
        with failing(gateway, *READS):
            assert http.post(url, json=body).status_code == 200
            unknown = gateway.api_key[:-4] + "AAAA"
            assert http.post(url, json=body, headers={"x-api-key": unknown}).status_code == 401
