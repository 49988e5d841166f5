"""Which tools of the gateway's and of a server behind it people see and may call, and what calls cost them."""

import json
import time
import uuid

import httpx
import pytest

from tests.e2e.people import Cognito
from tests.mcp_upstreams import fixture_server, running

TOOLSETS = {"sums": ["fix_add"], "talk": ["chat", "list_models"]}
TERMS = [
    {"tools": "fix_add", "price_usd": 0.0005},
    {"tools": "embed", "price_usd": 0.25},
    {"tools": "fix_fails", "price_usd": 0.5, "rate": {"per_s": 0.001, "burst": 2}},
]
OURS = {"chat", "count_tokens", "embed", "list_models", "my_keys", "my_usage"}
THEIRS = {"fix_add", "fix_fails", "fix_greet", "fix_slowly"}


@pytest.fixture(scope="module")
def system(tmp_path_factory):
    from tests.e2e.conftest import started

    with running(fixture_server()) as behind:
        folder = tmp_path_factory.mktemp("access")
        told = {
            "MCP_SERVERS": json.dumps({"fix": {"type": "http", "url": behind.url, "private": True}}),
            "MCP_TOOLS": json.dumps({"mcp_toolsets": TOOLSETS, "mcp_tool_terms": TERMS, "mcp_tool_limit": 20}),
            "MCP_SIGN_IN": "off",
        }
        with started(folder, **told) as gateway:
            yield gateway


class Caller:
    def __init__(self, gateway, key):
        self.url, self.headers = (
            gateway.mcp_url,
            {"authorization": f"Bearer {key}", "mcp-protocol-version": "2025-11-25"},
        )

    def ask(self, method, params=None, path="", **headers):
        body = {"jsonrpc": "2.0", "id": 1, "method": method, "params": params or {}}
        with httpx.Client(timeout=30, trust_env=False) as http:
            return http.post(f"{self.url}{path}", json=body, headers={**self.headers, **headers}).json()

    def names(self, path="", **headers):
        return {tool["name"] for tool in self.ask("tools/list", None, path, **headers)["result"]["tools"]}

    def call(self, name, path="", /, **arguments):
        return self.ask("tools/call", {"name": name, "arguments": arguments}, path)


def member(
    gateway, policy=None, /, *, actions=("inference", "mcp", "usage"), group_models=("nova-*",), budgets=None, **key
):
    """A new person in a group of such tools, with a key narrowed like that."""
    group = gateway.group(*group_models)
    said = {"actions": list(actions), "models": list(group_models), **(budgets or {})}
    said |= {} if policy is None else {"tools": policy}
    gateway.aws("cognito-idp").update_group(
        UserPoolId=gateway.facts["user_pool_id"],
        GroupName=group,
        Precedence=1,
        Description=json.dumps(said),
        RoleArn=gateway.aws("cognito-idp").get_group(UserPoolId=gateway.facts["user_pool_id"], GroupName=group)[
            "Group"
        ]["RoleArn"],
    )
    user = gateway.user(f"access-{uuid.uuid4().hex[:8]}@example.com", group)
    return Caller(gateway, gateway.key(user, **key)["value"]), user


def test_a_group_that_says_nothing_of_tools_has_the_gateways_own(system):
    caller, _ = member(system)
    assert caller.names() == OURS
    assert caller.names("/fix") == set()
    for name, path in (("fix_add", ""), ("add", "/fix")):
        assert caller.call(name, path, a=1, b=2)["error"]["code"] == -32602
    assert caller.call("list_models")["result"]["isError"] is False


@pytest.mark.parametrize(
    ("tools", "key", "seen"),
    [
        ({"allow": ["*"]}, {}, OURS | THEIRS),
        ({"allow": ["*"], "deny": ["fix_*"]}, {}, OURS),
        ({"allow": ["fix_*"], "deny": ["*_fails"]}, {}, THEIRS - {"fix_fails"}),
        ({"deny": ["chat"]}, {}, OURS - {"chat"}),
        ({"allow": []}, {}, set()),
        ({"allow": ["*"]}, {"tools": ["fix_add", "chat"]}, {"fix_add", "chat"}),
        ({"allow": ["*"]}, {"tools": ["@sums"]}, {"fix_add"}),
        ({"allow": ["*"], "deny": ["fix_add"]}, {"tools": ["@sums", "my_keys"]}, {"my_keys"}),
        ({"allow": ["*"]}, {"tools": ["@none", "chat"]}, {"chat"}),
        ({"allow": "*"}, {}, None),  # what cannot be read allows nothing at all
    ],
)
def test_what_is_listed_is_what_can_be_called(system, tools, key, seen):
    if seen is None:
        with pytest.raises(httpx.HTTPStatusError, match="409"):
            member(system, tools, **key)
        return
    caller, _ = member(system, tools, **key)
    assert caller.names() == seen
    for name in (OURS | THEIRS) - seen:
        assert caller.call(name)["error"] == {"code": -32602, "message": f"Unknown tool: {name}"}
    for name in seen & {"fix_add", "my_keys"}:
        assert "result" in caller.call(name, **({"a": 1, "b": 2} if name == "fix_add" else {}))


def test_a_person_without_inference_is_shown_no_models(system):
    caller, _ = member(system, actions=("mcp",))
    assert caller.names() == {"my_keys"}
    assert caller.ask("resources/list")["result"]["resources"] == []
    assert caller.ask("prompts/list")["result"]["prompts"] == []
    assert caller.ask("resources/read", {"uri": "pennyworth://models"})["error"]


def test_a_key_cannot_be_minted_for_what_its_group_has_not(system):
    _, user = member(system, {"allow": ["fix_*"]})
    with system.admin() as admin:
        for tools, param in ((["chat"], "tools[0]"), (["fix_add", "other_*"], "tools[1]"), (["no spaces"], "tools[0]")):
            refused = admin.post(f"/organization/users/{user}/api_keys", json={"name": "k", "tools": tools})
            assert (refused.status_code, refused.json()["error"]["param"]) == (400, param)


def test_a_keys_tools_are_shown_and_only_ever_narrowed(system):
    _, user = member(system, {"allow": ["*"]})
    path = f"/organization/users/{user}/api_keys"
    with system.admin() as admin:
        made = admin.post(path, json={"name": "k", "tools": ["fix_*"]}).raise_for_status().json()
        assert made["tools"] == ["fix_*"]
        wider = admin.post(f"{path}/{made['id']}", json={"tools": ["*"]})
        assert (wider.status_code, wider.json()["error"]["param"]) == (400, "tools[0]")
        narrower = admin.post(f"{path}/{made['id']}", json={"tools": ["fix_add"]}).raise_for_status().json()
        assert narrower["tools"] == ["fix_add"]


def test_a_client_chooses_a_toolset_in_its_url_or_a_header(system):
    caller, _ = member(system, {"allow": ["*"]})
    assert caller.names("?toolset=sums") == {"fix_add"}
    assert caller.names("?toolset=sums,talk") == {"fix_add", "chat", "list_models"}
    assert caller.names(**{"x-pennyworth-toolset": "talk"}) == {"chat", "list_models"}
    assert caller.names("/fix?toolset=sums") == {"add"}
    assert caller.call("chat", "?toolset=sums", model="nova-lite", prompt="x")["error"]["code"] == -32602
    refused = caller.ask("tools/list", None, "?toolset=sum")["error"]
    assert refused["message"] == "There is no toolset 'sum'. There are: sums, talk."
    narrow, _ = member(system, {"allow": ["chat"]})
    assert narrow.names("?toolset=sums") == set()


def test_resources_and_prompts_of_a_server_are_held_to_the_same_patterns(system):
    everything, _ = member(system, {"allow": ["*"]})
    hidden, _ = member(system, {"allow": ["*"], "deny": ["fix_fixture://*", "fix_review"]})
    assert "fixture://readme" in {one["uri"] for one in everything.ask("resources/list")["result"]["resources"]}
    assert {one["uri"] for one in hidden.ask("resources/list")["result"]["resources"]} == {"pennyworth://models"}
    assert "fix_review" not in {one["name"] for one in hidden.ask("prompts/list")["result"]["prompts"]}
    for uri in ("fixture://readme", "fixture://users/ada"):
        assert everything.ask("resources/read", {"uri": uri})["result"]["contents"]
        assert hidden.ask("resources/read", {"uri": uri})["error"], uri


def test_tools_of_ours_ask_as_the_caller(system):
    caller, _ = member(system)
    vectors = caller.call("embed", model=system.embedding_model, input=["a", "b"])["result"]
    assert vectors["isError"] is True  # the group may use nova-* alone
    assert "may not use" in vectors["content"][0]["text"]
    counted = caller.call("count_tokens", model="nova-lite", prompt="How many are these?")["result"]
    assert counted["structuredContent"]["input_tokens"] > 0
    everyone = Caller(system, system.api_key)
    vectors = everyone.call("embed", model=system.embedding_model, input=["a", "b"])["result"]
    assert len(vectors["structuredContent"]["embeddings"]) == 2


def test_my_keys_are_mine_and_show_no_secret(system):
    caller, user = member(system, {"allow": ["*"]}, name="laptop", models=["nova-lite"])
    other = system.key(user, name="other")
    member(system, name="somebody else's")
    keys = caller.call("my_keys")["result"]["structuredContent"]["keys"]
    assert [(key["name"], key["in_use"]) for key in keys] == [("laptop", True), ("other", False)]
    assert keys[0]["models"] == ["nova-lite"]
    text = json.dumps(keys)
    assert other["value"] not in text
    assert "sha256" not in text


def test_the_models_are_a_resource_and_a_prompt_compares_them(system):
    caller, _ = member(system)
    [resource] = caller.ask("resources/list")["result"]["resources"]
    [contents] = caller.ask("resources/read", {"uri": resource["uri"]})["result"]["contents"]
    assert {model["id"] for model in json.loads(contents["text"])["models"]} >= {"nova-lite"}
    prompt = caller.ask("prompts/get", {"name": "compare_models", "arguments": {"question": "Why?", "models": "a, b"}})
    assert "a, b" in prompt["result"]["messages"][0]["content"]["text"]
    ref = {
        "ref": {"type": "ref/prompt", "name": "compare_models"},
        "argument": {"name": "models", "value": "x, nova-l"},
    }
    assert "x,nova-lite" in caller.ask("completion/complete", ref)["result"]["completion"]["values"]


def records(system, user):
    """The usage records of a person, of both functions."""
    found = []
    for line in (system.folder / "log").read_text().splitlines():
        start = line.find("{")
        try:
            entry = json.loads(line[start:]) if start >= 0 else {}
        except ValueError:
            continue
        if entry.get("message") == "request" and entry.get("user_id") == user and "kind" in entry:
            found.append(entry)
    return found


def test_each_call_is_a_usage_record_of_the_key_with_its_price(system):
    caller, user = member(system, {"allow": ["*"]})
    assert caller.call("fix_add", a=1, b=2)["result"]["isError"] is False
    assert caller.call("fix_fails")["result"]["isError"] is True
    assert caller.call("chat", model="nova-lite", prompt="x")["result"]["isError"] is False
    assert caller.call("fix_never")["error"]["code"] == -32602
    deadline = time.monotonic() + 10
    while len(found := [each for each in records(system, user) if each["kind"] == "tool"]) < 3:
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    by_model = {each["model"]: each for each in found}
    assert set(by_model) == {"fix_add", "fix_fails", "chat"}
    assert by_model["fix_add"]["cost_microusd"] == 500
    assert (by_model["fix_add"]["provider"], by_model["chat"]["provider"]) == ("fix", "pennyworth")
    assert all(each["key_id"].startswith("key_") for each in found)
    # What failed costs nothing, and what a model used stands in the record of the function that asked it.
    assert not {"cost_microusd", "prompt_tokens"} & (by_model["fix_fails"].keys() | by_model["chat"].keys())


COUNTED_S = 20  # until a record's sum is in the mirror; AWS takes seconds


def until(condition):
    """What it says once that is something."""
    deadline = time.monotonic() + COUNTED_S
    while not (found := condition()):
        assert time.monotonic() < deadline, "not in time"
        time.sleep(0.1)
    return found


def spend(system, user):
    """The mirror of the ledger's book."""
    return json.loads(Cognito(system).attributes(user).get("custom:spend", '{"user": 0, "keys": {}, "groups": {}}'))


def text(reply):
    return reply["result"]["content"][0]["text"]


def test_a_priced_tool_is_paid_of_the_budget_and_stops_with_it(system):
    caller, user = member(system, {"allow": ["*"]}, budgets={"user_budget_microusd": 600})
    assert text(caller.call("fix_add", a=1, b=2)) == "3"
    first = until(lambda: (now := spend(system, user))["user"] and now)
    assert (first["user"], list(first["keys"].values()), list(first["groups"].values())) == (500, [500], [500])
    assert text(caller.call("fix_add", a=1, b=2)) == "3"  # 500 of 600 are no whole budget
    until(lambda: spend(system, user)["user"] == 1000)

    def refused():
        reply = caller.call("fix_add", a=1, b=2)["result"]
        return reply["isError"] and reply["content"][0]["text"]

    assert "Your budget for this month is spent" in until(refused)
    for free, arguments in (("fix_slowly", {"steps": 1}), ("list_models", {}), ("my_keys", {}), ("my_usage", {})):
        assert caller.call(free, **arguments)["result"].get("isError") is not True, free
    assert "fix_add" in caller.names()
    assert "budget" in text(caller.call("chat", model="nova-lite", prompt="x"))  # the one budget is everything's
    # What was refused is no usage: nothing but what passed while the authorizer still remembered is in the sum.
    passed = until(lambda: (n := sum(each.get("cost_microusd", 0) for each in records(system, user))) and n) // 500
    assert until(lambda: spend(system, user)["user"] == 500 * passed)


def test_what_a_priced_tool_asks_of_a_model_is_counted_once(system):
    caller, user = member(system, {"allow": ["*"]}, group_models=("*",))
    made = caller.call("embed", model=system.embedding_model, input=["word " * 400])["result"]["structuredContent"]
    found = until(lambda: len(all_ := records(system, user)) == 2 and all_)
    by_kind = {each["kind"]: each for each in found}
    assert set(by_kind) == {"embedding", "tool"}
    assert by_kind["embedding"]["prompt_tokens"] == made["usage"]["prompt_tokens"] > 0
    assert by_kind["tool"]["cost_microusd"] == 250_000
    of_model = by_kind["embedding"]["cost_microusd"]
    assert of_model > 0
    assert until(lambda: (now := spend(system, user))["user"] > 250_000 and now)["user"] == 250_000 + of_model
    bucket = f"pennyworth-local-{system.aws('sts').get_caller_identity()['Account']}"
    page = json.loads(system.aws("s3").get_object(Bucket=bucket, Key=f"ledger/users/{user}.json")["Body"].read())
    assert (page["tokens"], page["cost_microusd"]) == (made["usage"]["prompt_tokens"], 250_000 + of_model)


def test_what_tools_cost_is_in_the_costs_and_in_ones_own_usage(system):
    caller, user = member(system, {"allow": ["*"]})
    since = int(time.time()) - 60
    caller.call("fix_add", a=1, b=2)
    assert text(caller.call("fix_slowly", steps=1)) == "done"
    wanted = {"start_time": since, "user_ids[]": user, "group_by[]": "line_item"}

    def costs():
        buckets = admin.get("/organization/costs", params=wanted).raise_for_status().json()["data"]
        return {each["line_item"]: each["amount"]["value"] for bucket in buckets for each in bucket["results"]}

    with system.admin() as admin:
        assert until(costs) == {"fix_add": 0.0005}  # what is free is no cost
        one = {"start_time": since, "user_ids[]": user, "line_items[]": "fix_slowly"}
        answer = admin.get("/organization/costs", params=one).raise_for_status().json()
        assert [each for bucket in answer["data"] for each in bucket["results"]] == []
        models = {"start_time": since, "user_ids[]": user}
        answer = admin.get("/organization/usage/completions", params=models).raise_for_status().json()
        assert [each for bucket in answer["data"] for each in bucket["results"]] == []  # a tool is no completion
    with system.http(Cognito(system).sign_in(user)["IdToken"]) as person:
        own = person.get("/me/usage", params={"start_time": since}).raise_for_status().json()["data"]
    [result] = [each for bucket in own for each in bucket["results"]]
    assert (result["amount"]["value"], result["input_tokens"]) == (0.0005, 0)


def test_my_usage_is_what_me_says_and_by_key(system):
    budgets = {"user_budget_microusd": 5_000_000, "budget_microusd": 70_000_000}
    caller, user = member(system, {"allow": ["*"]}, budgets=budgets, name="laptop", budget_usd=2.5)
    system.key(user, name="idle")
    caller.call("fix_add", a=1, b=2)
    until(lambda: spend(system, user)["user"] == 500)
    result = caller.call("my_usage")["result"]
    found = result["structuredContent"]
    assert json.loads(result["content"][0]["text"]) == found
    with system.http(Cognito(system).sign_in(user)["IdToken"]) as person:
        limits = person.get("/me").raise_for_status().json()["limits"]
    names = ("budget_usd", "spent_usd", "group_budget_usd", "group_spent_usd", "budget_resets_at")
    assert {name: found[name] for name in names} == {name: limits[name] for name in names}
    assert (found["spent_usd"], found["budget_usd"], found["group_budget_usd"]) == (0.0005, 5, 70)
    assert [(key["name"], key["in_use"], key["spent_usd"], key["budget_usd"]) for key in found["keys"]] == [
        ("laptop", True, 0.0005, 2.5),
        ("idle", False, 0, None),
    ]


@pytest.mark.parametrize(
    ("actions", "scopes", "seen"),
    [
        (("inference", "mcp", "usage"), ["mcp", "usage"], True),
        (("inference", "mcp", "usage"), ["mcp"], False),  # the attack: a key made for tools alone, and found
        (("inference", "mcp"), ["mcp"], False),
    ],
)
def test_what_was_spent_is_for_who_may_know_usage(system, actions, scopes, seen):
    caller, _ = member(system, actions=actions, scopes=scopes)
    assert ("my_usage" in caller.names()) is seen
    reply = caller.call("my_usage")
    if seen:
        assert reply["result"]["isError"] is False
    else:
        assert reply["error"] == {"code": -32602, "message": "Unknown tool: my_usage"}


def test_a_tool_is_called_no_oftener_than_its_rate_lets(system):
    caller, _ = member(system, {"allow": ["*"]})
    texts = [caller.call("fix_fails")["result"]["content"][0]["text"] for _ in range(40)]
    assert "disk is full" in texts[0]
    assert "may not be called so often" in texts[-1]


def test_without_sign_in_there_is_no_authorization_server(system):
    with httpx.Client(timeout=20, trust_env=False) as http:
        resource = http.get(f"{system.base_url}/.well-known/oauth-protected-resource").json()
        assert "authorization_servers" not in resource
        assert resource["resource"] == system.mcp_url
        for method, path in (
            ("GET", "/.well-known/oauth-authorization-server"),
            ("GET", "/.well-known/openid-configuration"),
            ("POST", "/oauth/register"),
            ("GET", "/oauth/authorize"),
            ("POST", "/oauth/consent"),
            ("GET", "/oauth/callback"),
            ("POST", "/oauth/token"),
        ):
            answer = http.request(method, f"{system.base_url}{path}")
            assert (answer.status_code, answer.json()["error"]["code"]) == (404, "unknown_url"), path


@pytest.fixture(scope="module")
def crowded(tmp_path_factory):
    from tests.e2e.conftest import started

    with running(fixture_server()) as behind:
        told = {
            "MCP_SERVERS": json.dumps({"fix": {"type": "http", "url": behind.url, "private": True}}),
            "MCP_TOOLS": json.dumps({"mcp_tool_limit": 9}),
        }
        with started(tmp_path_factory.mktemp("crowded"), **told) as gateway:
            yield gateway


def test_beyond_the_limit_tools_are_found_by_words_and_called(crowded):
    caller = Caller(crowded, crowded.api_key)
    assert caller.names() == OURS | {"search_tools", "call_tool"}
    found = caller.call("search_tools", query="add two numbers")["result"]["structuredContent"]["tools"]
    assert found[0]["name"] == "fix_add"
    assert set(found[0]["inputSchema"]["properties"]) == {"a", "b"}
    added = caller.call("call_tool", name="fix_add", arguments={"a": 2, "b": 3})["result"]
    assert (added["isError"], added["content"][0]["text"]) == (False, "5")
    narrow, _ = member(crowded, {"allow": ["*"], "deny": ["fix_add"]})
    assert narrow.names() == OURS | {"fix_fails", "fix_greet", "fix_slowly"}  # nine: all of them fit again
    assert narrow.call("call_tool", name="fix_add", arguments={"a": 2, "b": 3})["error"]["code"] == -32602


def test_a_person_cannot_write_their_own_tools(system):
    """The key's record is an attribute of theirs that no token lets them write."""
    user = system.user(f"access-{uuid.uuid4().hex[:8]}@example.com")
    cognito = Cognito(system)
    token = cognito.sign_in(user)["AccessToken"]
    with pytest.raises(cognito.idp.exceptions.NotAuthorizedException):
        cognito.idp.update_user_attributes(
            AccessToken=token, UserAttributes=[{"Name": "custom:key_01", "Value": '{"tools":["*"]}'}]
        )
