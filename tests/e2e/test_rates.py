"""A group's rate is each key's own: who goes beyond it is told to wait, and their neighbours are not."""

import json
import time
from contextlib import contextmanager

import anthropic
import httpx
import openai
import pytest

from pennyworth.keys import KeyRecord, attribute
from tests.e2e.conftest import _AUTHORIZER_TTL_S, started
from tests.e2e.people import Cognito

BURST = {"restricted": 3, "admins": 5}
SLOW = 0.01  # a second: nothing is gained back while a test lasts
MODEL = "nova-lite"  # which all groups have
_PATIENCE_S = _AUTHORIZER_TTL_S + 8


@pytest.fixture(scope="module")
def limited(tmp_path_factory):
    """A system two of whose groups have a rate."""
    rates = {group: {"per_s": SLOW, "burst": burst} for group, burst in BURST.items()}
    with started(tmp_path_factory.mktemp("limited"), RATES=json.dumps(rates)) as gateway:
        yield gateway


@pytest.fixture
def api_keys(limited):
    """The API keys that API Gateway has: value by name."""

    def read():
        pages = limited.aws("apigateway").get_paginator("get_api_keys").paginate(includeValues=True)
        return {key["name"]: key["value"] for page in pages for key in page["items"]}

    return read


def passed(client, most=10):
    """How many requests are let through before one is told to wait."""
    for count in range(most):
        try:
            client.models.list()
        except openai.RateLimitError:
            return count
    return most


def record(gateway, user, slot=1):
    return KeyRecord.parse(Cognito(gateway).attributes(user).get(attribute(slot), ""))


def until(condition):
    deadline = time.monotonic() + _PATIENCE_S
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.05)


@contextmanager
def without_usage_plans(gateway):
    """The admin function's role loses its permissions of API Gateway."""
    iam, where = gateway.aws("iam"), {"RoleName": "pennyworth-local-function-admin", "PolicyName": "access"}
    whole = iam.get_role_policy(**where)["PolicyDocument"]
    kept = [each for each in whole["Statement"] if not each["Action"][0].startswith("apigateway:")]
    assert len(kept) < len(whole["Statement"])
    iam.put_role_policy(**where, PolicyDocument=json.dumps({**whole, "Statement": kept}))
    try:
        yield
    finally:
        iam.put_role_policy(**where, PolicyDocument=json.dumps(whole))


def test_who_goes_beyond_the_rate_waits_and_their_neighbours_do_not(limited):
    user, other = (
        limited.user("rates-one@example.com", "restricted"),
        limited.user("rates-two@example.com", "restricted"),
    )
    key, own_second, neighbours = (limited.openai(limited.key(who)["value"]) for who in (user, user, other))
    assert passed(key) == BURST["restricted"]
    with pytest.raises(openai.RateLimitError) as refused:
        key.chat.completions.create(model=MODEL, messages=[{"role": "user", "content": "Hello"}])
    assert refused.value.status_code == 429
    assert refused.value.response.headers["retry-after"] == "1"
    assert refused.value.response.headers["x-request-id"]
    assert (refused.value.code, refused.value.type) == ("rate_limit_exceeded", "rate_limit_error")
    assert "secret" not in refused.value.message
    assert passed(neighbours) == BURST["restricted"]
    assert passed(own_second) == BURST["restricted"]


def test_anthropics_clients_read_it_too(limited):
    key = limited.key(limited.user("rates-anthropic@example.com", "restricted"))["value"]
    client = limited.kept(anthropic.Anthropic(base_url=limited.base_url[:-3], api_key=key, max_retries=0))
    ask = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
    for _ in range(BURST["restricted"]):
        client.messages.create(**ask)
    with pytest.raises(anthropic.RateLimitError) as refused:
        client.messages.create(**ask)
    assert refused.value.body["type"] == "error"
    assert refused.value.body["error"]["type"] == "rate_limit_error"


def test_both_authorizers_count_a_key_together(limited):
    secret = limited.key(limited.user("rates-both@example.com", "restricted"))["value"]
    with httpx.Client(base_url=limited.base_url, timeout=30, trust_env=False) as http:
        ask = {"model": MODEL, "max_tokens": 5, "messages": [{"role": "user", "content": "Hello"}]}
        headers = {"x-api-key": secret, "anthropic-version": "2023-06-01"}
        for _ in range(BURST["restricted"]):
            http.post("/messages", json=ask, headers=headers).raise_for_status()
        assert http.get("/models", headers={"authorization": f"Bearer {secret}"}).status_code == 429


def test_a_group_without_a_rate_has_none(limited):
    assert passed(limited.openai(), most=12) == 12


def test_the_clients_own_x_api_key_counts_for_nothing(limited, api_keys):
    """Another's API key, were it known, neither opens anything nor lends its limit."""
    user, other = (
        limited.user("rates-thief@example.com", "restricted"),
        limited.user("rates-rich@example.com", "restricted"),
    )
    mine, theirs = limited.key(user), limited.key(other)
    assert passed(limited.openai(mine["value"])) == BURST["restricted"]
    stolen = api_keys()[theirs["id"]]
    unlimited = api_keys()["pennyworth-local-others"]
    for value in (stolen, unlimited):
        thief = limited.openai(mine["value"], default_headers={"x-api-key": value})
        assert passed(thief) == 0
        with httpx.Client(base_url=limited.base_url, timeout=30, trust_env=False) as http:
            for headers in ({"x-api-key": value}, {"authorization": f"Bearer {value}"}):
                assert http.post("/messages", json={}, headers=headers).status_code == 401
                assert http.get("/models", headers=headers).status_code == 401
    assert passed(limited.openai(theirs["value"])) == BURST["restricted"]


def test_a_key_whose_enrolment_fails_works_and_shares_until_it_is_changed(limited, api_keys):
    user = limited.user("rates-failed@example.com", "restricted")
    with without_usage_plans(limited):
        one, two = limited.key(user), limited.key(user)
    assert record(limited, user).enrolment is None
    assert not {one["id"], two["id"]} & api_keys().keys()
    first, second = limited.openai(one["value"]), limited.openai(two["value"])
    assert passed(first) == BURST["restricted"]
    assert passed(second) == 0
    with limited.admin() as admin:
        path = f"/organization/users/{user}/api_keys/{two['id']}"
        admin.post(path, json={"name": "another"}).raise_for_status()
    until(lambda: passed(second) == BURST["restricted"])
    assert passed(first) == 0
    assert api_keys()[two["id"]] == record(limited, user, slot=2).enrolment.value


def test_putting_people_into_the_group_they_are_in_enrols_the_keys_they_had_before(limited):
    """As one does after a rate was declared, by OpenAI's own client."""
    users = [limited.user(f"rates-before-{name}@example.com", "restricted") for name in "ab"]
    with without_usage_plans(limited):
        for user in users:
            limited.key(user), limited.key(user)
    admin = openai.OpenAI(admin_api_key=limited.admin_token, api_key="-", base_url=limited.base_url)
    organization = limited.kept(admin).admin.organization
    for _ in range(2):  # and may be repeated
        for member in organization.groups.users.list("restricted"):
            organization.groups.users.create("restricted", user_id=member.id)
    plans = {record(limited, user, slot).enrolment.plan for user in users for slot in (1, 2)}
    assert len(plans) == 1
    assert "" not in plans


def test_a_key_moves_to_the_plan_of_its_owners_new_group(limited, api_keys):
    user = limited.user("rates-mover@example.com", "restricted")
    key = limited.key(user)
    client = limited.openai(key["value"])
    assert passed(client) == BURST["restricted"]
    before = record(limited, user).enrolment
    with limited.admin() as admin:
        admin.post("/organization/groups/admins/users", json={"user_id": user}).raise_for_status()
        after = record(limited, user).enrolment
        assert (after.value, after.id) == (before.value, before.id)
        assert after.plan != before.plan
        until(lambda: passed(client) > 0)
        admin.delete(f"/organization/groups/admins/users/{user}").raise_for_status()
    assert record(limited, user).enrolment == before
    assert api_keys()[key["id"]] == before.value


def test_who_leaves_for_a_group_without_a_rate_has_none(limited):
    user = limited.user("rates-leaver@example.com", "restricted")
    client = limited.openai(limited.key(user)["value"])
    assert passed(client) == BURST["restricted"]
    with limited.admin() as admin:
        admin.post("/organization/groups/developers/users", json={"user_id": user}).raise_for_status()
    until(lambda: passed(client, most=12) == 12)


def test_nothing_is_left_of_what_is_deleted(limited, api_keys):
    user, account = (
        limited.user("rates-gone@example.com", "restricted"),
        "/organization/projects/default/service_accounts",
    )
    key, other = limited.key(user), limited.key(user)
    with limited.admin() as admin:
        made = admin.post(account, json={"name": "rates", "group": "restricted"}).raise_for_status().json()
        ids = {key["id"], other["id"], made["api_key"]["id"]}
        assert ids <= api_keys().keys()
        admin.delete(f"/organization/users/{user}/api_keys/{key['id']}").raise_for_status()
        assert ids - {key["id"]} == ids & api_keys().keys()
        admin.delete(f"/organization/users/{user}").raise_for_status()
        admin.delete(f"{account}/{made['id']}").raise_for_status()
    assert not ids & api_keys().keys()


def test_a_revoked_keys_cached_decision_opens_nothing(limited):
    """API Gateway knows its API key no more: sooner than the authorizer's answer is forgotten."""
    user = limited.user("rates-revoked@example.com", "restricted")
    key = limited.key(user)
    with limited.http(key["value"]) as http, limited.admin() as admin:
        assert http.get("/models").status_code == 200
        admin.delete(f"/organization/users/{user}/api_keys/{key['id']}").raise_for_status()
        until(lambda: http.get("/models").status_code in (401, 503))
        until(lambda: http.get("/models").status_code == 401)


def test_people_who_are_signed_in_share_their_groups(limited):
    people = [limited.user(f"rates-signed-{name}@example.com", "restricted") for name in "ab"]
    with without_usage_plans(limited):
        unlike = limited.key(limited.user("rates-signed-c@example.com", "restricted"))  # shares as well
    clients = [limited.openai(Cognito(limited).sign_in(who)["IdToken"]) for who in people]
    clients.append(limited.openai(unlike["value"]))
    assert sum(passed(client) for client in clients) <= BURST["restricted"]


def test_rates_are_shown_and_changed_in_terraform_alone(limited):
    with limited.admin() as admin:
        groups = {each["id"]: each["policy"]["rate"] for each in admin.get("/organization/groups").json()["data"]}
        assert groups == {
            **{name: {"per_s": SLOW, "burst": burst} for name, burst in BURST.items()},
            "developers": None,
        }
        limits = admin.get("/organization/projects/default/rate_limits").json()["data"]
        assert [each["id"] for each in limits] == ["rl-default", "rl-group-admins", "rl-group-restricted"]
        assert [each["burst"] for each in limits][1:] == [BURST["admins"], BURST["restricted"]]
        assert [each["group"] for each in limits] == [None, "admins", "restricted"]
        change = {"max_requests_per_1_minute": 1}
        refused = admin.post("/organization/projects/default/rate_limits/rl-group-restricted", json=change)
        assert refused.status_code == 400
        assert '"rate": {"per_s": 5, "burst": 10}' in refused.json()["error"]["message"]
        assert admin.post("/organization/projects/default/rate_limits/rl-group-x", json=change).status_code == 404
