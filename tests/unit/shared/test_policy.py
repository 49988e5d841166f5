import json

import pytest

from pennyworth.errors import Problem
from pennyworth.policy import Group, GroupPolicy, authorize, effective
from pennyworth.principal import Principal


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
        (caller(within_budget=False), "inference", "nova-lite", "budget_exhausted"),
    ],
)
def test_the_first_rule_that_is_broken_is_named(principal, action, model, code):
    with pytest.raises(Problem) as raised:
        authorize(principal, action, model)
    assert raised.value.code == code


def test_a_principal_survives_the_flat_context_of_api_gateway():
    principal = caller(key_models=("claude-*",), actions=frozenset({"mcp", "inference"}), active=False)
    context = principal.to_context()
    assert all(isinstance(value, str) for value in context.values())
    assert Principal.from_context(context) == principal


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
    ],
)
def test_a_description_that_is_no_policy_allows_nothing(description):
    assert GroupPolicy.parse(description) == GroupPolicy(frozenset(), ())


def test_a_policy_is_read_from_the_description():
    policy = GroupPolicy.parse(json.dumps({"actions": ["inference", "fly"], "models": ["*"]}))
    assert policy == GroupPolicy(frozenset({"inference"}), ("*",))


def test_the_group_of_lowest_precedence_speaks_and_ties_go_by_name():
    def group(name, precedence):
        return Group(name, precedence, "", GroupPolicy(frozenset(), ()))

    groups = [group("b", 10), group("a", 10), group("c", 20)]
    assert effective(groups).name == "a"
    assert effective(reversed(groups)).name == "a"


def test_a_user_without_groups_may_do_nothing():
    assert effective([]).policy == GroupPolicy(frozenset(), ())
