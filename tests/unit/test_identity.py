"""The user's own role session: asked for rightly, named recognisably, kept while it is good."""

import re
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any, cast
from uuid import UUID

import botocore.session
import pytest
from botocore.validate import ParamValidator
from hypothesis import assume as assume_that
from hypothesis import given
from hypothesis import strategies as st

from pennyworth.aws import UNSIGNED, Aws, AwsError, Credentials
from pennyworth.identity import Sessions, assume, session_name, tags
from pennyworth.principal import Principal
from pennyworth.settings import Settings

NOW = 1_780_000_000.0
PLAIN_ID = "0aaa1111222233334444555555555555"
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
        self.skew_s = 0  # AWS's clock less ours
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
            "Expiration": datetime.fromtimestamp(self.clock + self.skew_s + 3600, UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
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
        (ADA.user_id, ADA.user_id),
        ("nightly build", f"nightly-build={PLAIN_ID}"),
        ("nightly-build", f"nightly-build={PLAIN_ID}"),  # anybody's to choose
        ("o'brien@example.com", f"o-brien@example.com={PLAIN_ID}"),
        ("a@b@c", f"a@b@c={PLAIN_ID}"),
        ("a@example.com=1", f"a@example.com=1={PLAIN_ID}"),
        ("jürgen", f"j-rgen={PLAIN_ID}"),
        ("日本語", f"-={PLAIN_ID}"),
        ("", f"={PLAIN_ID}"),
        ("a", f"a={PLAIN_ID}"),
        (f"{'x' * 56}@x.test", f"{'x' * 56}@x.test"[:64]),
        (f"{'x' * 58}@x.test", f"{'x' * 31}={PLAIN_ID}"),
    ],
)
def test_a_person_is_recognised_in_the_sessions_name(name: str, expected: str) -> None:
    made = session_name(name, ADA.user_id)
    assert made == expected
    assert re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", made)


NAMES = st.one_of(st.emails(), st.text(max_size=80), st.text("ab-=@.'", max_size=8))


@given(NAMES, st.uuids(), NAMES, st.uuids())
def test_no_two_people_share_a_sessions_name(name: str, one: UUID, other_name: str, other: UUID) -> None:
    """Names may be alike, ids are not; of addresses Cognito has each but once."""
    assume_that(one != other and not (name == other_name and "@" in name))
    made, second = session_name(name, str(one)), session_name(other_name, str(other))
    assert made != second
    assert all(re.fullmatch(r"[A-Za-z0-9_+=,.@-]{2,64}", each) for each in (made, second))


def test_nobody_takes_the_name_that_another_is_given() -> None:
    given_to_ada = session_name("o'brien@example.com", ADA.user_id)
    assert session_name(given_to_ada, "1bbb1111-2222-3333-4444-555555555555") != given_to_ada


def test_tags_hold_only_what_sts_lets_them() -> None:
    assert tags(replace(ADA, group="r&d, 'x' é", key_id="")) == {"user": ADA.user_id, "group": "r_d_ _x_ é"}
    assert len(tags(replace(ADA, group="g" * 300))["group"]) == 256


@pytest.mark.parametrize("user_id", ["a!b", "a*", "a" * 257, "a\nb"])
def test_the_tag_that_opens_files_is_never_made_to_fit(user_id: str) -> None:
    with pytest.raises(ValueError, match="not an id"):
        tags(replace(ADA, user_id=user_id))


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


def failing(*codes: tuple[str, int]) -> Callable[[], None]:
    left = iter(codes)

    def fail() -> None:
        code, status = next(left)
        raise AwsError(code, status)

    return fail


FAILURES = [("TooManyRequestsException", 429), ("Throttling", 400), ("ConnectionError", 0), ("500", 500)]


@pytest.mark.parametrize("failure", FAILURES)
def test_a_session_that_cannot_be_renewed_goes_on_to_its_last_minute(
    vouching: Vouching, failure: tuple[str, int]
) -> None:
    sessions = Sessions()
    ask(sessions, vouching)
    vouching.before = failing(*[failure] * 9)
    vouching.clock = NOW + 3600 - 60
    assert ask(sessions, vouching) == "ASIA1"
    vouching.clock += 1
    with pytest.raises(AwsError, match=failure[0]):
        ask(sessions, vouching)
    vouching.before = lambda: None
    assert ask(sessions, vouching) == "ASIA2"


def test_a_session_that_is_refused_does_not_go_on(vouching: Vouching) -> None:
    sessions = Sessions()
    ask(sessions, vouching)
    vouching.before = failing(("AccessDenied", 403))
    vouching.clock = NOW + 3600 - 299
    with pytest.raises(AwsError, match="AccessDenied"):
        ask(sessions, vouching)


@pytest.mark.parametrize("ahead_s", [240, 0, -240])
def test_a_session_is_renewed_in_time_whatever_our_clock_says(vouching: Vouching, ahead_s: int) -> None:
    """AWS's clock is the judge; ours may be minutes off before AWS complains."""
    vouching.skew_s = -ahead_s
    sessions = Sessions()
    assert ask(sessions, vouching) == "ASIA1"
    vouching.clock = NOW + 3600 - 299
    assert ask(sessions, vouching) == "ASIA2"


def test_two_users_do_not_wait_for_each_other(vouching: Vouching) -> None:
    """Ada's session takes until Bob has his."""
    sessions, adas_flight, bobs = Sessions(), threading.Event(), threading.Event()
    users = [replace(ADA, user_id=f"user-{n}") for n in range(40)]
    bob = next(user for user in users if hash(user.user_id) % 16 != hash(users[0].user_id) % 16)

    def wait() -> None:
        if not adas_flight.is_set():
            adas_flight.set()
            assert bobs.wait(10)

    vouching.before = wait
    with ThreadPoolExecutor(1) as threads:
        ada = threads.submit(ask, sessions, vouching, users[0])
        assert adas_flight.wait(10)
        assert ask(sessions, vouching, bob) == "ASIA1"
        bobs.set()
        assert ada.result(10) == "ASIA2"


def test_who_loses_a_group_is_called_in_it_no_more(vouching: Vouching) -> None:
    """The role is part of what a session is kept by: the old one's is never used for the new."""
    sessions = Sessions()
    ask(sessions, vouching)
    assert ask(sessions, vouching, replace(ADA, group="restricted", role_arn="arn:aws:iam::1:role/r")) == "ASIA2"
    assert [call[1]["RoleArn"] for call in vouching.calls if call[0].startswith("sts")] == [
        ADA.role_arn,
        "arn:aws:iam::1:role/r",
    ]
    with pytest.raises(AwsError, match="AccessDenied"):
        ask(sessions, vouching, replace(ADA, group="", role_arn=""))


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
