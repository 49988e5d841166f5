import json

import pytest

from pennyworth.errors import Problem
from pennyworth.policy import Group, GroupPolicy, authorize, effective
from pennyworth.principal import Guardrail, Principal, Spent


def caller(**changes):
    fields = {
        "user_id": "u",
        "name": "ada@example.com",
        "key_id": "key_1",
        "group": "developers",
        "role_arn": "arn:aws:iam::1:role/developers",
        "actions": frozenset({"inference"}),
        "models": ("nova-*", "claude-haiku-*"),
    }
    return Principal(**{**fields, **changes})


def test_what_the_policy_allows_passes():
    authorize(caller(), "inference", "nova-lite")
    authorize(caller(), "inference")


@pytest.mark.parametrize(
    ("principal", "action", "model", "code"),
    [
        (caller(active=False), "inference", "nova-lite", "account_disabled"),
        (caller(), "admin", None, "action_not_allowed"),
        (caller(actions=frozenset()), "inference", None, "action_not_allowed"),
        (caller(), "inference", "claude-sonnet-4.5", "model_not_allowed"),
        (caller(models=()), "inference", "nova-lite", "model_not_allowed"),
        (caller(key_models=("claude-*",)), "inference", "nova-lite", "model_not_allowed"),
        (caller(key_models=("gpt-*",)), "inference", "gpt-5", "model_not_allowed"),
    ],
)
def test_the_first_rule_that_is_broken_is_named(principal, action, model, code):
    with pytest.raises(Problem) as raised:
        authorize(principal, action, model)
    assert raised.value.code == code


@pytest.mark.parametrize(
    ("given", "told"),
    [
        ({"key_id": "key_a"}, "This key may not do 'admin'. Ask an administrator for a key or group that may."),
        (
            {"key_id": "", "group": "developers"},
            "You may not do 'admin': your group, 'developers', does not allow it. Ask an administrator, such as who "
            "invited you, to put you into a group that does.",
        ),
        (
            {"key_id": "", "group": ""},
            "You may not do 'admin': you are in no group. Ask an administrator, such as who invited you, to put you "
            "into one that allows it.",
        ),
    ],
)
def test_who_may_not_is_told_what_they_lack_and_who_can_help(given, told):
    with pytest.raises(Problem) as raised:
        authorize(caller(**given), "admin")
    assert (raised.value.code, raised.value.status, raised.value.message) == ("action_not_allowed", 403, told)


SPENT = Spent("key", 1_801_440_000)


def test_a_spent_budget_stops_what_has_a_price_and_nothing_else():
    authorize(caller(spent=SPENT), "inference", "nova-lite")
    with pytest.raises(Problem) as raised:
        authorize(caller(spent=SPENT), "inference", "nova-lite", spends=True)
    assert raised.value.code == "insufficient_quota"
    assert raised.value.message == (
        "The budget of this key for this month is spent. It begins anew on 2027-02-01 (UTC); "
        "an administrator can raise it before."
    )
    authorize(caller(), "inference", "nova-lite", spends=True)


@pytest.mark.parametrize(
    ("changes", "model"), [({"active": False}, None), ({"actions": frozenset()}, None), ({}, "claude-sonnet-4.5")]
)
def test_a_spent_budget_is_the_last_thing_said(changes, model):
    with pytest.raises(Problem) as raised:
        authorize(caller(spent=SPENT, **changes), "inference", model, spends=True)
    assert raised.value.code != "insufficient_quota"


def test_a_spent_budget_travels_with_the_principal_and_ends_with_its_month():
    spent = caller(spent=SPENT)
    assert Principal.from_context(spent.to_context()) == spent
    assert "spent" not in caller().to_context()
    assert spent.at(SPENT.resets_at - 1).spent == SPENT
    assert spent.at(SPENT.resets_at).spent is None


@pytest.mark.parametrize("name", ["budget_microusd", "user_budget_microusd"])
@pytest.mark.parametrize("sum_", [-1, 1.5, "10", True, [], {}])
def test_a_policy_whose_budget_is_no_sum_allows_nothing(name, sum_):
    told = {"actions": ["inference"], "models": ["*"], name: sum_}
    assert GroupPolicy.parse(json.dumps(told)) == GroupPolicy(frozenset(), ())


def test_a_users_own_budget_counts_before_the_groups():
    told = {"actions": ["inference"], "models": ["*"], "budget_microusd": 0, "user_budget_microusd": 5_000_000}
    policy = GroupPolicy.parse(json.dumps(told))
    assert policy.budget_microusd == 0
    assert [policy.budget_of(own) for own in ("", "7", "0", "-1", "1e9", "\u0663", "all")] == [
        5_000_000,
        7,
        0,
        0,
        0,
        0,
        0,
    ]
    assert GroupPolicy(frozenset(), ()).budget_of("") is None


def test_a_principal_survives_the_flat_context_of_api_gateway():
    principal = caller(key_models=("claude-*",), actions=frozenset({"mcp", "inference"}), active=False)
    context = principal.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert Principal.from_context(context) == principal


def test_guardrails_travel_with_the_principal_and_cost_nothing_where_there_are_none():
    guarded = caller(guardrail=Guardrail("abc", "1"), guardrails=("def", "ghi"))
    assert all(isinstance(value, str) for value in guarded.to_context().values())
    assert Principal.from_context(guarded.to_context()) == guarded
    assert not caller().to_context().keys() & {"guardrail", "guardrails"}


@pytest.mark.parametrize("guardrail", ["", "null", '["abc"]', '["abc", "1", "2"]', "1"])
def test_a_context_with_half_a_guardrail_is_no_context(guardrail):
    with pytest.raises((TypeError, ValueError)):
        Principal.from_context({**caller().to_context(), "guardrail": guardrail})


def test_a_context_cannot_carry_an_action_nobody_knows():
    context = {**caller().to_context(), "actions": "inference root"}
    assert Principal.from_context(context).actions == {"inference"}


@pytest.mark.parametrize(
    "description",
    [
        "",
        "people who write code",
        "[]",
        "null",
        "{}",
        '{"actions": ["admin"]}',
        '{"actions": 1, "models": []}',
        '{"actions": ["inference"], "models": "nova-*"}',
        '{"actions": ["inference"], "models": {"*": false}}',
        '{"actions": {"admin": false}, "models": ["*"]}',
        '{"actions": ["inference"], "models": ["nova-*", 1]}',
        "[" * 2048,
        '{"actions": ["inference"], "models": ["*"], "guardrail": null}',
        '{"actions": ["inference"], "models": ["*"], "guardrail": "abc"}',
        '{"actions": ["inference"], "models": ["*"], "guardrail": {"id": "abc"}}',
        '{"actions": ["inference"], "models": ["*"], "guardrail": {"id": "", "version": "1"}}',
        '{"actions": ["inference"], "models": ["*"], "guardrail": {"id": "abc", "version": 1}}',
        '{"actions": ["inference"], "models": ["*"], "guardrails": "abc"}',
    ],
)
def test_a_description_that_is_no_policy_allows_nothing(description):
    assert GroupPolicy.parse(description) == GroupPolicy(frozenset(), ())


def test_a_policy_is_read_from_the_description():
    policy = GroupPolicy.parse(json.dumps({"actions": ["inference", "fly"], "models": ["*"]}))
    assert policy == GroupPolicy(frozenset({"inference"}), ("*",))


def test_a_policy_says_which_guardrails_there_are():
    allowed = {"actions": ["inference"], "models": ["*"]}
    forced = GroupPolicy.parse(json.dumps({**allowed, "guardrail": {"id": "abc", "version": "DRAFT"}}))
    assert (forced.guardrail, forced.guardrails) == (Guardrail("abc", "DRAFT"), ())
    assert GroupPolicy.parse(json.dumps({**allowed, "guardrails": ["abc"]})).guardrails == ("abc",)


def test_the_group_of_lowest_precedence_speaks_and_ties_go_by_name():
    def group(name, precedence):
        return Group(name, precedence, "", GroupPolicy(frozenset(), ()))

    groups = [group("b", 10), group("a", 10), group("c", 20)]
    assert effective(groups).name == "a"
    assert effective(reversed(groups)).name == "a"


def test_a_user_without_groups_may_do_nothing():
    assert effective([]).policy == GroupPolicy(frozenset(), ())


def test_a_group_may_declare_a_rate():
    document = {"actions": ["inference"], "models": ["*"], "rate_per_s": 2.5, "burst": 10, "plan": "1a2b3c"}
    policy = GroupPolicy.parse(json.dumps(document))
    assert (policy.rate_per_s, policy.burst, policy.plan) == (2.5, 10, "1a2b3c")
    assert policy.actions == {"inference"}


@pytest.mark.parametrize(
    "broken", [{"rate_per_s": "5"}, {"burst": 1.5}, {"burst": None}, {"plan": 7}, {"rate_per_s": [5]}]
)
def test_a_rate_that_cannot_be_read_allows_nothing(broken):
    document = {"actions": ["inference"], "models": ["*"], **broken}
    assert GroupPolicy.parse(json.dumps(document)) == GroupPolicy(frozenset(), ())
