"""Budgets from the command line: set, spent, cut, refused and given back."""

import json
import time
from decimal import Decimal

import pytest

from tests.e2e.terminal import Machine, person, signed_in

PATIENCE_S = 30


@pytest.fixture
def administrator(gateway, cognito, tmp_path):
    home = tmp_path / "administrator"
    home.mkdir()
    return signed_in(Machine(home, gateway.base_url), person(gateway, cognito, "admins")[0])


def until(told, wanted):
    deadline = time.monotonic() + PATIENCE_S
    while not wanted(found := told()):
        assert time.monotonic() < deadline, found
        time.sleep(0.3)
    return found


def limits(machine):
    return json.loads(machine.out("whoami", "--json"))["limits"]


def test_a_users_budget_is_set_spent_and_given_back(gateway, cognito, administrator, tmp_path):
    group = gateway.group("nova-*", budgets={"user_budget_microusd": 25_000_000, "budget_microusd": 500_000_000})
    email, _ = person(gateway, cognito, group)
    machine = signed_in(Machine(tmp_path, gateway.base_url), email)
    assert ["spent", "$0.00", "of", "$25.00", "this", "month"] in [
        line.split() for line in machine.out("whoami").splitlines()
    ]
    assert f"$25.00 a month, as everybody in {group}" in administrator.out("users", "show", email)
    listed = administrator.out("groups", "list").split(group)[1].split("\n")[0].split()[-2:]
    assert [float(each.removeprefix("$")) for each in listed] == [500, 25]  # with the decimals that all groups take

    done = administrator.run("users", "update", email, "--budget-usd", "0.000001")
    assert "Budget: $0.000001 a month, their own. It counts within" in done.stderr
    machine.out("chat", "--model", "nova-lite", "Good evening")
    until(lambda: limits(machine), lambda found: found["spent_usd"] > 0)
    refused = until(
        lambda: machine.run("chat", "--model", "nova-lite", "Good evening"), lambda done: done.returncode != 0
    )
    assert refused.returncode == 7
    assert "Your budget for this month is spent. It begins anew on " in refused.stderr
    spent = limits(machine)["spent_usd"]
    [row] = administrator.out("users", "list", "--search", email).splitlines()[1:]
    assert Decimal(str(spent)) == Decimal(row.split()[6].removeprefix("$"))
    assert row.split()[5] == "$0.000001"

    done = administrator.run("users", "update", email, "--group-budget")
    assert f"Budget: $25.00 a month, as everybody in {group}." in done.stderr
    again = until(
        lambda: machine.run("chat", "--model", "nova-lite", "Good evening"), lambda done: done.returncode == 0
    )
    assert again.stdout.strip()
    changes = until(lambda: administrator.out("audit", "--user", email), lambda found: "cleared=budget_usd" in found)
    assert "budget_usd=$0.000001" in changes


def test_a_keys_budget_is_cut_and_never_raised(gateway, cognito, tmp_path):
    email, _ = person(gateway, cognito)
    machine = signed_in(Machine(tmp_path, gateway.base_url), email)
    made = json.loads(machine.out("keys", "create", "ci", "--budget-usd", "10", "--json"))
    machine.out("keys", "update", made["id"], "--budget-usd", "0.00001")
    raised = machine.run("keys", "update", made["id"], "--budget-usd", "10")
    assert raised.returncode == 2
    told = "a key never gets more than it had, and it may spend 0.00001 dollars a month. Mint another."
    assert told in raised.stderr
    assert machine.run("chat", "--model", "nova-lite", "Hello", PENNYWORTH_API_KEY=made["value"]).returncode == 0

    def budget_and_spent():
        [row] = machine.out("keys", "list").splitlines()[1:]
        return [Decimal(cell.removeprefix("$")) for cell in row.split() if cell.startswith("$")]

    budget, _ = until(budget_and_spent, lambda found: found[1] > 0)
    assert budget == Decimal("0.00001")
