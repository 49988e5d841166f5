import json

import pytest

from pennyworth import keys
from pennyworth.authorizer import Authorizer, credential, stage
from pennyworth.aws import AwsError
from pennyworth.directory import Directory
from pennyworth.keys import KeyRecord

USER = "3f0c9d4e-7a51-4a38-9b1f-0d5f8f1f2a3b"
PEPPER = b"p" * 32
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
    """The two reads of an authorization, answered as Cognito answers them."""

    def __init__(self, slots=None, groups=(DEVELOPERS,), enabled=True, error=None):
        self.attributes = {"sub": USER, "email": "ada@example.com", **(slots or {})}
        self.all_groups, self.enabled, self.error = groups, enabled, error
        self.reads = []

    def json(self, service, operation, payload):
        self.reads.append(operation)
        assert (service, payload["UserPoolId"]) == ("cognito-idp", "pool")
        if self.error:
            raise self.error
        if payload["Username"] != USER:
            raise AwsError("UserNotFoundException", 400)
        if operation == "AdminListGroupsForUser":
            at, most = int(payload.get("NextToken", "0")), payload["Limit"]
            page = {"Groups": list(self.all_groups[at : at + most])}
            return page | ({"NextToken": str(at + most)} if at + most < len(self.all_groups) else {})
        pairs = [{"Name": name, "Value": value} for name, value in self.attributes.items()]
        return {"Username": USER, "UserAttributes": pairs, "Enabled": self.enabled}


class Tokens:
    def subject(self, token):
        return USER if token == "a.good.token" else None


def identify(text, cognito):
    return Authorizer(Directory(cognito, "pool"), Tokens(), lambda: PEPPER, lambda: NOW).identify(text)


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
        def json(self, service, operation, payload):
            if operation == "AdminListGroupsForUser":
                raise AwsError("UserNotFoundException", 400)
            return super().json(service, operation, payload)

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
