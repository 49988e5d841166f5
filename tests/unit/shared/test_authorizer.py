import json
from pathlib import Path

import pytest
import yaml

from pennyworth import authorizer as module
from pennyworth import keys
from pennyworth.authorizer import UNCACHED, Authorizer, credential, stage
from pennyworth.aws import AwsError
from pennyworth.decisions import OUTAGE_S, Decisions
from pennyworth.directory import Directory
from pennyworth.keys import KeyRecord, shared_identifier
from pennyworth.tokens import Proof

USER = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
PEPPER = b"p" * 32
TTL_S = 60
NOW = 1_800_000_000
SECRET = keys.mint(USER, 3, PEPPER)
DEVELOPERS = {
    "GroupName": "developers",
    "Precedence": 20,
    "RoleArn": "arn:aws:iam::1:role/developers",
    "Description": json.dumps({"actions": ["inference", "mcp"], "models": ["nova-*"]}),
}


def record(secret=SECRET, **changes):
    fields = {
        "id": "key_aaaaaaaaaaaaaaaa",
        "name": "laptop",
        "sha256": keys.fingerprint(secret),
        "scopes": ("inference", "admin"),
        "models": ("*",),
        "created_at": 1,
        "expires_at": None,
        "last4": secret[-4:],
    }
    return KeyRecord(**{**fields, **changes}).dump()


class Cognito:
    """The reads of an authorization, answered as Cognito answers them."""

    def __init__(self, slots=None, groups=(DEVELOPERS,), enabled=True, error=None):
        self.attributes = {"sub": USER, "email": "ada@example.com", **(slots or {})}
        self.all_groups, self.enabled, self.error = groups, enabled, error
        self.reads = []

    def json(self, service, operation, payload, *, timeout_s):
        self.reads.append(operation)
        assert (service, payload["UserPoolId"]) == ("cognito-idp", "pool")
        assert timeout_s < 10  # the function's own
        if self.error:
            raise self.error
        if payload.get("Username", USER) != USER:
            raise AwsError("UserNotFoundException", 400)
        if operation in ("AdminListGroupsForUser", "ListGroups"):
            at, most = int(payload.get("NextToken", "0")), payload["Limit"]
            page = {"Groups": list(self.all_groups[at : at + most])}
            return page | ({"NextToken": str(at + most)} if at + most < len(self.all_groups) else {})
        pairs = [{"Name": name, "Value": value} for name, value in self.attributes.items()]
        return {"Username": USER, "UserAttributes": pairs, "Enabled": self.enabled}


class Tokens:
    def proof(self, token):
        return Proof(USER, NOW + 1000) if token == "a.good.token" else None


class Clock:
    def __init__(self):
        self.now = NOW

    def __call__(self):
        return self.now


def authorizer(cognito, clock=lambda: NOW):
    return Authorizer(
        Directory(cognito, "pool", TTL_S, clock), Tokens(), lambda: PEPPER, Decisions(TTL_S), "test", clock
    )


def identify(text, cognito):
    return authorizer(cognito).identify(text)


def test_a_key_proves_its_user_within_the_keys_scopes():
    caller = identify(SECRET, Cognito({"custom:key_03": record()}))
    assert (caller.user_id, caller.name, caller.key_id) == (USER, "ada@example.com", "key_aaaaaaaaaaaaaaaa")
    assert (caller.group, caller.role_arn) == ("developers", "arn:aws:iam::1:role/developers")
    assert caller.actions == {"inference"}  # the group lacks admin, the key lacks mcp
    assert caller.models == ("nova-*",)
    assert caller.active


def test_the_groups_guardrails_are_the_callers():
    allowed = {"actions": ["inference"], "models": ["*"]}
    forced = {**DEVELOPERS, "Description": json.dumps({**allowed, "guardrail": {"id": "abc", "version": "1"}})}
    assert identify("a.good.token", Cognito(groups=(forced,))).guardrail == ("abc", "1")
    offered = {**DEVELOPERS, "Description": json.dumps({**allowed, "guardrails": ["abc"]})}
    assert identify("a.good.token", Cognito(groups=(offered,))).guardrails == ("abc",)
    assert identify("a.good.token", Cognito()).guardrail is None


def test_a_token_proves_its_user_with_all_the_group_may_do():
    caller = identify("a.good.token", Cognito())
    assert (caller.user_id, caller.key_id, caller.actions) == (USER, "", {"inference", "mcp"})


def test_a_disabled_user_is_known_as_disabled():
    assert not identify(SECRET, Cognito({"custom:key_03": record()}, enabled=False)).active


def test_a_user_without_groups_may_do_nothing():
    assert identify("a.good.token", Cognito(groups=())).actions == frozenset()


def test_the_group_of_lowest_precedence_decides():
    guests = {"GroupName": "guests", "Precedence": 90, "Description": json.dumps({"actions": ["mcp"], "models": ["*"]})}
    assert identify("a.good.token", Cognito(groups=(guests, DEVELOPERS))).group == "developers"


def test_a_group_on_cognitos_second_page_decides_too():
    guests = tuple({"GroupName": f"guests-{number}", "Precedence": 90} for number in range(60))
    assert identify("a.good.token", Cognito(groups=(*guests, DEVELOPERS))).group == "developers"


def test_a_user_deleted_between_the_two_reads_may_do_nothing():
    class Forgetful(Cognito):
        def json(self, service, operation, payload, **more):
            if operation == "AdminListGroupsForUser":
                raise AwsError("UserNotFoundException", 400)
            return super().json(service, operation, payload, **more)

    assert identify("a.good.token", Forgetful()).actions == frozenset()


@pytest.mark.parametrize(
    ("text", "slots"),
    [
        (SECRET, {}),
        (SECRET, {"custom:key_04": record()}),
        (SECRET, {"custom:key_03": record(keys.mint(USER, 3, PEPPER))}),
        (SECRET, {"custom:key_03": record(expires_at=NOW)}),
        (SECRET, {"custom:key_03": "no record"}),
        (keys.mint("00000000-0000-4000-8000-000000000000", 3, PEPPER), {"custom:key_03": record()}),
        ("a.bad.token", {}),
    ],
    ids=["an empty slot", "another slot", "an older key", "expired", "no record", "an unknown user", "a bad token"],
)
def test_what_proves_no_one_is_no_one(text, slots):
    assert identify(text, Cognito(slots)) is None


FORGERIES = {
    "nothing": "",
    "a word": "hello",
    "zeroes": "sk-pw-" + "A" * 76,
    "a key with its last letter changed": SECRET[:-1] + ("A" if SECRET[-1] != "A" else "B"),
    "two parts": "a.b",
    "four parts": "a.b.c.d",
    "a key of another service": "sk-proj-abc",
}


@pytest.mark.parametrize("text", FORGERIES.values(), ids=FORGERIES)
def test_a_forgery_costs_cognito_nothing(text):
    cognito = Cognito({"custom:key_03": record()})
    assert identify(text, cognito) is None
    assert cognito.reads == []


def test_cognito_down_is_an_error_and_no_refusal():
    with pytest.raises(AwsError):
        identify(SECRET, Cognito(error=AwsError("TooManyRequestsException", 400)))


@pytest.mark.parametrize(
    ("headers", "expected"),
    [
        ({"Authorization": "Bearer abc"}, "abc"),
        ({"authorization": "bearer  abc "}, "abc"),
        ({"AUTHORIZATION": "abc"}, "abc"),
        ({"Authorization": "Basic abc"}, "Basic abc"),
        ({"Authorization": "Bearer"}, ""),
        ({"X-Other": "abc"}, ""),
        ({"X-Api-Key": " abc "}, "abc"),
        ({"x-api-key": "abc", "authorization": ""}, "abc"),
        ({"x-api-key": "abc", "authorization": " "}, ""),
        ({"x-api-key": "abc", "authorization": "\xa0"}, ""),
        ({"x-api-key": "abc", "Authorization": "Basic YWJj"}, "Basic YWJj"),
        ({"x-api-key": "Bearer abc"}, "Bearer abc"),
        ({"X-API-Key": " abc\t"}, "abc"),
        ({"x-api-key": "abc", "authorization": "Bearer def"}, "def"),
        ({"x-api-key": "abc", "authorization": "Bearer"}, ""),
        (None, ""),
    ],
)
def test_the_credential_is_read_with_or_without_its_scheme(headers, expected):
    assert credential({"headers": headers}) == expected


def test_the_policy_names_the_whole_stage_and_no_other():
    arn = "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/POST/chat/completions"
    assert stage(arn) == "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/*"
    api = "arn:aws:execute-api:us-east-1:123456789012:abc123/v1/*"
    assert stage(arn, "mcp") == [f"{api}/mcp", f"{api}/mcp/*"]  # of a token for one part of it, that part


THROTTLED = AwsError("TooManyRequestsException", 400)
MIRRORED = {"custom:key_03": record(), "custom:groups": '["developers"]'}


@pytest.fixture
def clock():
    return Clock()


def test_one_read_of_cognito_decides_where_the_groups_are_mirrored(clock):
    cognito = Cognito(MIRRORED)
    known = authorizer(cognito, clock)
    assert known.identify(SECRET).group == "developers"
    assert sorted(cognito.reads) == ["AdminGetUser", "ListGroups"]  # the policies, once for everybody
    cognito.reads.clear()
    clock.now += TTL_S - 1
    for _ in range(3):
        assert known.identify(SECRET).group == "developers"
    assert cognito.reads == ["AdminGetUser"] * 3
    clock.now += 1
    known.identify(SECRET)
    assert cognito.reads[-1] == "ListGroups"


def test_a_group_that_is_mirrored_and_not_declared_allows_nothing():
    cognito = Cognito({"custom:groups": '["gods"]'})
    assert identify("a.good.token", cognito).actions == frozenset()
    assert "AdminListGroupsForUser" not in cognito.reads


def test_a_group_declared_since_the_policies_were_listed_is_looked_for_once(clock):
    cognito = Cognito(MIRRORED)
    known = authorizer(cognito, clock)
    known.identify(SECRET)
    cognito.attributes["custom:groups"] = '["new", "gone"]'
    cognito.all_groups = (DEVELOPERS, {**DEVELOPERS, "GroupName": "new"})
    cognito.reads.clear()
    for _ in range(3):
        assert known.identify(SECRET).group == "new"
    assert cognito.reads == ["AdminGetUser", "ListGroups", "AdminGetUser", "AdminGetUser"]


@pytest.mark.parametrize("mirror", ["", "no mirror", "{}", "7", '"developers"', "[7]", "[null]"])
def test_what_is_no_mirror_makes_cognito_be_asked_for_the_groups(mirror):
    cognito = Cognito({"custom:groups": mirror})
    assert identify("a.good.token", cognito).group == "developers"
    assert cognito.reads == ["AdminGetUser", "AdminListGroupsForUser"]


def test_an_empty_mirror_is_membership_of_nothing():
    assert identify("a.good.token", Cognito({"custom:groups": "[]"})).actions == frozenset()


def test_a_rotated_key_has_two_secrets_until_the_overlap_ends(clock):
    newer = keys.mint(USER, 3, PEPPER)
    cognito = Cognito({"custom:key_03": KeyRecord.parse(record()).rotated(newer, NOW, 30).dump()})
    both = authorizer(cognito, clock)
    assert both.identify(newer).expires_at is None
    assert both.identify(SECRET).expires_at == NOW + 30
    assert both.identify(SECRET).key_id == both.identify(newer).key_id
    clock.now += 30
    assert both.identify(SECRET) is None
    assert both.identify(newer)


def test_a_known_key_goes_on_while_cognito_throttles_and_an_unknown_one_waits(clock):
    cognito = Cognito(MIRRORED)
    known = authorizer(cognito, clock)
    caller = known.identify(SECRET)
    cognito.error = THROTTLED
    assert known.identify(SECRET) == caller
    with pytest.raises(AwsError):
        known.identify("a.good.token")


def test_a_revoked_key_lives_no_longer_than_promised_while_cognito_throttles(clock):
    cognito = Cognito(MIRRORED)
    known = authorizer(cognito, clock)
    known.identify(SECRET)
    del cognito.attributes["custom:key_03"]
    cognito.error = THROTTLED
    clock.now = NOW + OUTAGE_S - TTL_S  # API Gateway keeps this answer for the TTL
    assert known.identify(SECRET)
    clock.now += 1
    with pytest.raises(AwsError):
        known.identify(SECRET)
    # and where API Gateway keeps nothing, we keep it no longer than it would
    assert known.recall(SECRET)
    clock.now = NOW + OUTAGE_S
    with pytest.raises(AwsError):
        known.recall(SECRET)


def test_a_key_that_cognito_says_is_revoked_is_forgotten(clock):
    cognito = Cognito(MIRRORED)
    known = authorizer(cognito, clock)
    known.identify(SECRET)
    del cognito.attributes["custom:key_03"]
    assert known.identify(SECRET) is None
    cognito.error = THROTTLED
    with pytest.raises(AwsError):
        known.identify(SECRET)


def test_a_known_key_does_not_outlive_its_expiry_while_cognito_throttles(clock):
    cognito = Cognito(MIRRORED | {"custom:key_03": record(expires_at=NOW + 5)})
    known = authorizer(cognito, clock)
    assert known.identify(SECRET).expires_at == NOW + 5
    cognito.error = THROTTLED
    clock.now += 5
    with pytest.raises(AwsError):
        known.identify(SECRET)


def test_where_nobody_else_keeps_a_decision_it_is_kept_for_the_ttl(clock):
    cognito = Cognito(MIRRORED)
    kept = authorizer(cognito, clock)
    kept.recall(SECRET)
    del cognito.attributes["custom:key_03"]
    clock.now += TTL_S - 1
    cognito.reads.clear()
    assert kept.recall(SECRET)
    assert cognito.reads == []
    clock.now += 1
    assert kept.recall(SECRET) is None


def test_decisions_are_bounded_and_hold_no_secret():
    caller = identify(SECRET, Cognito(MIRRORED))
    decisions = Decisions(TTL_S, most=2)
    for text in ("one", "two"):
        decisions.keep(text, caller, NOW)
    decisions.known("one", NOW)
    decisions.keep("three", caller, NOW)
    assert [bool(decisions.known(text, NOW)) for text in ("one", "two", "three")] == [True, False, True]
    decisions.keep(SECRET, caller, NOW)
    assert SECRET not in repr(vars(decisions) if hasattr(decisions, "__dict__") else decisions._kept)


def test_the_uncached_routes_are_those_of_the_contract():
    contract = yaml.safe_load((Path(__file__).parents[3] / "openapi.yaml").read_text())
    assert {
        path
        for path, operations in contract["paths"].items()
        for method, operation in operations.items()
        if method != "parameters" and operation["x-pennyworth"]["auth"] == "anthropic"
    } == UNCACHED


def budgeted(**budgets):
    policy = {"actions": ["inference"], "models": ["*"], **budgets}
    return {**DEVELOPERS, "Description": json.dumps(policy)}


def mirror(user=0, group=0, key=0, month="2027-01"):  # the month of NOW
    return json.dumps({"month": month, "user": user, "groups": {"developers": group}, "keys": {RECORD_ID: key}})


RECORD_ID = "key_aaaaaaaaaaaaaaaa"


@pytest.mark.parametrize(
    ("policy", "attributes", "whose"),
    [
        ({}, {"custom:spend": mirror(10**9, 10**9, 10**9)}, None),
        ({"user_budget_microusd": 100}, {}, None),
        ({"user_budget_microusd": 100}, {"custom:spend": mirror(99)}, None),
        ({"user_budget_microusd": 100}, {"custom:spend": mirror(100)}, "user"),
        ({"user_budget_microusd": 100}, {"custom:spend": mirror(100, month="2026-12")}, None),
        ({"user_budget_microusd": 100}, {"custom:spend": mirror(100), "custom:budget": "101"}, None),
        ({}, {"custom:spend": mirror(100), "custom:budget": "100"}, "user"),
        ({}, {"custom:budget": "0"}, "user"),
        ({}, {"custom:budget": "any"}, "user"),
        ({"budget_microusd": 100}, {"custom:spend": mirror(group=100)}, "group"),
        ({"budget_microusd": 100}, {"custom:spend": mirror(user=100)}, None),
        ({}, {"custom:spend": mirror(key=50)}, "key"),
    ],
)
def test_what_was_spent_this_month_is_held_against_the_budgets(policy, attributes, whose):
    key = {"budget_microusd": 50} if whose == "key" else {}
    cognito = Cognito({"custom:key_03": record(**key), **attributes}, groups=(budgeted(**policy),))
    spent = identify(SECRET, cognito).spent
    assert (spent and spent.whose) == whose
    assert not spent or spent.resets_at == 1_801_440_000  # 2027-02-01


def test_a_budget_costs_no_call_of_its_own():
    cognito = Cognito(
        {"custom:groups": '["developers"]', "custom:spend": mirror(1)}, groups=(budgeted(budget_microusd=1),)
    )
    asking = authorizer(cognito)
    asking.identify("a.good.token")
    cognito.reads.clear()
    asking.identify("a.good.token")
    assert cognito.reads == ["AdminGetUser"]


RATED = {
    **DEVELOPERS,
    "Description": json.dumps(
        {"actions": ["inference"], "models": ["*"], "rate_per_s": 5, "burst": 10, "plan": "plan-1"}
    ),
}
SHARED = shared_identifier("test", "developers")
OTHERS = shared_identifier("test")


@pytest.mark.parametrize(
    ("enrolment", "groups", "expected"),
    [
        (("plan-1", "id", "own"), (RATED,), "own"),
        (None, (RATED,), SHARED),
        (("", "id", "own"), (RATED,), SHARED),  # on its way to another plan
        (("plan-0", "id", "own"), (RATED,), SHARED),  # the plan was made anew, or the group is another
        (("plan-1", "id", "own"), (DEVELOPERS,), OTHERS),  # the rate was taken away
        (("", "", "own"), (DEVELOPERS,), OTHERS),
        (None, (), OTHERS),
    ],
)
def test_a_request_is_counted_by_an_api_key_that_a_plan_has(enrolment, groups, expected):
    cognito = Cognito({"custom:key_03": record(enrolment=enrolment)}, groups=groups)
    assert identify(SECRET, cognito).counted_as == expected


def test_people_who_are_signed_in_are_counted_with_their_group():
    assert identify("a.good.token", Cognito(groups=(RATED,))).counted_as == SHARED


def test_the_answer_names_the_api_key_and_no_service_is_told(monkeypatch):
    monkeypatch.setattr(module, "authorizer", lambda: authorizer(Cognito(groups=(RATED,))))
    event = {"headers": {"Authorization": "Bearer a.good.token"}, "methodArn": "arn:a/v1/GET/x"}
    answer = module.handler(event, None)
    assert answer["usageIdentifierKey"] == SHARED
    assert SHARED not in json.dumps(answer["context"])
