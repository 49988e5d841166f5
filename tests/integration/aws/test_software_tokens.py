"""Second factors and revocation at the AWS stand-in, by unmodified boto3 and the command line's own half of SRP."""

import time
from collections.abc import Callable
from typing import Any, NamedTuple

import pytest
from botocore import UNSIGNED

from local.aws import totp
from pennyworth_cli.srp import Exchange

PASSWORD = "Correct-horse-7"
EMAIL = "ada@example.com"
FLOWS = ["ALLOW_USER_SRP_AUTH", "ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_ADMIN_USER_PASSWORD_AUTH"]


class Pool(NamedTuple):
    id: str
    client_id: str
    user_id: str


@pytest.fixture
def people(client: Callable[..., Any]) -> Any:
    """Cognito as a client without credentials asks it."""
    return client("cognito-idp", signature_version=UNSIGNED)


def made(idp: Any, mfa: str = "OPTIONAL", **settings: Any) -> Pool:
    pool_id = idp.create_user_pool(PoolName="people", UsernameAttributes=["email"])["UserPool"]["Id"]
    factor = {"SoftwareTokenMfaConfiguration": {"Enabled": True}}
    idp.set_user_pool_mfa_config(UserPoolId=pool_id, MfaConfiguration=mfa, **factor)
    settings = {"ClientName": "c", "ExplicitAuthFlows": FLOWS, "EnableTokenRevocation": True} | settings
    client = idp.create_user_pool_client(UserPoolId=pool_id, **settings)["UserPoolClient"]
    user = idp.admin_create_user(UserPoolId=pool_id, Username=EMAIL, MessageAction="SUPPRESS")["User"]["Username"]
    idp.admin_set_user_password(UserPoolId=pool_id, Username=user, Password=PASSWORD, Permanent=True)
    return Pool(pool_id, client["ClientId"], user)


def begun(people: Any, pool: Pool, password: str = PASSWORD) -> dict[str, Any]:
    """What comes after the password."""
    exchange = Exchange(pool.id.partition("_")[2])
    given = {"USERNAME": EMAIL, "SRP_A": exchange.srp_a}
    asked = people.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=given)
    proof = exchange.proof(asked["ChallengeParameters"], password)
    return people.respond_to_auth_challenge(
        ClientId=pool.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof
    )


def codes(secret: str) -> tuple[str, str, str]:
    """The code of the step before, of the one that runs, and one that is neither's; with time to use them."""
    while (now := time.time()) % totp.STEP_S > totp.STEP_S - 3:
        time.sleep(0.2)
    step = int(now) // totp.STEP_S
    good = totp.code(secret, step - 1), totp.code(secret, step)
    return *good, next(text for number in range(9) if (text := f"{number:06}") not in good)


def answer(people: Any, pool: Pool, session: str, code: str, name: str = "SOFTWARE_TOKEN_MFA") -> dict[str, Any]:
    given = {"USERNAME": pool.user_id, "SOFTWARE_TOKEN_MFA_CODE": code}
    return people.respond_to_auth_challenge(
        ClientId=pool.client_id, ChallengeName=name, Session=session, ChallengeResponses=given
    )


def enrolled(people: Any, pool: Pool) -> str:
    """The person's secret; the code of the step before this one is used up."""
    access = {"AccessToken": begun(people, pool)["AuthenticationResult"]["AccessToken"]}
    secret = people.associate_software_token(**access)["SecretCode"]
    people.verify_software_token(**access, UserCode=codes(secret)[0])
    wanted = {"Enabled": True, "PreferredMfa": True}
    people.set_user_mfa_preference(**access, SoftwareTokenMfaSettings=wanted)
    return secret


def refused(code: str) -> Any:
    return pytest.raises(Exception, match=code)


def test_the_codes_are_rfc_6238s() -> None:
    """Appendix B: SHA-1 with the key "12345678901234567890", the last six of its eight digits."""
    secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ"
    for at, wanted in [(59, "287082"), (1111111109, "081804"), (1234567890, "005924"), (20000000000, "353130")]:
        assert totp.code(secret, at // 30) == wanted


def test_who_set_a_factor_up_is_asked_for_it_and_each_code_works_once(idp: Any, people: Any) -> None:
    pool = made(idp)
    secret = enrolled(people, pool)
    before, now, wrong = codes(secret)
    session = begun(people, pool)["Session"]
    with refused("CodeMismatchException"):
        answer(people, pool, session, wrong)
    with refused("ExpiredCodeException.*used once"):
        answer(people, pool, session, before)
    with refused("InvalidParameterException"):
        answer(people, pool, session, "12345")
    assert answer(people, pool, session, now)["AuthenticationResult"]["IdToken"]
    with refused("ExpiredCodeException"):
        answer(people, pool, begun(people, pool)["Session"], now)
    with refused("NotAuthorizedException.*Invalid session"):
        answer(people, pool, session, now)


def test_a_factor_turned_off_is_asked_for_no_more(idp: Any, people: Any) -> None:
    pool = made(idp)
    secret = enrolled(people, pool)
    tokens = answer(people, pool, begun(people, pool)["Session"], codes(secret)[1])["AuthenticationResult"]
    off = {"Enabled": False, "PreferredMfa": False}
    people.set_user_mfa_preference(AccessToken=tokens["AccessToken"], SoftwareTokenMfaSettings=off)
    assert "AuthenticationResult" in begun(people, pool)


def test_a_secret_is_nobody_elses_and_counts_only_once_it_is_verified(idp: Any, people: Any) -> None:
    pool, other = made(idp), made(idp)
    access = {"AccessToken": begun(people, pool)["AuthenticationResult"]["AccessToken"]}
    secret = people.associate_software_token(**access)["SecretCode"]
    with refused("EnableSoftwareTokenMFAException"):
        people.verify_software_token(**access, UserCode=codes(secret)[2])
    with refused("InvalidParameterException.*not verified"):
        people.set_user_mfa_preference(**access, SoftwareTokenMfaSettings={"Enabled": True})
    assert enrolled(people, other) != secret
    with refused("NotAuthorizedException"):
        people.associate_software_token(AccessToken="nobody's")
    with refused("InvalidParameterException"):
        people.associate_software_token()


def test_a_pool_that_demands_a_factor_lets_it_be_set_up_first(idp: Any, people: Any) -> None:
    pool = made(idp, "ON")
    asked = begun(people, pool)
    assert asked["ChallengeName"] == "MFA_SETUP"
    assert asked["ChallengeParameters"]["MFAS_CAN_SETUP"] == '["SOFTWARE_TOKEN_MFA"]'
    with refused("NotAuthorizedException.*not been verified"):
        answer(people, pool, asked["Session"], "", "MFA_SETUP")
    made_secret = people.associate_software_token(Session=asked["Session"])
    with refused("NotAuthorizedException.*Invalid session"):
        people.associate_software_token(Session=asked["Session"])
    code = codes(made_secret["SecretCode"])[0]
    verified = people.verify_software_token(Session=made_secret["Session"], UserCode=code)
    assert answer(people, pool, verified["Session"], "", "MFA_SETUP")["AuthenticationResult"]["RefreshToken"]
    assert begun(people, pool)["ChallengeName"] == "SOFTWARE_TOKEN_MFA"


def test_a_temporary_password_does_not_lead_around_the_factor(idp: Any, people: Any) -> None:
    pool = made(idp)
    secret = enrolled(people, pool)
    idp.admin_set_user_password(UserPoolId=pool.id, Username=pool.user_id, Password="Temporary-8", Permanent=False)
    asked = begun(people, pool, "Temporary-8")
    given = {"USERNAME": pool.user_id, "NEW_PASSWORD": "Another-horse-8"}
    asked = people.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName="NEW_PASSWORD_REQUIRED",
        Session=asked["Session"],
        ChallengeResponses=given,
    )
    assert asked["ChallengeName"] == "SOFTWARE_TOKEN_MFA"
    assert answer(people, pool, asked["Session"], codes(secret)[1])["AuthenticationResult"]


def test_a_revoked_refresh_token_and_its_access_tokens_are_dead(idp: Any, people: Any) -> None:
    pool = made(idp)
    other = idp.create_user_pool_client(UserPoolId=pool.id, ClientName="other")["UserPoolClient"]["ClientId"]
    tokens, kept = (begun(people, pool)["AuthenticationResult"] for _ in range(2))
    with refused("UnauthorizedException"):
        people.revoke_token(Token=tokens["RefreshToken"], ClientId=other)
    with refused("UnsupportedTokenTypeException"):
        people.revoke_token(Token=tokens["AccessToken"], ClientId=pool.client_id)
    for _ in range(2):
        people.revoke_token(Token=tokens["RefreshToken"], ClientId=pool.client_id)
    with refused("NotAuthorizedException.*revoked"):
        refresh(people, pool, tokens)
    with refused("NotAuthorizedException"):
        people.get_user(AccessToken=tokens["AccessToken"])
    assert refresh(people, pool, kept)["AuthenticationResult"]["IdToken"]
    assert people.get_user(AccessToken=kept["AccessToken"])["Username"] == pool.user_id


def test_a_client_that_cannot_revoke_says_so(idp: Any, people: Any) -> None:
    pool = made(idp, EnableTokenRevocation=False)
    token = begun(people, pool)["AuthenticationResult"]["RefreshToken"]
    with refused("UnsupportedOperationException"):
        people.revoke_token(Token=token, ClientId=pool.client_id)


def refresh(people: Any, pool: Pool, tokens: dict[str, str]) -> dict[str, Any]:
    given = {"REFRESH_TOKEN": tokens["RefreshToken"]}
    return people.initiate_auth(ClientId=pool.client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters=given)


@pytest.mark.parametrize("stamp", ["Tue Sep 05 06:07:08 UTC 2023", "Mon Sep 5 06:07:08 UTC 2023", "2023-09-05", ""])
def test_a_time_that_cognito_would_not_read_is_a_wrong_password(idp: Any, people: Any, stamp: str) -> None:
    """Signed as it is sent: only its form is wrong."""
    pool = made(idp)
    exchange = Exchange(pool.id.partition("_")[2])
    given = {"USERNAME": EMAIL, "SRP_A": exchange.srp_a}
    asked = people.initiate_auth(ClientId=pool.client_id, AuthFlow="USER_SRP_AUTH", AuthParameters=given)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("pennyworth_cli.srp.timestamp", lambda at: stamp)
        proof = exchange.proof(asked["ChallengeParameters"], PASSWORD)
    with refused("NotAuthorizedException.*Incorrect username or password"):
        people.respond_to_auth_challenge(
            ClientId=pool.client_id, ChallengeName="PASSWORD_VERIFIER", ChallengeResponses=proof
        )
