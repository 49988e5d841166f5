"""Budgets from the command line: what is sent, and what is shown of a month."""

import json

import pytest

from pennyworth_cli.budgets import amount, of_user, spending, told
from pennyworth_cli.failure import Code, Failure

ADA = {
    "id": "0198c7f2-5b1a-7c3e-9d44-6f1e2a3b4c5d",
    "email": "ada@example.com",
    "name": "Ada",
    "role": "reader",
    "groups": ["developers", "restricted"],
    "disabled": False,
    "added_at": 1_793_491_200,
    "budget_usd": None,
    "spent_usd": 1e-05,
    "effective_within_s": 60,
}
POLICY = {"actions": ["inference"], "models": ["*"], "budget_usd": 500.0, "user_budget_usd": 25.0}
GROUPS = [
    {"name": "developers", "precedence": 20, "role_arn": "arn", "created_at": 0, "policy": POLICY},
    {
        "name": "restricted",
        "precedence": 30,
        "role_arn": "arn",
        "created_at": 0,
        "policy": POLICY
        | {
            "budget_usd": None,
            "user_budget_usd": 1e-05,
            "guardrail": {"id": "gr-1", "version": "2"},
            "guardrails": [],
            "rate": {"per_s": 0.5, "burst": 10},
            "tools": {"allow": None, "deny": ["chat"]},
        },
    },
]
POLICIES = {group["name"]: group["policy"] for group in GROUPS}
KEY = {
    "id": "key_a",
    "name": "ci",
    "redacted_value": "sk-pw-...abcd",
    "scopes": ["inference"],
    "models": ["*"],
    "created_at": 0,
    "expires_at": None,
    "budget_usd": 10,
    "spent_usd": 0.000123,
    "effective_within_s": 60,
}


def listing(*found):
    return (200, {}, {"object": "list", "data": list(found), "has_more": False})


@pytest.mark.parametrize(
    ("text", "wanted"), [("25", 25), ("0", 0), ("0.000001", 1e-06), (" $12.50 ", 12.5), ("1000000000", 1e9)]
)
def test_an_amount_is_dollars(text, wanted):
    assert amount(text, "--budget-usd") == wanted


@pytest.mark.parametrize(
    "text", ["nan", "inf", "-1", "1e-05", "0.0000001", "1,000", "1000000001", "ten", "\uff11", "", "."]
)
def test_what_is_no_amount_names_the_option(text):
    with pytest.raises(Failure, match="--budget-usd") as failed:
        amount(text, "--budget-usd")
    assert failed.value.code is Code.WRONG


def test_ones_own_budget_counts_before_the_groups():
    assert of_user(ADA, POLICIES) == 25
    assert of_user(ADA | {"budget_usd": 0}, POLICIES) == 0
    assert of_user(ADA | {"groups": []}, POLICIES) is None
    assert told(ADA, POLICIES) == "$25.00 a month, as everybody in developers"
    assert told(ADA | {"budget_usd": 0.5}, POLICIES) == "$0.50 a month, their own"
    assert told(ADA | {"groups": []}, POLICIES) == "any amount"
    assert spending(3.2, None) == "$3.20 this month"


@pytest.mark.parametrize(
    ("arguments", "sent"),
    [
        (("--budget-usd", "100"), {"budget_usd": 100}),
        (("--budget-usd", "0"), {"budget_usd": 0}),
        (("--group-budget",), {"budget_usd": None}),
        (("--name", "A", "--budget-usd", "0.000001"), {"name": "A", "budget_usd": 1e-06}),
        (("--name", ""), {"name": ""}),
    ],
)
def test_a_users_budget_is_set_and_given_back(server, process, arguments, sent):
    changed = (200, {}, ADA | {"budget_usd": sent.get("budget_usd")})
    server.answers = [lambda asked: changed if asked[0] == "POST" else listing(*GROUPS)]
    done = process("users", "update", ADA["id"], *arguments)
    assert done.returncode == 0, done.stderr
    assert json.loads(server.seen[-1][3]) == sent
    own = sent.get("budget_usd")
    wanted = {None: "$25.00 a month, as everybody in developers", 100: "$100.00 a month, their own", 0: "$0.00 a month"}
    if "budget_usd" in sent:
        assert wanted.get(own, "$0.000001 a month") in done.stderr
    assert "It counts within 60 s." in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("users", "update", ADA["id"], "--budget-usd", "nan"),
        ("users", "update", ADA["id"], "--budget-usd", "-5"),
        ("users", "update", ADA["id"], "--budget-usd", "5", "--group-budget"),
        ("keys", "create", "ci", "--budget-usd", "much"),
        ("keys", "update", "key_a", "--budget-usd", "1e-7"),
        # of a script whose variable was never set: it asked for a limit
        ("keys", "create", "ci", "--budget-usd", ""),
        ("keys", "create", "ci", "--expires-in", ""),
        ("users", "update", ADA["id"], "--name", "A", "--budget-usd", ""),
    ],
)
def test_a_wrong_limit_asks_the_gateway_nothing(server, process, arguments):
    server.answers = [(200, {}, KEY | {"value": "sk-pw-a"})]
    done = process(*arguments)
    assert (done.returncode, server.seen) == (2, [])
    assert "budget" in done.stderr or "--expires-in" in done.stderr


def test_a_budget_that_was_set_is_not_said_to_have_failed(server, process):
    failed = (503, {}, {"error": {"message": "Not just now.", "code": "service_unavailable"}})
    server.answers = [lambda asked: (200, {}, ADA) if asked[0] == "POST" else failed]
    assert process("users", "update", ADA["id"], "--budget-usd", "5").returncode == 1
    assert [method for method, *_ in server.seen] == ["GET"]


def test_lists_tell_the_budget_that_counts_and_what_was_spent(server, process):
    server.answers = [listing(ADA, ADA | {"email": "bob@example.com", "budget_usd": 0.25}), listing(*GROUPS)]
    done = process("users", "list")
    assert done.stdout.splitlines()[0].split()[-3:] == ["BUDGET", "SPENT", "ADDED"]
    assert [line.split()[-5:-3] for line in done.stdout.splitlines()[1:]] == [
        ["$25.00", "$0.00001"],
        ["$0.25", "$0.00001"],
    ]
    server.answers = [(200, {}, ADA), listing(*GROUPS)]
    shown = process("users", "show", ADA["id"]).stdout
    assert "budget  $25.00 a month, as everybody in developers\n" in shown
    assert "spent   $0.00001 this month\n" in shown
    server.answers = [listing(KEY, KEY | {"budget_usd": None, "spent_usd": 0})]
    lines = process("keys", "list").stdout.splitlines()
    assert lines[0].split()[5:7] == ["BUDGET", "SPENT"]
    assert lines[1].split()[5:7] == ["$10.00", "$0.000123"]
    assert lines[2].split()[5] == "$0.000000"


def test_json_is_the_gateways_own_and_asks_for_nothing_else(server, process):
    server.answers = [listing(ADA)]
    assert json.loads(process("users", "list", "--json").stdout) == [ADA]
    server.answers = [(200, {}, ADA)]
    assert "1e-05" not in process("users", "show", ADA["id"], "--json").stdout
    assert len(server.seen) == 2


def test_a_group_tells_its_budgets(server, process):
    server.answers = [listing(*GROUPS)]
    head, first, second = process("groups", "list").stdout.splitlines()
    assert head.split()[-2:] == ["BUDGET", "EACH"]
    assert first.split()[-2:] == ["$500.00", "$25.00000"]
    assert second.split()[-1] == "$0.00001"
    server.answers = [(200, {}, GROUPS[1])]
    shown = process("groups", "show", "restricted").stdout
    for line in (
        "$0.00001 a month, of who has none of their own",
        "0.5 requests a second, 10 at once",
        "gr-1, version 2",
    ):
        assert line in shown
    assert "{" not in shown


def test_a_keys_budget_is_sent_as_it_was_typed(server, process):
    server.answers = [(200, {}, KEY)]
    assert process("keys", "update", "key_a", "--budget-usd", "2.5").returncode == 0
    assert json.loads(server.seen[0][3]) == {"budget_usd": 2.5}


def test_whoami_tells_what_is_left_and_when_it_begins_anew(server, process):
    me = {
        "user": ADA,
        "group": "developers",
        "policy": POLICY,
        "limits": {
            "api_keys": 20,
            "api_keys_in_use": 1,
            "budget_usd": 25.0,
            "spent_usd": 3.2,
            "group_budget_usd": 500.0,
            "group_spent_usd": 1e-05,
            "budget_resets_at": 1_796_083_200,
        },
    }
    server.answers = [(200, {}, me)]
    shown = process("whoami", TZ="Asia/Tokyo").stdout
    assert "spent        $3.20 of $25.00 this month\n" in shown
    assert "group spent  $0.00001 of $500.00 this month, by everybody in developers\n" in shown
    assert "begins anew  2026-12-01 00:00 UTC\n" in shown
    nothing = {"budget_usd": None, "group_budget_usd": None, "group_spent_usd": 0}
    server.answers = [(200, {}, me | {"limits": me["limits"] | nothing})]
    shown = process("whoami").stdout
    assert "$3.20 this month\n" in shown
    assert "group spent" not in shown


def test_the_audit_log_reads_in_dollars_and_utc(server, process):
    def record(kind, **details):
        actor = {"type": "session", "session": {"user": {"id": "a", "email": "root@example.com"}}}
        return {"type": kind, "effective_at": 1_793_491_200, "actor": actor, kind: details}

    server.answers = [
        listing(
            record("user.updated", id=ADA["id"], changes_requested={"budget_usd": 1e-05}),
            record("user.updated", id=ADA["id"], changes_requested={"cleared": ["budget_usd"]}),
            record(
                "api_key.created",
                id="key_a",
                user_id=ADA["id"],
                data={"scopes": ["inference", "mcp"], "expires_at": 1_796_083_200, "budget_microusd": 2_500_000},
            ),
        )
    ]
    one, two, three = process("audit").stdout.splitlines()[1:]
    assert one.endswith("budget_usd=$0.00001")
    assert two.endswith("cleared=budget_usd")
    assert three.endswith("key=key_a, scopes=inference mcp, expires_at=2026-12-01 00:00 UTC, budget_usd=$2.50")
