"""`pennyworth usage` and `costs`: what the Bedrock stand-in counted, to the token and to the micro-dollar."""

import json
import time
from decimal import Decimal

from tests.e2e.terminal import Machine, person, signed_in

PATIENCE_S = 60


def within(asked, wanted):
    """What is asked until it holds what is wanted: usage follows the log by seconds."""
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(found := asked()):
        assert time.monotonic() < deadline, found
        time.sleep(0.5)
    return found


def results(buckets):
    return [result for bucket in buckets for result in bucket["results"]]


def test_ones_own_usage_and_everybodys_costs(gateway, cognito, tmp_path, calls):
    email, user = person(gateway, cognito)
    machine = signed_in(Machine(tmp_path, gateway.base_url), email)
    for model in (gateway.model, "nova-lite", "nova-lite"):
        machine.out("chat", "--model", model, "Good evening")
    counted = [call["usage"] for call in calls()]

    def own():
        return json.loads(machine.out("usage", "--by", "model", "--since", "1h", "--json"))

    used = results(within(own, lambda found: sum(each["num_model_requests"] for each in results(found)) == 3))
    assert sum(each["input_tokens"] for each in used) == sum(each["inputTokens"] for each in counted)
    assert sum(each["output_tokens"] for each in used) == sum(each["outputTokens"] for each in counted)
    table = machine.run("usage", "--by", "model", "--since", "1h")
    assert "nova-lite" in table.stdout
    assert table.stderr.startswith("Together: 3 requests")

    home = tmp_path / "administrator"
    home.mkdir()
    administrator = signed_in(Machine(home, gateway.base_url), person(gateway, cognito, "admins")[0])
    costs = results(json.loads(administrator.out("costs", "--since", "1d", "--by", "user", "--json")))
    [cost] = [each["amount"]["value"] for each in costs if each["user_id"] == user]
    assert Decimal(str(cost)) == sum(Decimal(str(each["amount"]["value"])) for each in used)
    others = administrator.out("usage", "--user", email, "--by", "user", "--by", "key", "--since", "1h")
    assert email in others
    assert "$" in administrator.out("costs", "--by", "model")
    refused = machine.run("costs")
    assert refused.returncode == 4


def test_costs_of_some_people_keys_and_models_add_up_to_the_whole(gateway, cognito, tmp_path):
    (ada, ada_id), (bob, bob_id) = person(gateway, cognito), person(gateway, cognito)
    keys = {}
    for user in (ada_id, bob_id):
        key = gateway.key(user)
        keys[user] = key["id"]
        for model in ("nova-lite", "claude-haiku-4-5"):  # the latter by its alias
            gateway.openai(key["value"]).chat.completions.create(
                model=model, messages=[{"role": "user", "content": "Good evening"}]
            )
    machine = signed_in(Machine(tmp_path, gateway.base_url), person(gateway, cognito, "admins")[0])

    def costs(*options):
        shown = results(json.loads(machine.out("costs", "--since", "1d", *options, "--json")))
        return {
            tuple(each[name] for name in ("user_id", "api_key_id", "line_item") if each[name]): Decimal(
                str(each["amount"]["value"])
            )
            for each in shown
        }

    both = ("--user", ada, "--user", bob, "--by", "user", "--by", "key", "--by", "model")
    whole = within(lambda: costs(*both), lambda found: len(found) == 4)
    assert {key[:2] for key in whole} == {(user, keys[user]) for user in (ada_id, bob_id)}
    assert all(value > 0 for value in whole.values())
    assert costs("--user", ada)[()] == sum(value for key, value in whole.items() if key[0] == ada_id)
    assert costs("--key", keys[bob_id])[()] == sum(value for key, value in whole.items() if key[0] == bob_id)
    for name in ("claude-haiku-4-5", "claude-haiku-4.5"):
        one = costs("--user", ada, "--key", keys[ada_id], "--model", name, "--group-by", "model")
        assert one == {("claude-haiku-4.5",): whole[ada_id, keys[ada_id], "claude-haiku-4.5"]}
    assert costs("--user", ada, "--key", keys[bob_id]) == {}
    table = machine.out("costs", "--user", ada, "--user", bob, "--by", "user", "--by", "model")
    assert table.count(ada) == table.count(bob) == 2
