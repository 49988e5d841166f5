"""Monthly budgets, from a request to the log, the ledger, the user's attribute and the next request's 429."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from urllib.parse import quote
from uuid import uuid4

import anthropic
import httpx
import openai
import pytest

from services.admin.ledger.book import MOST
from tests.e2e.conftest import _AUTHORIZER_TTL_S
from tests.e2e.people import Cognito, failing
from tests.log_batches import batch, record

ASK = [{"role": "user", "content": 'Say "good morning"'}]
_COUNTED_S = 20  # from the end of a request to its sum in the mirror; AWS takes seconds


def address():
    return f"budget-{uuid4().hex[:8]}@example.com"


def chat(client, **fields):
    return client.chat.completions.create(model="nova-lite", messages=ASK, **fields)


def spend(gateway, user_id):
    """The mirror."""
    return json.loads(Cognito(gateway).attributes(user_id).get("custom:spend", '{"user": 0, "keys": {}, "groups": {}}'))


def until(condition):
    """What it says once that is something."""
    deadline = time.monotonic() + _COUNTED_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "the ledger has not counted in time"
        time.sleep(0.05)
    return found


def counted(gateway, user_id, beyond=0):
    return until(lambda: (now := spend(gateway, user_id))["user"] > beyond and now)


def refused(client):
    """The 429, which may take until the authorizer's last decision is forgotten."""

    def ask():
        try:
            chat(client)
        except openai.RateLimitError as error:
            return error
        return None

    return until(ask)


def ledger(gateway, message):
    """The ledger invoked through Lambda's API, and its answer."""
    url = f"{gateway.facts['lambda_url']}/2015-03-31/functions/pennyworth-local-ledger%3Alive/invocations"
    signed = {"authorization": "AWS4-HMAC-SHA256 Credential=test"}
    answer = httpx.post(url, json=message, headers=signed, timeout=60, trust_env=False).raise_for_status()
    assert "x-amz-function-error" not in answer.headers, answer.text
    return answer.json()


def page(gateway, name):
    bucket = f"pennyworth-local-{gateway.aws('sts').get_caller_identity()['Account']}"
    return json.loads(gateway.aws("s3").get_object(Bucket=bucket, Key=f"ledger/{name}.json")["Body"].read())


def _answered(client):
    try:
        return chat(client).choices
    except openai.RateLimitError:
        return None


def test_a_spent_budget_stops_what_costs_and_nothing_else(gateway):
    user = gateway.user(address(), gateway.group("nova-*", budgets={"user_budget_microusd": 0}))
    key = gateway.key(user)["value"]
    client = gateway.openai(key)
    with pytest.raises(openai.RateLimitError):
        chat(client)
    with pytest.raises(openai.RateLimitError):
        client.responses.create(model="nova-lite", input="Hello")
    with pytest.raises(openai.RateLimitError):
        list(chat(client, stream=True))
    assert [model.id for model in client.models.list()]
    assert client.responses.input_tokens.count(model="nova-lite", input="Hello").input_tokens
    with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as person:
        limits = person.get("/me").raise_for_status().json()["limits"]
    assert (limits["budget_usd"], limits["spent_usd"]) == (0, 0)


def test_a_spent_budget_reads_right_in_anthropics_shape_and_over_mcp(gateway):
    user = gateway.user(address(), gateway.group("nova-*", budgets={"user_budget_microusd": 0}))
    key = gateway.key(user)["value"]
    url = gateway.base_url.removesuffix("/v1")
    claude = gateway.kept(anthropic.Anthropic(api_key=key, base_url=url, max_retries=0))
    with pytest.raises(anthropic.RateLimitError) as raised:
        claude.messages.create(model="nova-lite", max_tokens=9, messages=[{"role": "user", "content": "Hi"}])
    assert "Your budget for this month is spent" in raised.value.body["error"]["message"]
    assert raised.value.response.headers["x-should-retry"] == "false"
    call = {"name": "chat", "arguments": {"model": "nova-lite", "prompt": "Hi"}}
    with gateway.http(key) as http:
        http.headers.update({"accept": "application/json, text/event-stream", "mcp-protocol-version": "2025-06-18"})
        body = {"jsonrpc": "2.0", "id": 1, "method": "tools/call", "params": call}
        result = http.post("/mcp", json=body).raise_for_status().json()["result"]
        listed = http.post("/mcp", json={"jsonrpc": "2.0", "id": 2, "method": "tools/list"}).raise_for_status().json()
    assert result["isError"]
    assert "Your budget for this month is spent" in result["content"][0]["text"]
    assert listed["result"]["tools"]


def test_a_keys_budget_stops_the_key_and_not_its_neighbour(gateway):
    user = gateway.user(address(), gateway.group("nova-*"))
    narrow, free = gateway.key(user, budget_usd=0.000001), gateway.key(user)
    chat(gateway.openai(narrow["value"]))
    assert counted(gateway, user)["keys"].keys() == {narrow["id"]}
    assert "The budget of this key" in refused(gateway.openai(narrow["value"])).message
    assert chat(gateway.openai(free["value"])).choices
    with gateway.admin() as admin:
        shown = admin.get(f"/organization/users/{user}/api_keys/{narrow['id']}").raise_for_status().json()
    assert shown["budget_usd"] == 0.000001
    assert shown["spent_usd"] > 0


def test_a_groups_budget_is_everyones(gateway):
    group = gateway.group("nova-*", budgets={"budget_microusd": 1})
    ada, bob = gateway.user(address(), group), gateway.user(address(), group)
    first, second = (gateway.openai(gateway.key(user)["value"]) for user in (ada, bob))
    chat(first)
    counted(gateway, ada)
    assert "The budget of your group" in refused(first).message
    # Whoever has not asked since then learns of it with their own next request.
    chat(second)
    assert counted(gateway, bob)["groups"][group] > spend(gateway, bob)["user"]
    assert "The budget of your group" in refused(second).message


def test_an_administrator_gives_a_budget_and_takes_it_back(gateway):
    user = gateway.user(address(), gateway.group("nova-*", budgets={"user_budget_microusd": 0}))
    client = gateway.openai(gateway.key(user)["value"])
    with pytest.raises(openai.RateLimitError):
        chat(client)
    with gateway.admin() as admin:
        path = f"/organization/users/{user}"
        shown = admin.post(path, json={"budget_usd": 12.5}).raise_for_status().json()
        assert (shown["budget_usd"], shown["spent_usd"]) == (12.5, 0)
        assert until(lambda: _answered(client))
        counted(gateway, user)
        assert admin.get(path).json()["spent_usd"] > 0
        assert admin.post(path, json={"budget_usd": None}).raise_for_status().json()["budget_usd"] is None
        assert refused(client)
        for wrong in (-1, "5", 0.0000001, True, 1e10):
            answer = admin.post(path, json={"budget_usd": wrong})
            assert (answer.status_code, answer.json()["error"]["param"]) == (400, "budget_usd")


def test_no_more_is_overspent_than_was_asked_for_until_the_authorizer_forgets(gateway):
    """The bound of docs/budgets.md: what begins after the sum is mirrored and the TTL is over is refused."""
    user = gateway.user(address(), gateway.group("nova-*", budgets={"user_budget_microusd": 1}))
    client = gateway.openai(gateway.key(user)["value"])
    chat(client)
    cost = counted(gateway, user)["user"]
    mirrored_at = time.monotonic()
    passed = 0
    while time.monotonic() - mirrored_at < _AUTHORIZER_TTL_S + 0.5:
        passed += 1 if _answered(client) else 0
    with pytest.raises(openai.RateLimitError):
        chat(client)
    total = until(lambda: (now := spend(gateway, user))["user"] >= (1 + passed) * cost and now)["user"]
    assert total == (1 + passed) * cost  # all that passed is counted, and nothing besides


def test_a_batch_that_is_delivered_twice_is_counted_once(gateway):
    group = gateway.group("nova-*")
    user = gateway.user(address(), group)
    message = batch(record(user, 40, group, "key_a"), record(user, 2, group, "key_b"))
    assert [ledger(gateway, message) for _ in range(3)] == [{"records": 2}] * 3
    assert spend(gateway, user) == {
        "month": f"{datetime.now(UTC):%Y-%m}",
        "user": 42,
        "groups": {group: 42},
        "keys": {"key_a": 40, "key_b": 2},
    }
    assert page(gateway, f"groups/{quote(group)}")["cost_microusd"] == 42


def test_a_batch_that_comes_again_after_thousands_of_others_is_counted_once(gateway):
    """As on a page of two batches a second an hour later: pages with as many as one names stand in for that hour."""
    group = gateway.group("nova-*")
    user = gateway.user(address(), group)
    now = int(time.time())
    message = batch(record(user, 40, group), at=now - 3600)
    ledger(gateway, message)
    bucket = f"pennyworth-local-{gateway.aws('sts').get_caller_identity()['Account']}"
    names = [f"users/{user}", f"groups/{quote(group)}"]
    for name in names:
        kept = page(gateway, name)
        ((counted_as, _),) = kept["counted"]
        others = [[f"{number:024x}", now - 3000 + number % 3000] for number in range(MOST - 1)]
        kept["counted"] = [[counted_as, now - 3590], *sorted(others, key=lambda each: each[1])]
        gateway.aws("s3").put_object(Bucket=bucket, Key=f"ledger/{name}.json", Body=json.dumps(kept).encode())
    ledger(gateway, batch(record(user, 2, group)))
    for name in names:
        kept = page(gateway, name)
        assert kept["counted"][0][0].startswith("ledger/counted/")
        assert counted_as not in json.dumps(kept)
    for _ in range(2):
        assert ledger(gateway, message) == {"records": 1}
    assert spend(gateway, user)["user"] == spend(gateway, user)["groups"][group] == 42


def test_a_batch_whose_handling_failed_midway_is_counted_once_by_lambdas_next_attempt(gateway):
    group = gateway.group("nova-*")
    user = gateway.user(address(), group)
    url = gateway.facts["lambda_url"]
    with failing(gateway, "AdminUpdateUserAttributes", error="InternalErrorException", status=500):
        headers = {"authorization": "AWS4-HMAC-SHA256 Credential=test", "x-amz-invocation-type": "Event"}
        path = f"{url}/2015-03-31/functions/pennyworth-local-ledger/invocations"
        message = batch(record(user, 40, group))
        assert httpx.post(path, json=message, headers=headers, timeout=20, trust_env=False).status_code == 202
        until(lambda: _page(gateway, f"users/{user}"))
        assert spend(gateway, user)["user"] == 0  # in the book, and not yet in the mirror
    assert counted(gateway, user)["user"] == 40
    assert page(gateway, f"users/{user}")["cost_microusd"] == page(gateway, f"groups/{group}")["cost_microusd"] == 40


def _page(gateway, name):
    try:
        return page(gateway, name)
    except gateway.aws("s3").exceptions.NoSuchKey:
        return None


def test_ledgers_at_work_at_once_lose_nothing(gateway):
    group = gateway.group("nova-*")
    users = [gateway.user(address(), group) for _ in range(2)]
    messages = [batch(*(record(user, 1, group, f"key_{number % 3}") for user in users)) for number in range(24)]
    messages += messages[:6]  # and some of them twice
    with ThreadPoolExecutor(8) as lanes:
        assert list(lanes.map(lambda message: ledger(gateway, message), messages)) == [{"records": 2}] * 30
    for user in users:
        assert page(gateway, f"users/{user}")["cost_microusd"] == 24
        found = spend(gateway, user)
        assert (found["user"], found["keys"]) == (24, {"key_0": 8, "key_1": 8, "key_2": 8})
    assert page(gateway, f"groups/{group}")["cost_microusd"] == 48


def test_nobody_writes_their_own_book_or_mirror(gateway):
    """The attack: a person with their own credentials, and their own sign-in."""
    group = gateway.group("nova-*")
    user = gateway.user(address(), group)
    cognito = Cognito(gateway)
    account = gateway.aws("sts").get_caller_identity()["Account"]
    token = gateway.aws("cognito-identity").get_open_id_token_for_developer_identity(
        IdentityPoolId=gateway.facts["identity_pool_id"], Logins={"pennyworth": user}, PrincipalTags={"user": user}
    )["Token"]
    session = gateway.aws("sts").assume_role_with_web_identity(
        RoleArn=f"arn:aws:iam::{account}:role/pennyworth-local-{group}", RoleSessionName="ada", WebIdentityToken=token
    )["Credentials"]
    own = gateway.aws(
        "s3",
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )
    bucket = f"pennyworth-local-{account}"
    own.put_object(Bucket=bucket, Key=f"users/{user}/mine", Body=b"x")  # the credentials are good ones
    for name in (f"ledger/users/{user}.json", f"ledger/groups/{group}.json", "ledger/counted/x.json"):
        for attempt in (
            lambda name=name: own.put_object(Bucket=bucket, Key=name, Body=b"{}"),
            lambda name=name: own.get_object(Bucket=bucket, Key=name),
            lambda name=name: own.delete_object(Bucket=bucket, Key=name),
        ):
            with pytest.raises(own.exceptions.ClientError, match="AccessDenied"):
                attempt()
    access = cognito.sign_in(user)["AccessToken"]
    for name in ("custom:spend", "custom:budget"):
        with pytest.raises(cognito.idp.exceptions.NotAuthorizedException):
            cognito.idp.update_user_attributes(
                AccessToken=access, UserAttributes=[{"Name": name, "Value": '{"month":"2026-11"}'}]
            )
