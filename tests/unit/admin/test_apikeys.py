"""Keys: the slot a new one takes, what it may do, how it is shown."""

import json
from dataclasses import replace

import pytest

from pennyworth.budgets import Spend
from pennyworth.errors import Problem
from pennyworth.keys import SLOTS, KeyRecord, attribute
from pennyworth.policy import GroupPolicy
from services.admin import apikeys
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate

NOW = 1_800_000_000
RECORD = KeyRecord(
    id="key_aaaaaaaaaaaaaaaa",
    name="ci",
    sha256="0" * 64,
    scopes=("inference",),
    models=("*",),
    created_at=NOW,
    expires_at=None,
    last4="wxyz",
)
DEVELOPERS = GroupPolicy(frozenset({"inference", "mcp", "usage"}), ("*",))
ADMINS = GroupPolicy(frozenset({"inference", "mcp", "usage", "admin"}), ("*",))
RESTRICTED = GroupPolicy(frozenset({"inference"}), ("nova-*",))


def full(**changes):
    return {
        attribute(slot): replace(RECORD, id=f"key_{slot:016}", created_at=NOW - slot, **changes).dump()
        for slot in range(1, SLOTS + 1)
    }


def test_keys_are_listed_oldest_first_and_by_slot_within_a_second():
    slots = {attribute(1): RECORD.dump(), attribute(2): replace(RECORD, created_at=NOW - 1).dump()}
    slots[attribute(3)] = RECORD.dump()
    assert [key.slot for key in apikeys.stored(slots)] == [2, 1, 3]


def test_a_new_key_takes_the_first_empty_slot():
    assert apikeys.vacancy({}, NOW) == 1
    assert apikeys.vacancy({attribute(1): RECORD.dump(), attribute(2): ""}, NOW) == 2


def test_an_empty_slot_goes_before_an_expired_key():
    assert apikeys.vacancy({attribute(1): replace(RECORD, expires_at=NOW - 1).dump()}, NOW) == 2


def test_of_twenty_keys_the_one_that_expired_first_gives_way():
    slots = full()
    slots[attribute(7)] = replace(RECORD, expires_at=NOW - 10).dump()
    slots[attribute(9)] = replace(RECORD, expires_at=NOW - 20).dump()
    slots[attribute(11)] = replace(RECORD, expires_at=NOW + 1).dump()
    assert apikeys.vacancy(slots, NOW) == 9


def test_twenty_keys_that_live_are_a_conflict_with_its_remedy():
    with pytest.raises(Problem, match="Delete one first") as raised:
        apikeys.vacancy(full(expires_at=NOW + 1), NOW)
    assert raised.value.code == "conflict"


def test_a_slot_that_cannot_be_read_is_never_written_over():
    slots = full() | {attribute(5): '{"id": "key_of_a_newer_version", "team": "x"}'}
    with pytest.raises(Problem, match="20 keys"):
        apikeys.vacancy(slots, NOW)


@pytest.mark.parametrize(
    ("policy", "asked", "scopes"),
    [
        (DEVELOPERS, [], ("inference", "mcp", "usage")),
        (ADMINS, [], ("inference", "mcp", "usage")),
        (RESTRICTED, [], ("inference",)),
        (DEVELOPERS, ["usage", "mcp", "mcp"], ("mcp", "usage")),
    ],
)
def test_a_key_may_do_what_was_asked_or_else_all_its_group_allows_but_administer(policy, asked, scopes):
    fields = {"scopes": asked} if asked else {}
    assert apikeys.permitted(ApiKeyRequest(name="ci", **fields), policy, NOW) == scopes


def test_a_scope_beyond_the_group_is_refused_and_the_groups_own_are_named():
    with pytest.raises(Problem, match=r"does not allow mcp, usage\. It allows: inference") as raised:
        apikeys.permitted(ApiKeyRequest(name="ci", scopes=["usage", "inference", "mcp"]), RESTRICTED, NOW)
    assert (raised.value.code, raised.value.param) == ("invalid_value", "scopes")


def test_who_may_do_nothing_gets_no_key():
    with pytest.raises(Problem) as raised:
        apikeys.permitted(ApiKeyRequest(name="ci"), GroupPolicy(frozenset({"admin"}), ("*",)), NOW)
    assert raised.value.code == "conflict"


@pytest.mark.parametrize("expires_at", [NOW, NOW - 1, 0, -1])
def test_an_expiry_that_is_no_future_is_refused(expires_at):
    with pytest.raises(Problem, match="in the past") as raised:
        apikeys.permitted(ApiKeyRequest(name="ci", expires_at=expires_at), DEVELOPERS, NOW)
    assert raised.value.param == "expires_at"


def test_a_record_that_no_attribute_can_hold_is_refused():
    request = ApiKeyRequest(name="\N{GRINNING FACE}" * 100, models=["m" * 64] * 20)
    with pytest.raises(Problem, match="more than can be stored") as raised:
        apikeys.record(request, ("inference", "mcp", "usage"), "sk-pw-x", bytes(10), NOW)
    assert raised.value.param == "models"


@pytest.mark.parametrize(
    ("update", "param", "remedy"),
    [
        ({"name": "\N{GRINNING FACE}" * 100}, "name", "shorter name"),
        ({"name": "\N{GRINNING FACE}" * 100, "scopes": ["inference"]}, "name", "shorter name"),
        ({"name": "short", "models": ["m" * 64] * 20}, "models", "fewer or wider"),
    ],
)
def test_a_change_that_no_attribute_can_hold_names_what_was_asked_for(update, param, remedy):
    """And not what the key had before, which its owner did not send."""
    had = KeyRecord(
        id="key_x", name="n", sha256="0" * 64, scopes=("inference",), models=("*", "m" * 300), created_at=0,
        expires_at=None, last4="0000", tools=("*", "t" * 301),
    )  # fmt: skip
    everything = GroupPolicy(frozenset({"inference"}), ("*",))
    with pytest.raises(Problem, match=remedy) as raised:
        apikeys.narrowed(had, ApiKeyUpdate(**update), everything, NOW)
    assert raised.value.param == param


def test_the_largest_request_in_ascii_fits_an_attribute():
    request = ApiKeyRequest(name="n" * 100, models=["m" * 64] * 20, expires_at=NOW + 1)
    record = apikeys.record(request, ("inference", "mcp", "usage"), "sk-pw-x", bytes(10), NOW)
    assert len(record.dump()) <= apikeys.VALUE_LENGTH
    assert KeyRecord.parse(record.dump()) == record


def test_every_key_that_can_be_stored_can_be_rotated_twice():
    request = ApiKeyRequest(name="n" * 100, models=["m" * 64] * 20, expires_at=NOW + 1)
    record = apikeys.record(request, ("inference", "mcp", "usage"), "sk-pw-x", bytes(10), NOW)
    for _ in range(apikeys.FORMER):
        record = record.rotated("sk-pw-y", NOW, 1000)
    assert len(record.former) == apikeys.FORMER
    assert len(record.dump()) <= apikeys.VALUE_LENGTH
    assert KeyRecord.parse(record.dump()) == record


def test_a_model_the_group_could_never_allow_is_refused():
    request = ApiKeyRequest(name="ci", models=["*-pro", "claude-*"])
    with pytest.raises(Problem, match="It allows: nova-") as raised:
        apikeys.permitted(request, RESTRICTED, NOW)
    assert raised.value.param == "models[1]"


def test_former_secrets_are_shown_while_they_work():
    twice = RECORD.rotated("sk-pw-1234", NOW, 10).rotated("sk-pw-5678", NOW + 5, 100)
    assert apikeys.shown(twice, {}, Spend(), NOW + 6)["previous"] == [
        {"redacted_value": "sk-pw-...1234", "expires_at": NOW + 105},
        {"redacted_value": "sk-pw-...wxyz", "expires_at": NOW + 10},
    ]
    assert [old["redacted_value"] for old in apikeys.shown(twice, {}, Spend(), NOW + 10)["previous"]] == [
        "sk-pw-...1234"
    ]
    assert apikeys.shown(twice, {}, Spend(), NOW + 10)["redacted_value"] == "sk-pw-...5678"


def test_a_key_is_shown_without_its_secret_and_its_hash():
    shown = apikeys.shown(RECORD, {"id": "them"}, Spend(), NOW)
    assert shown == {
        "object": "organization.user.api_key",
        "id": "key_aaaaaaaaaaaaaaaa",
        "name": "ci",
        "redacted_value": "sk-pw-...wxyz",
        "scopes": ["inference"],
        "models": ["*"],
        "tools": ["*"],
        "budget_usd": None,
        "spent_usd": 0,
        "created_at": NOW,
        "expires_at": None,
        "rotated_at": None,
        "last_used_at": None,
        "previous": [],
        "owner": {"type": "user", "user": {"id": "them"}},
    }


BUDGETED = replace(RECORD, budget_microusd=2_500_000)


def test_a_keys_budget_is_kept_in_whole_micro_dollars_and_shown_with_what_it_spent():
    made = apikeys.record(ApiKeyRequest(name="ci", budget_usd=0.1), ("inference",), "sk-pw-x", b"x" * 10, NOW)
    assert made.budget_microusd == 100_000
    assert KeyRecord.parse(made.dump()) == made
    shown = apikeys.shown(BUDGETED, {}, Spend("2026-11", 9, {}, {RECORD.id: 1_234_567, "key_other": 5}), NOW)
    assert (shown["budget_usd"], shown["spent_usd"]) == (2.5, 1.234567)


def test_a_record_from_before_there_were_budgets_has_none():
    old = json.loads(RECORD.dump())
    del old["budget_microusd"]
    assert KeyRecord.parse(json.dumps(old)) == RECORD


@pytest.mark.parametrize(("usd", "microusd"), [(1, 1_000_000), (0, 0), (2.5, 2_500_000)])
def test_a_keys_budget_is_only_ever_cut(usd, microusd):
    assert apikeys.narrowed(BUDGETED, ApiKeyUpdate(budget_usd=usd), DEVELOPERS, NOW).budget_microusd == microusd
    assert apikeys.narrowed(RECORD, ApiKeyUpdate(budget_usd=usd), DEVELOPERS, NOW).budget_microusd == microusd
    assert apikeys.narrowed(BUDGETED, ApiKeyUpdate(name="new"), DEVELOPERS, NOW).budget_microusd == 2_500_000


@pytest.mark.parametrize("usd", [2.500001, 1_000_000, None])
def test_a_key_is_never_given_a_higher_budget(usd):
    with pytest.raises(Problem, match=r"it may spend 2\.5 dollars a month") as raised:
        apikeys.narrowed(BUDGETED, ApiKeyUpdate(budget_usd=usd), DEVELOPERS, NOW)
    assert raised.value.param == "budget_usd"


@pytest.mark.parametrize(("microusd", "told"), [(2_500_000, "2.5"), (10, "0.00001"), (500_000_000, "500"), (0, "0")])
def test_a_budget_in_a_sentence_has_no_exponent(microusd, told):
    with pytest.raises(Problem, match=rf"it may spend {told} dollars a month\. Mint another"):
        apikeys.narrowed(replace(RECORD, budget_microusd=microusd), ApiKeyUpdate(budget_usd=None), DEVELOPERS, NOW)


def test_when_a_key_ends_is_told_for_people_too():
    ends = replace(RECORD, expires_at=1_798_033_789)
    with pytest.raises(Problem, match="it expires at 1798033789, 2026-12-23 13:49 UTC"):
        apikeys.narrowed(ends, ApiKeyUpdate(expires_at=None), DEVELOPERS, NOW)
