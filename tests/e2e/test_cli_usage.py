"""`pennyworth usage` and `costs`: what the Bedrock stand-in counted, to the token and to the micro-dollar."""

import json
import time
from decimal import Decimal

import pytest

from tests.e2e.people import Cognito
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


@pytest.fixture
def cognito(gateway):
    return Cognito(gateway)


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
    assert user in others
    assert "$" in administrator.out("costs", "--by", "model")
    refused = machine.run("costs")
    assert refused.returncode == 4
