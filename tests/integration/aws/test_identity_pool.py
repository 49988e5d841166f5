"""Identity pools and STS: credentials for who proves to be somebody, and for nobody else."""

import json
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt
import pytest
import requests
from botocore import UNSIGNED

PROVIDER = "pennyworth"
FEDERATED = "cognito-identity.amazonaws.com"


class Setup(NamedTuple):
    pool_id: str
    role_arn: str


def trust(pool_id: str, **changes: Any) -> str:
    statement = {
        "Effect": "Allow",
        "Principal": {"Federated": FEDERATED},
        "Action": ["sts:AssumeRoleWithWebIdentity", "sts:TagSession"],
        "Condition": {
            "StringEquals": {f"{FEDERATED}:aud": pool_id},
            "ForAnyValue:StringLike": {f"{FEDERATED}:amr": "authenticated"},
        },
    }
    return json.dumps({"Version": "2012-10-17", "Statement": [statement | changes]})


def new_pool(identity: Any, **settings: Any) -> str:
    settings = {"DeveloperProviderName": PROVIDER, "AllowClassicFlow": True} | settings
    return identity.create_identity_pool(IdentityPoolName="people", AllowUnauthenticatedIdentities=False, **settings)[
        "IdentityPoolId"
    ]


@pytest.fixture
def sts(client: Callable[..., Any]) -> Any:
    return client("sts", signature_version=UNSIGNED)


@pytest.fixture
def new_role(client: Callable[..., Any]) -> Callable[[str], str]:
    iam = client("iam")
    made = iter(f"role-{n}" for n in range(100))

    def role(policy: str) -> str:
        name = next(made) + "-" + str(len(iam.list_roles()["Roles"]))
        return iam.create_role(RoleName=name, AssumeRolePolicyDocument=policy)["Role"]["Arn"]

    return role


@pytest.fixture
def setup(identity: Any, new_role: Callable[[str], str]) -> Setup:
    pool_id = new_pool(identity)
    return Setup(pool_id, new_role(trust(pool_id)))


def token_of(identity: Any, pool_id: str, user: str = "user-1", **options: Any) -> dict[str, str]:
    return identity.get_open_id_token_for_developer_identity(IdentityPoolId=pool_id, Logins={PROVIDER: user}, **options)


def assume(sts: Any, role_arn: str, token: str, **options: Any) -> dict[str, Any]:
    return sts.assume_role_with_web_identity(
        RoleArn=role_arn, RoleSessionName="user-1", WebIdentityToken=token, **options
    )


def refused(code: str) -> Any:
    return pytest.raises(Exception, match=code)


def test_a_login_keeps_its_identity(identity: Any, setup: Setup) -> None:
    first, second = (token_of(identity, setup.pool_id)["IdentityId"] for _ in range(2))
    assert first == second
    assert token_of(identity, setup.pool_id, "user-2")["IdentityId"] != first
    assert token_of(identity, new_pool(identity))["IdentityId"] != first


def test_a_developer_identity_gets_a_jwt_with_its_tags(identity: Any, setup: Setup) -> None:
    answer = token_of(identity, setup.pool_id, PrincipalTags={"user": "ada"}, TokenDuration=60)
    claims = jwt.decode(answer["Token"], options={"verify_signature": False})
    assert claims["iss"] == "https://cognito-identity.amazonaws.com"
    assert (claims["aud"], claims["sub"]) == (setup.pool_id, answer["IdentityId"])
    assert claims["amr"] == ["authenticated", PROVIDER, f"{PROVIDER}:{setup.pool_id}:user-1"]
    assert claims["exp"] - claims["iat"] == 60
    assert claims["https://aws.amazon.com/tags"] == {"principal_tags": {"user": ["ada"]}}


def test_a_login_of_another_provider_is_refused(identity: Any, setup: Setup) -> None:
    with refused("InvalidParameterException"):
        identity.get_open_id_token_for_developer_identity(IdentityPoolId=setup.pool_id, Logins={"other": "user-1"})
    with refused("ResourceNotFoundException"):
        token_of(identity, "us-east-1:00000000-0000-0000-0000-000000000000")


def test_the_role_is_assumed_under_the_session_name_asked_for(
    identity: Any, setup: Setup, sts: Any, client: Callable[..., Any], aws_url: str
) -> None:
    token = token_of(identity, setup.pool_id, PrincipalTags={"user": "ada"})["Token"]
    answer = assume(sts, setup.role_arn, token)
    arn = answer["AssumedRoleUser"]["Arn"]
    assert arn.endswith(f"assumed-role/{setup.role_arn.rpartition('/')[2]}/user-1")
    assert (answer["Audience"], answer["Provider"]) == (setup.pool_id, FEDERATED)
    key = answer["Credentials"]
    described = requests.get(f"{aws_url}/_stand_in/access-keys/{key['AccessKeyId']}", timeout=5).json()
    assert described["arn"] == arn
    assert described["secret_access_key"] == key["SecretAccessKey"]
    assert described["session_token"] == key["SessionToken"]
    assert described["expires_at"] == int(key["Expiration"].timestamp())
    assert described["tags"] == {"user": "ada"}


def test_a_users_key_is_described_until_it_is_switched_off(client: Callable[..., Any], aws_url: str) -> None:
    iam = client("iam")
    arn = iam.create_user(UserName="operator")["User"]["Arn"]
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    url = f"{aws_url}/_stand_in/access-keys/{key['AccessKeyId']}"
    assert requests.get(url, timeout=5).json() == {
        "arn": arn,
        "secret_access_key": key["SecretAccessKey"],
        "session_token": None,
        "expires_at": None,
        "tags": {},
        "policies": [],
        "boundary": None,
    }
    iam.update_access_key(UserName="operator", AccessKeyId=key["AccessKeyId"], Status="Inactive")
    assert requests.get(url, timeout=5).status_code == 404


def test_sts_refuses_what_the_pool_did_not_sign(identity: Any, setup: Setup, sts: Any) -> None:
    good = token_of(identity, setup.pool_id)["Token"]
    claims = jwt.decode(good, options={"verify_signature": False})
    head, body, signature = good.split(".")
    kid = {"kid": jwt.get_unverified_header(good)["kid"]}
    forged = jwt.encode(claims, "x" * 64, "HS512", headers=kid)
    unsigned = jwt.encode(claims, None, "none", headers=kid)
    for bad in ("garbage", forged, unsigned, f"{head}.{body}.{signature[::-1]}", f"{head}.{body}x.{signature}"):
        with refused("InvalidIdentityToken"):
            assume(sts, setup.role_arn, bad)


def test_sts_refuses_an_expired_token(identity: Any, setup: Setup, sts: Any) -> None:
    token = token_of(identity, setup.pool_id, TokenDuration=1)["Token"]
    with refused("ExpiredTokenException"):
        for _ in range(10_000):  # until the second is over
            assume(sts, setup.role_arn, token)


@pytest.mark.parametrize(
    "changes",
    [
        {"Condition": {"StringEquals": {f"{FEDERATED}:aud": "us-east-1:another"}}},
        {"Condition": {"ForAnyValue:StringLike": {f"{FEDERATED}:amr": "unauthenticated"}}},
        {"Condition": {"StringNotUnderstood": {f"{FEDERATED}:aud": "x"}}},
        {"Principal": {"Federated": "accounts.google.com"}},
        {"Principal": {"Service": "lambda.amazonaws.com"}},
        {"Action": "sts:AssumeRole"},
        {"Effect": "Deny"},
    ],
)
def test_sts_obeys_the_roles_trust_policy(
    identity: Any, sts: Any, new_role: Callable[[str], str], changes: dict[str, Any]
) -> None:
    pool_id = new_pool(identity)
    token = token_of(identity, pool_id)["Token"]
    with refused("AccessDenied.*Not authorized to perform sts:AssumeRoleWithWebIdentity"):
        assume(sts, new_role(trust(pool_id, **changes)), token)


def test_tags_need_a_trust_policy_that_takes_them(identity: Any, sts: Any, new_role: Callable[[str], str]) -> None:
    pool_id = new_pool(identity)
    untagged = new_role(trust(pool_id, Action="sts:AssumeRoleWithWebIdentity"))
    assert assume(sts, untagged, token_of(identity, pool_id)["Token"])["Credentials"]
    with refused("AccessDenied"):
        assume(sts, untagged, token_of(identity, pool_id, PrincipalTags={"user": "ada"})["Token"])


def test_the_classic_flow_has_to_be_allowed(identity: Any, sts: Any, new_role: Callable[[str], str]) -> None:
    pool_id = new_pool(identity, AllowClassicFlow=False)
    assert identity.describe_identity_pool(IdentityPoolId=pool_id)["AllowClassicFlow"] is False
    with refused("AccessDenied"):
        assume(sts, new_role(trust(pool_id)), token_of(identity, pool_id)["Token"])


def test_a_session_has_a_proper_name_and_length(identity: Any, setup: Setup, sts: Any) -> None:
    token = token_of(identity, setup.pool_id)["Token"]
    with refused("ValidationError"):
        sts.assume_role_with_web_identity(RoleArn=setup.role_arn, RoleSessionName="a b", WebIdentityToken=token)
    with refused("ValidationError"):
        assume(sts, setup.role_arn, token, DurationSeconds=7200)
    with refused("AccessDenied"):
        assume(sts, "arn:aws:iam::123456789012:role/nowhere", token)


def test_a_pool_keeps_its_roles(identity: Any, setup: Setup) -> None:
    roles = {"authenticated": setup.role_arn}
    identity.set_identity_pool_roles(IdentityPoolId=setup.pool_id, Roles=roles)
    assert identity.get_identity_pool_roles(IdentityPoolId=setup.pool_id)["Roles"] == roles
    with refused("ResourceNotFoundException"):
        identity.set_identity_pool_roles(IdentityPoolId="us-east-1:none", Roles=roles)


def test_credentials_for_an_identity_need_its_own_token(
    identity: Any, setup: Setup, client: Callable[..., Any]
) -> None:
    public = client("cognito-identity", signature_version=UNSIGNED)
    mine, others = (token_of(identity, setup.pool_id, user) for user in ("user-1", "user-2"))

    def credentials(token: str) -> dict[str, Any]:
        return public.get_credentials_for_identity(IdentityId=mine["IdentityId"], Logins={FEDERATED: token})

    with refused("InvalidIdentityPoolConfigurationException"):
        credentials(mine["Token"])
    identity.set_identity_pool_roles(IdentityPoolId=setup.pool_id, Roles={"authenticated": setup.role_arn})
    assert credentials(mine["Token"])["Credentials"]["SessionToken"]
    for bad in ("garbage", others["Token"]):
        with refused("NotAuthorizedException"):
            credentials(bad)
    with refused("NotAuthorizedException"):
        public.get_credentials_for_identity(IdentityId=mine["IdentityId"])
    with refused("ResourceNotFoundException"):
        public.get_credentials_for_identity(IdentityId="us-east-1:00000000-0000-0000-0000-000000000000")


def test_a_user_pools_token_is_taken_from_the_provider_the_pool_lists(identity: Any, idp: Any) -> None:
    user_pool_id = idp.create_user_pool(PoolName="people")["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client_id = idp.create_user_pool_client(UserPoolId=user_pool_id, ClientName="c", ExplicitAuthFlows=flows)[
        "UserPoolClient"
    ]["ClientId"]
    idp.admin_create_user(UserPoolId=user_pool_id, Username="ada")
    idp.admin_set_user_password(UserPoolId=user_pool_id, Username="ada", Password="Correct-horse-7", Permanent=True)
    tokens = idp.admin_initiate_auth(
        UserPoolId=user_pool_id,
        ClientId=client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "ada", "PASSWORD": "Correct-horse-7"},
    )["AuthenticationResult"]
    provider = f"cognito-idp.us-east-1.amazonaws.com/{user_pool_id}"
    listed = new_pool(identity, CognitoIdentityProviders=[{"ProviderName": provider, "ClientId": client_id}])
    first, second = (
        identity.get_id(IdentityPoolId=listed, Logins={provider: tokens["IdToken"]})["IdentityId"] for _ in range(2)
    )
    assert first == second
    for pool_id, token in ((listed, tokens["AccessToken"]), (listed, "x.y.z"), (new_pool(identity), tokens["IdToken"])):
        with refused("NotAuthorizedException"):
            identity.get_id(IdentityPoolId=pool_id, Logins={provider: token})
    with refused("NotAuthorizedException"):
        identity.get_id(IdentityPoolId=listed)
