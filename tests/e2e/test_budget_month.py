"""A month's budget, spent and given anew, in a whole system whose authorizer and ledger read a clock of the test's."""

import json
import shutil
import time
from datetime import UTC, datetime

import openai
import pytest

from pennyworth.budgets import resets_at
from tests.e2e.conftest import ROOT, started
from tests.e2e.project import copied
from tests.e2e.test_budgets import address, chat, counted, page, refused, spend, until

CLOCKED = ROOT / "tests/e2e/clocked"
HANDLERS = {"authorizer": "pennyworth.clocked.handler", "ledger": "services.admin.ledger.clocked.handler"}
LAYER = "shared/pennyworth"


@pytest.fixture(scope="module")
def project(tmp_path_factory):
    """A copy of the project in which two handlers are wrapped: nothing of ours can be told another time."""
    copy = copied(tmp_path_factory.mktemp("project"))
    for name, place in {
        "clock.py": f"{LAYER}/clock.py",
        "authorizer.py": f"{LAYER}/clocked.py",
        "ledger.py": "services/admin/ledger/clocked.py",
    }.items():
        shutil.copyfile(CLOCKED / name, copy / place)
    (copy / LAYER / "ahead_s").write_text("0")
    declared = copy / "terraform/functions.json"
    functions = json.loads(declared.read_text())
    for key, handler in HANDLERS.items():
        functions[key]["handler"] = handler
    declared.write_text(json.dumps(functions))
    return copy


@pytest.fixture(scope="module")
def gateway(project, tmp_path_factory):
    # No decision is kept: each request below is decided by the clock as it is then.
    with started(tmp_path_factory.mktemp("local"), project, AUTHORIZER_TTL_S="0") as system:
        yield system


@pytest.fixture
def clock(project, gateway):
    """Have it be that time, in unix seconds, for the authorizer and the ledger."""

    def be(now):
        file = project / ".local/build/layer/python/pennyworth/ahead_s"
        fresh = file.with_name("ahead_s.new")
        fresh.write_text(str(now - time.time()))
        fresh.replace(file)  # whoever reads it meanwhile finds one or the other

    return be


def day(now):
    return f"{datetime.fromtimestamp(now, UTC):%Y-%m-%d}"


def test_a_budget_that_is_spent_stops_a_user_until_the_month_is_over(gateway, clock):
    """From the front door to the authorizer, the model, the log, its subscription, the ledger and back."""
    # Of a month that is not the real one, so that nothing passes by the real clock.
    turn = resets_at(resets_at(time.time()))
    group = gateway.group("nova-*", budgets={"user_budget_microusd": 1})
    user = gateway.user(address(), group)
    client = gateway.openai(gateway.key(user)["value"])

    clock(turn - 600)
    chat(client)
    before = counted(gateway, user)
    assert before["month"] == day(turn - 600)[:7]
    error = refused(client)
    assert (error.status_code, error.code, error.type) == (429, "insufficient_quota", "insufficient_quota")
    assert "Your budget" in error.message
    assert day(turn) in error.message
    assert error.response.headers["x-should-retry"] == "false"
    assert "retry-after" not in error.response.headers

    clock(turn - 60)
    with pytest.raises(openai.RateLimitError):
        chat(client)
    clock(turn + 60)
    assert chat(client).choices  # the same key
    after = until(lambda: (found := spend(gateway, user))["month"] != before["month"] and found)
    assert (after["month"], after["user"]) == (day(turn)[:7], before["user"])  # one request's cost, as before
    for name in (f"users/{user}", f"groups/{group}"):
        kept = page(gateway, name)
        assert (kept["month"], kept["cost_microusd"]) == (after["month"], after["user"])
    assert day(resets_at(turn)) in refused(client).message
