"""What a caller used, told over MCP by the official SDK: what `GET /me/usage` counts, and nobody else's."""

import json
import time
import uuid

import pytest
from mcp import MCPError

from pennyworth.allowance import ONESELF
from tests.e2e.people import Cognito
from tests.e2e.test_mcp_client import MODES, talk

_SEEN_S = 60  # until the last line is in the log, on a machine with much to do
COUNTS = ("num_model_requests", "input_tokens", "input_cached_tokens", "output_tokens")


def asked(gateway, key, mode="auto", /, **arguments):
    return talk(gateway, mode, lambda client: client.call_tool("my_usage", arguments), key)


def used(gateway, key, mode="auto", /, **arguments):
    result = asked(gateway, key, mode, **arguments)
    assert not result.is_error, result.content
    assert json.loads(result.content[0].text) == result.structured_content
    return result.structured_content["usage"]


@pytest.fixture(scope="module")
def people(gateway):
    """Two who have used something, each with a key for it: {name: (user, key)}, and since when."""
    since = int(time.time()) - 1
    found = {}
    for name, questions in (("ada", 3), ("bob", 1)):
        user = gateway.user(f"{name}-{uuid.uuid4().hex[:8]}@example.com")
        key = gateway.key(user, scopes=["inference", "mcp", "usage"])["value"]
        client = gateway.openai(key)
        for number in range(questions):
            said = [{"role": "user", "content": f"{name} " * (number + 1)}]
            client.chat.completions.create(model="nova-lite", messages=said)
        client.embeddings.create(model="titan-embed-text-v2", input="x")
        found[name] = (user, key)
    talk(gateway, "auto", lambda mcp: mcp.call_tool("chat", {"model": "nova-pro", "prompt": "Hi"}), found["ada"][1])
    for name, requests in (("ada", 5), ("bob", 2)):
        deadline = time.monotonic() + _SEEN_S
        while used(gateway, found[name][1], start_time=since)["requests"] < requests:
            assert time.monotonic() < deadline, "the log has not all of it"
            time.sleep(0.3)
    return found, since


@pytest.mark.parametrize("mode", MODES)
def test_tokens_and_requests_are_those_of_me_usage(gateway, people, mode):
    found, since = people
    user, key = found["ada"]
    told = used(gateway, key, mode, start_time=since)
    with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as http:
        query = [("start_time", since), ("group_by[]", "model")]
        page = http.get("/me/usage", params=query).raise_for_status().json()
    results = [result for bucket in page["data"] for result in bucket["results"]]
    by_model = {result["model"]: [*(result[name] for name in COUNTS), result["amount"]["value"]] for result in results}
    names = ("requests", "input_tokens", "input_cached_tokens", "output_tokens", "cost_usd")
    assert {each["model"]: [each[name] for name in names] for each in told["models"]} == by_model
    assert {name: row[0] for name, row in by_model.items()} == {
        "nova-lite": 3,
        "nova-pro": 1,
        "titan-embed-text-v2": 1,
    }
    assert told["requests"] == 5
    assert told["input_tokens"] == sum(row[1] for row in by_model.values()) > 0
    assert told["output_tokens"] == sum(row[3] for row in by_model.values()) > 0
    assert told["start_time"] == since


def test_nobody_is_told_of_another(gateway, people):
    found, since = people
    told = used(gateway, found["bob"][1], start_time=since)
    assert {each["model"]: each["requests"] for each in told["models"]} == {"nova-lite": 1, "titan-embed-text-v2": 1}
    for name in ("user_id", "user_ids", "api_key_ids"):
        refused = asked(gateway, found["bob"][1], **{name: [found["ada"][0]]})
        assert refused.is_error
        assert f"'{name}' is not known" in refused.content[0].text


def test_a_time_that_is_over_has_its_own(gateway, people):
    found, since = people
    assert used(gateway, found["ada"][1], start_time=since - 100, end_time=since)["models"] == []
    refused = asked(gateway, found["ada"][1], start_time=since, end_time=since)
    assert refused.is_error
    assert "'start_time' must be before 'end_time'" in refused.content[0].text


def test_a_key_made_for_other_things_is_not_told(gateway, people):
    found, _ = people
    key = gateway.key(found["ada"][0], scopes=["inference", "mcp"])["value"]

    async def story(client):
        with pytest.raises(MCPError) as raised:
            await client.call_tool("my_usage")
        return raised.value.code, raised.value.message

    assert talk(gateway, "auto", story, key) == (-32602, "Unknown tool: my_usage")


def test_whose_questions_have_looked_through_a_days_log_asks_again_tomorrow(gateway, people):
    """One allowance for both ways to ask, and each person's own."""
    found, since = people
    (user, key), other = found["ada"], found["bob"][1]
    bucket = f"pennyworth-local-{gateway.aws('sts').get_caller_identity()['Account']}"
    name = {"Bucket": bucket, "Key": f"ledger/questions/{user}.json"}
    kept = json.loads(gateway.aws("s3").get_object(**name)["Body"].read())
    assert kept["scanned"] > 0
    assert kept["under_way"] == []
    spent = {**kept, "scanned": ONESELF}
    gateway.aws("s3").put_object(**name, Body=json.dumps(spent).encode())
    try:
        with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as http:
            refused = http.get("/me/usage", params={"start_time": since})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "query_limit_exceeded")
        assert 0 < int(refused.headers["retry-after"]) <= 86_400
        told = asked(gateway, key, start_time=since).structured_content
        assert told["usage"] is None
        assert told["spent_usd"] >= 0  # of the ledger, which costs no question
        assert used(gateway, other, start_time=since)["requests"] == 2
    finally:
        gateway.aws("s3").put_object(**name, Body=json.dumps(kept).encode())
    assert used(gateway, key, start_time=since)["requests"] == 5
