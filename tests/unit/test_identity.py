"""The user's own role session: asked for rightly, named recognisably, kept while it is good."""

import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast

import botocore.session
import pytest
from botocore.validate import ParamValidator

from pennyworth.aws import UNSIGNED, Aws, AwsError, Credentials
from pennyworth.identity import Sessions, assume, session_name, tags
from pennyworth.principal import Principal
from pennyworth.settings import Settings

NOW = 1_780_000_000.0
ADA = Principal(
    user_id="0aaa1111-2222-3333-4444-555555555555",
    name="ada@example.com",
    key_id="key_1234567890abcdef",
    group="developers",
    role_arn="arn:aws:iam::123456789012:role/pennyworth-developers",
    actions=frozenset({"inference"}),
    models=("*",),
)
SETTINGS = Settings.of(
    {
        "PENNYWORTH_ENVIRONMENT": "test",
        "VERSION": "1",
        "GIT_SHA": "1",
        "AWS_REGION": "us-east-1",
        "PENNYWORTH_USER_POOL_ID": "us-east-1_pool",
        "PENNYWORTH_CLIENT_IDS": "client",
        "PENNYWORTH_IDENTITY_POOL_ID": "us-east-1:00000000-0000-0000-0000-000000000000",
        "PENNYWORTH_DEVELOPER_PROVIDER": "pennyworth",
        "PENNYWORTH_PEPPER_PARAMETER": "/pepper",
        "PENNYWORTH_AUTHORIZER_TTL_S": "60",
    }
)


class Vouching:
    """AWS as far as identity needs it: every session is new and lasts an hour."""

    def __init__(self) -> None:
        self.clock = NOW
        self.calls: list[tuple[str, Mapping[str, Any], Credentials | None]] = []
        self.sessions = 0
        self.before: Callable[[], object] = lambda: None
        self.session: dict[str, str] = {}

    def now(self) -> float:
        return self.clock

    def json(self, service: str, operation: str, payload: Mapping[str, Any]) -> dict[str, Any]:
        self.before()
        self.calls.append((f"{service} {operation}", payload, None))
        return {"IdentityId": "us-east-1:1", "Token": "a token"}

    def query(
        self, service: str, operation: str, version: str, parameters: Mapping[str, str], credentials: Credentials
    ) -> dict[str, str]:
        assert version == "2011-06-15"
        self.calls.append((f"{service} {operation}", parameters, credentials))
        self.sessions += 1
        return {
            "AccessKeyId": f"ASIA{self.sessions}",
            "SecretAccessKey": "secret",
            "SessionToken": "token",
            "Expiration": datetime.fromtimestamp(self.clock + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
            **self.session,
        }


@pytest.fixture
def vouching() -> Vouching:
    return Vouching()


def ask(sessions: Sessions, vouching: Vouching, principal: Principal = ADA) -> str:
    return sessions.credentials(cast(Aws, vouching), principal, SETTINGS).access_key_id


def test_cognito_vouches_and_sts_gives_the_groups_role_unsigned(vouching: Vouching) -> None:
    made = assume(cast(Aws, vouching), ADA, SETTINGS)
    assert made == Credentials("ASIA1", "secret", "token", NOW + 3600)
    vouch, take = vouching.calls
    assert vouch[:2] == (
        "cognito-identity GetOpenIdTokenForDeveloperIdentity",
        {
            "IdentityPoolId": SETTINGS.identity_pool_id,
            "Logins": {"pennyworth": ADA.user_id},
            "PrincipalTags": {"user": ADA.user_id, "group": "developers", "key": "key_1234567890abcdef"},
            "TokenDuration": 900,
        },
    )
    assert take == (
        "sts AssumeRoleWithWebIdentity",
        {
            "RoleArn": ADA.role_arn,
            "RoleSessionName": "ada@example.com",
            "WebIdentityToken": "a token",
            "DurationSeconds": "3600",
        },
        UNSIGNED,
    )


def test_both_requests_are_what_botocores_models_ask_for(vouching: Vouching) -> None:
    assume(cast(Aws, vouching), replace(ADA, name="日本 語", group="r&d, 'x'", key_id=""), SETTINGS)
    for called, payload, _ in vouching.calls:
        service, operation = called.split()
        shape = botocore.session.get_session().get_service_model(service).operation_model(operation).input_shape
        typed = {
            name: int(value) if shape.members[name].type_name == "integer" else value for name, value in payload.items()
        }
        assert ParamValidator().validate(typed, shape).generate_report() == ""
        assert shape.required_members == [name for name in shape.required_members if payload[name]]


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("ada@example.com", "ada@example.com"),
        ("ada+work_1=a,b.c-d@example.com", "ada+work_1=a,b.c-d@example.com"),
        ("nightly build", "nightly-build-0aaa1111"),
        ("o'brien@example.com", "o-brien@example.com-0aaa1111"),
        ("jürgen", "j-rgen-0aaa1111"),
        ("日本語", "--0aaa1111"),
        ("", "-0aaa1111"),
        ("a", "a-0aaa1111"),
        ("x" * 64, "x" * 64),
        ("x" * 65, "x" * 55 + "-0aaa1111"),
    ],
)
def test_a_person_is_recognised_in_the_sessions_name(name: str, expected: str) -> None:
    made = session_name(name, ADA.user_id)
    assert made == expected
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", made)


def test_names_that_must_change_stay_apart() -> None:
    assert session_name("a b", "1-1") != session_name("a'b", "2-2") != session_name("a-b", "3-3")


def test_tags_hold_only_what_sts_lets_them() -> None:
    assert tags(replace(ADA, group="r&d, 'x' é", key_id="")) == {"user": ADA.user_id, "group": "r_d_ _x_ é"}
    assert len(tags(replace(ADA, group="g" * 300))["group"]) == 256


def test_a_session_is_kept_until_five_minutes_before_its_end(vouching: Vouching) -> None:
    sessions = Sessions()
    assert [ask(sessions, vouching) for _ in range(3)] == ["ASIA1"] * 3
    vouching.clock = NOW + 3600 - 300
    assert ask(sessions, vouching) == "ASIA1"
    vouching.clock += 1
    assert ask(sessions, vouching) == "ASIA2"
    assert ask(sessions, vouching) == "ASIA2"


@pytest.mark.parametrize(
    "other",
    [
        {"user_id": "1bbb1111-2222-3333-4444-555555555555"},
        {"role_arn": "arn:aws:iam::123456789012:role/pennyworth-admins"},
        {"key_id": "key_0000000000000000"},
        {"group": "admins"},
        {"name": "ada@example.org"},
    ],
)
def test_nobody_gets_anothers_session(vouching: Vouching, other: dict[str, str]) -> None:
    sessions = Sessions()
    assert ask(sessions, vouching) == "ASIA1"
    assert ask(sessions, vouching, replace(ADA, **other)) == "ASIA2"
    assert ask(sessions, vouching) == "ASIA1"


def test_the_least_used_session_is_forgotten_first(vouching: Vouching) -> None:
    sessions = Sessions(size=2)
    bob, eve = replace(ADA, user_id="bob"), replace(ADA, user_id="eve")
    assert [ask(sessions, vouching, who) for who in (ADA, bob, ADA, eve)] == ["ASIA1", "ASIA2", "ASIA1", "ASIA3"]
    assert [ask(sessions, vouching, who) for who in (ADA, bob)] == ["ASIA1", "ASIA4"]


def test_threads_that_ask_for_one_user_at_once_make_one_session(vouching: Vouching) -> None:
    sessions, asked = Sessions(), threading.Semaphore(0)

    def all_ask() -> None:
        for _ in range(4):
            assert asked.acquire(timeout=10)

    vouching.before = all_ask

    def one(_: int) -> str:
        asked.release()
        return ask(sessions, vouching)

    with ThreadPoolExecutor(4) as threads:
        assert list(threads.map(one, range(4))) == ["ASIA1"] * 4


def test_a_failure_is_not_kept(vouching: Vouching) -> None:
    sessions = Sessions()

    def fail() -> None:
        raise AwsError("TooManyRequestsException", 429)

    vouching.before = fail
    with pytest.raises(AwsError, match="TooManyRequests"):
        ask(sessions, vouching)
    vouching.before = lambda: None
    assert ask(sessions, vouching) == "ASIA1"


def test_a_principal_without_a_role_is_denied_without_a_call(vouching: Vouching) -> None:
    with pytest.raises(AwsError) as caught:
        assume(cast(Aws, vouching), replace(ADA, role_arn=""), SETTINGS)
    assert caught.value.code == "AccessDeniedException"
    assert vouching.calls == []


@pytest.mark.parametrize("expiration", ["", "soon"])
def test_a_reply_without_credentials_is_an_error(vouching: Vouching, expiration: str) -> None:
    vouching.session = {"Expiration": expiration}
    with pytest.raises(AwsError) as caught:
        assume(cast(Aws, vouching), ADA, SETTINGS)
    assert caught.value.code == "ConnectionError"
