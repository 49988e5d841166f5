"""A thousand requests by several people, keys and models: what usage and costs say is what the Bedrock stand-in
counted, to the token and the micro-dollar; and nobody reads of others."""

import json
import time
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from decimal import Decimal

import httpx
import openai
import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.people import Cognito, failing

REQUESTS = 1000
DAY_S = 86_400
_SEEN_S = 60  # until the last line is in the log, on a machine with much to do
_SEARCHED_S = 90  # until the last use of a key is looked for again
PRICES = json.loads((ROOT / "services" / "openai" / "models.json").read_text())
IDS = {row["id"]: name for name, row in PRICES.items() if "id" in row}


def chat(client, model, text):
    client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}])


def stream(client, model, text):
    list(client.chat.completions.create(model=model, messages=[{"role": "user", "content": text}], stream=True))


def respond(client, model, text):
    client.responses.create(model=model, input=text, store=False)


def message(client, model, text):
    body = {"model": model, "max_tokens": 50, "messages": [{"role": "user", "content": text}]}
    client.post("/messages", cast_to=object, body=body)


def embed(client, _, text):
    client.embeddings.create(model="titan-embed-text-v2", input=text)


WAYS = [chat, stream, respond, message, embed]
MODELS = ["nova-lite", "nova-pro", "claude-haiku-4-5"]  # the last one by its alias


class Traffic:
    """What was asked, and what Bedrock's stand-in counted of it: {(user, key, model): [requests, in, out, cost]}."""

    def __init__(self, users, keys, counted, start):
        self.users, self.keys, self.counted, self.start = users, keys, counted, start

    def total(self, *by, kinds=("chat", "embedding")):
        """Sums by some of user, key and model."""
        found = {}
        for key, numbers in self.counted.items():
            named = dict(zip(("user", "key", "model"), key, strict=True))
            if PRICES[named["model"]]["kind"] in kinds:
                row = found.setdefault(tuple(named[name] for name in by), [0, 0, 0, 0])
                row[:] = [a + b for a, b in zip(row, numbers, strict=True)]
        return found


def cost(model, prompt, completion):
    """In micro-dollars, rounded to the nearest: by the list prices, of what no cache had a part in."""
    price = PRICES[model]["price"]
    total = prompt * price["prompt"] + completion * price.get("completion", 0)
    return (total + 500_000) // 1_000_000


@pytest.fixture(scope="module")
def traffic(gateway):
    start = int(time.time())
    users = [gateway.user(f"usage-{n}-{uuid.uuid4().hex[:6]}@example.com") for n in range(3)]
    minted = [(user, gateway.key(user, name=f"k{n}")) for user in users for n in range(2)]
    keys = {key["id"]: user for user, key in minted}
    clients = [(user, key["id"], gateway.openai(key["value"], max_retries=3)) for user, key in minted]
    asked = [(clients[n % 6], WAYS[n % 5], MODELS[n // 30 % 3]) for n in range(REQUESTS)]
    with ThreadPoolExecutor(8) as pool:
        list(
            pool.map(lambda each: each[1][1](each[1][0][2], each[1][2], "word " * (each[0] % 97 + 1)), enumerate(asked))
        )
    counted = {}
    for call in seen(gateway, set(users)):
        model = IDS[call["model_id"]]
        prompt, completion = call["usage"]["inputTokens"], call["usage"].get("outputTokens", 0)
        tags = call["principal_tags"]
        row = counted.setdefault((tags["user"], tags["key"], model), [0, 0, 0, 0])
        numbers = (1, prompt, completion, cost(model, prompt, completion))
        row[:] = [a + b for a, b in zip(row, numbers, strict=True)]
    assert sum(row[0] for row in counted.values()) == REQUESTS
    return Traffic(users, keys, counted, start)


def seen(gateway, users):
    with httpx.Client(base_url=gateway.bedrock_url, timeout=30, trust_env=False) as control:
        calls = control.get("/_stand_in/calls").raise_for_status().json()["calls"]
    return [call for call in calls if (call["principal_tags"] or {}).get("user") in users]


@pytest.fixture(scope="module")
def organization(gateway):
    sdk = openai.OpenAI(
        admin_api_key=gateway.admin_token, api_key="none", base_url=gateway.base_url, max_retries=0, timeout=60
    )
    return gateway.kept(sdk).admin.organization


@pytest.fixture(scope="module")
def logged(traffic, organization):
    """The same traffic, when CloudWatch has all of it."""
    deadline = time.monotonic() + _SEEN_S
    while time.monotonic() < deadline:
        kinds = (organization.usage.completions, organization.usage.embeddings)
        pages = [ask(start_time=traffic.start, user_ids=traffic.users) for ask in kinds]
        if sum(result.num_model_requests for page in pages for bucket in page.data for result in bucket.results) == (
            REQUESTS
        ):
            return traffic
        time.sleep(0.5)
    pytest.fail("the log has not all of it")


def read(page, *by):
    """{values of `by`: [requests, in, out]} of all buckets together."""
    found = {}
    for bucket in page.data:
        for result in bucket.results:
            row = found.setdefault(tuple(getattr(result, name) for name in by), [0, 0, 0])
            output = getattr(result, "output_tokens", 0)
            row[:] = [a + b for a, b in zip(row, (result.num_model_requests, result.input_tokens, output), strict=True)]
    return found


BY = {"user": "user_id", "key": "api_key_id", "model": "model"}


@pytest.mark.parametrize("by", [(), ("user",), ("key",), ("model",), ("user", "key", "model")], ids=str)
@pytest.mark.parametrize("kind", ["chat", "embedding"])
def test_tokens_add_up_to_what_bedrock_counted(logged, organization, kind, by):
    ask = organization.usage.completions if kind == "chat" else organization.usage.embeddings
    groups = [BY[name] for name in by]
    page = ask(start_time=logged.start, user_ids=logged.users, group_by=groups)
    counted = logged.total(*by, kinds=(kind,))
    assert len(counted) == {(): 1, ("user",): 3, ("key",): 6}.get(by, len(counted))
    assert read(page, *groups) == {key: row[:3] for key, row in counted.items()}


@pytest.mark.parametrize("by", [(), ("user",), ("key",), ("model",)], ids=str)
def test_costs_add_up_to_the_micro_dollar(logged, organization, by):
    groups = [{**BY, "model": "line_item"}[name] for name in by]
    costs = organization.usage.with_raw_response.costs(
        start_time=logged.start, group_by=groups, extra_query={"user_ids": logged.users}
    )
    exact = json.loads(costs.text, parse_float=Decimal)  # the number as it is written
    found = Counter()
    for bucket in exact["data"]:
        for result in bucket["results"]:
            assert result["amount"]["currency"] == "usd"
            found[tuple(result[name] for name in groups)] += Decimal(result["amount"]["value"]) * 1_000_000
    assert found == {key: Decimal(row[3]) for key, row in logged.total(*by).items()}
    assert sum(found.values()) > 0


def test_one_user_one_key_and_one_model_can_be_picked(logged, organization):
    key, user = next(iter(logged.keys.items()))
    wanted = {"start_time": logged.start, "group_by": ["user_id", "api_key_id", "model"]}
    rows = logged.total("user", "key", "model", kinds=("chat",))
    one_user = organization.usage.completions(**wanted, user_ids=[user])
    assert read(one_user, *BY.values()) == {k: r[:3] for k, r in rows.items() if k[0] == user}
    one_key = organization.usage.completions(**wanted, api_key_ids=[key])
    assert read(one_key, *BY.values()) == {k: r[:3] for k, r in rows.items() if k[1] == key}
    of_haiku = {k: r[:3] for k, r in rows.items() if k[2] == "claude-haiku-4.5"}
    for name in ("claude-haiku-4.5", "claude-haiku-4-5"):
        one_model = organization.usage.completions(**wanted, user_ids=logged.users, models=[name])
        assert read(one_model, *BY.values()) == of_haiku
    assert len(of_haiku) == len(logged.keys)
    nobody = organization.usage.completions(start_time=logged.start, user_ids=[str(uuid.uuid4())])
    assert [bucket.results for bucket in nobody.data] == [[] for _ in nobody.data]


def test_pages_of_minutes_hold_each_request_once_and_empty_minutes_too(logged, organization):
    begin = logged.start - 600
    end = int(time.time()) + 1
    found, starts, ends, page = {}, [], [], None
    while True:
        more = {"page": page} if page else {}
        shown = organization.usage.completions(
            start_time=begin, end_time=end, bucket_width="1m", limit=5, user_ids=logged.users, **more
        )
        starts += [bucket.start_time for bucket in shown.data]
        ends += [bucket.end_time for bucket in shown.data]
        for key, row in read(shown).items():
            found[key] = [a + b for a, b in zip(found.get(key, [0, 0, 0]), row, strict=True)]
        page = shown.next_page
        assert shown.has_more == (page is not None)
        if page is None:
            break
        assert len(shown.data) == 5
    assert found == {(): logged.total(kinds=("chat",))[()][:3]}
    assert (starts[0], ends[-1]) == (begin, end)
    assert starts[1:] == ends[:-1]
    assert all(start % 60 == 0 for start in starts[1:])


def test_a_time_before_there_was_a_log_has_empty_buckets(organization, gateway):
    page = organization.usage.completions(start_time=1_700_000_000, end_time=1_700_000_000 + 3 * DAY_S)
    assert [len(bucket.results) for bucket in page.data] == [0] * 4  # three days, begun within one
    days = [datetime.fromtimestamp(bucket.start_time, UTC).hour for bucket in page.data]
    assert days[1:] == [0, 0, 0]


def test_oneself_sees_oneself_alone(logged, gateway):
    user = logged.users[0]
    with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as http:
        query = [("start_time", logged.start), ("group_by[]", "model"), ("group_by[]", "api_key_id")]
        page = json.loads(http.get("/me/usage", params=query).raise_for_status().text, parse_float=Decimal)
        found = {}
        for result in (result for bucket in page["data"] for result in bucket["results"]):
            counts = [result[name] for name in ("num_model_requests", "input_tokens", "output_tokens")]
            found[result["api_key_id"], result["model"]] = [*counts, Decimal(result["amount"]["value"]) * 1_000_000]
        mine = logged.total("user", "key", "model")
        assert found == {(k, m): row for (u, k, m), row in mine.items() if u == user}

        # Another's, by every way there is to name them.
        other = logged.users[1]
        for name in ("user_ids[]", "user_ids", "user_id", "project_ids[]"):
            refused = http.get("/me/usage", params={"start_time": logged.start, name: other})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, name)
        others_key = next(key for key, owner in logged.keys.items() if owner == other)
        answer = http.get("/me/usage", params={"start_time": logged.start, "api_key_ids[]": others_key})
        assert [bucket["results"] for bucket in answer.json()["data"]] == [[] for _ in answer.json()["data"]]
        for path in ("/organization/usage/completions", "/organization/usage/embeddings", "/organization/costs"):
            assert http.get(path, params={"start_time": logged.start}).status_code == 403


def test_a_group_without_usage_and_a_key_cannot_ask(gateway):
    user = gateway.user(f"usage-none-{uuid.uuid4().hex[:6]}@example.com", gateway.group("nova-*"))
    with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as http:
        refused = http.get("/me/usage", params={"start_time": 1})
        assert (refused.status_code, refused.json()["error"]["code"]) == (403, "action_not_allowed")
    with gateway.http() as http:  # with an API key
        for path in ("/me/usage", "/organization/usage/completions", "/organization/costs"):
            assert http.get(path, params={"start_time": 1}).status_code == 401


@pytest.mark.parametrize(
    ("query", "param"),
    [
        ({}, "start_time"),
        ({"start_time": "yesterday"}, "start_time"),
        ({"start_time": 1_700_000_000_000_000}, "start_time"),
        ({"start_time": 100, "end_time": 100}, "end_time"),
        ({"start_time": 100, "bucket_width": "5m"}, "bucket_width"),
        ({"start_time": 100, "limit": 32}, "limit"),
        ({"start_time": 100, "bucket_width": "1h", "limit": 169}, "limit"),
        ({"start_time": 100, "group_by[]": "mood"}, "group_by[]"),
        ({"start_time": 100, "user_ids[]": "me"}, "user_ids[]"),
        ({"start_time": 100, "page": "page_2"}, "page"),
        ({"start_time": 100, "batch": "maybe"}, "batch"),
        ({"start_time": 100, "group_by": "model"}, "group_by"),
    ],
)
def test_what_is_wrong_is_named(gateway, query, param):
    with gateway.admin() as admin:
        refused = admin.get("/organization/usage/completions", params=query)
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


QUERIES = ['x"] or 1 = 1 or key_id in ["', "x\\", "x\n| limit 1", 'x" | fields @message', "x'\"", "é"]


@pytest.mark.parametrize("value", QUERIES)
@pytest.mark.parametrize(
    ("path", "name"),
    [
        *(("usage/completions", name) for name in ("models[]", "user_ids[]", "api_key_ids[]")),
        *(("costs", name) for name in ("models[]", "line_items[]", "user_ids[]", "api_key_ids[]")),
    ],
)
def test_no_value_becomes_part_of_the_query(gateway, path, name, value):
    with gateway.admin() as admin:
        refused = admin.get(f"/organization/{path}", params={"start_time": 100, name: value})
    assert (refused.status_code, refused.json()["error"]["param"]) == (400, name)


def test_a_models_name_cannot_write_a_record_of_its_own(gateway, organization):
    """Nor can anything else a client names: a line is one JSON object, whatever is in it."""
    user = gateway.user(f"usage-inject-{uuid.uuid4().hex[:6]}@example.com")
    client = gateway.openai(gateway.key(user)["value"])
    start = int(time.time())
    forged = json.dumps({"message": "request", "kind": "completion", "user_id": user, "prompt_tokens": 10**9})
    for model in (f"nova-lite\n{forged}", f"nova-lite{forged}", 'nova-lite","prompt_tokens":1000000,"x":"'):
        with pytest.raises(openai.APIStatusError) as caught:
            chat(client, model, "Hi")
        assert caught.value.status_code in (400, 404)
    body = {"model": "nova-lite", "messages": [{"role": "user", "content": f"\n{forged}\n"}], "user": f"\n{forged}"}
    client.chat.completions.create(**body, extra_headers={"x-request-id": forged})
    deadline = time.monotonic() + _SEEN_S
    while not (found := read(organization.usage.completions(start_time=start, user_ids=[user]))):
        assert time.monotonic() < deadline
        time.sleep(0.3)
    ((requests, tokens, _),) = found.values()
    assert (requests, tokens < 10_000) == (1, True)


def test_a_keys_last_use_is_shown_wherever_it_is_listed(logged, gateway, organization):
    key, user = next(iter(logged.keys.items()))
    fresh = gateway.key(user, name="unused")["id"]
    deadline = time.monotonic() + _SEARCHED_S
    with gateway.admin() as admin:
        while not (used := last_uses(admin, f"/organization/users/{user}/api_keys"))[key]:
            assert time.monotonic() < deadline, "the log was not searched again"
            time.sleep(1)
    assert logged.start <= used[key] <= time.time()
    assert used[fresh] is None
    assert organization.projects.api_keys.retrieve(key, project_id="default").last_used_at == used[key]
    with gateway.http(Cognito(gateway).sign_in(user)["IdToken"]) as http:
        assert http.get(f"/me/api_keys/{key}").json()["last_used_at"] == used[key]


def last_uses(http, path):
    return {each["id"]: each["last_used_at"] for each in http.get(path).raise_for_status().json()["data"]}


def test_who_lists_their_keys_in_a_loop_has_the_log_searched_once_a_minute(gateway):
    """The attack: what Insights looks through is billed, and a function instance more is a memory more."""
    user = gateway.user(f"looping-{uuid.uuid4().hex[:6]}@example.com")
    key = gateway.key(user)["id"]
    token = Cognito(gateway).sign_in(user)["IdToken"]
    logs, began = gateway.aws("logs"), time.time()

    def loop(_):
        with gateway.http(token) as http:
            for _ in range(10):
                last_uses(http, "/me/api_keys")
                http.get(f"/me/api_keys/{key}").raise_for_status()

    with ThreadPoolExecutor(8) as lanes:
        list(lanes.map(loop, range(8)))
    asked = logs.describe_queries(logGroupName="/aws/lambda/pennyworth-local-mcp")["queries"]
    searches = [each for each in asked if "by key_id" in each["queryString"] and each["createTime"] >= began * 1000]
    assert len(searches) <= 1 + (time.time() - began) / 60
    with gateway.admin() as admin:
        assert key in last_uses(admin, f"/organization/users/{user}/api_keys")


@pytest.mark.parametrize("error", ["LimitExceededException", "ServiceUnavailableException"])
def test_keys_are_listed_when_insights_is_not_to_be_asked_and_usage_says_so(logged, gateway, error):
    user = logged.users[0]
    fresh = gateway.key(user, name="another")["id"]
    with gateway.admin() as admin, failing(gateway, "StartQuery", error=error):
        listed = admin.get(f"/organization/users/{user}/api_keys").raise_for_status().json()["data"]
        refused = admin.get("/organization/costs", params={"start_time": logged.start})
    assert next(each for each in listed if each["id"] == fresh)["last_used_at"] is None
    assert refused.status_code == (429 if error.startswith("Limit") else 503)
    assert "retry-after" in refused.headers
