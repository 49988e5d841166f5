"""Cognito's user directory: what moto lets pass and AWS does not."""

import base64
import hashlib
import hmac
import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

import jwt
import pytest
import requests
from botocore import UNSIGNED

PASSWORD = "Correct-horse-7"
ALL_FLOWS = [
    "ALLOW_USER_SRP_AUTH",
    "ALLOW_REFRESH_TOKEN_AUTH",
    "ALLOW_USER_PASSWORD_AUTH",
    "ALLOW_ADMIN_USER_PASSWORD_AUTH",
]


class Pool(NamedTuple):
    id: str
    client_id: str
    user_id: str  # of ada@example.com, whose password is PASSWORD


def new_client(idp: Any, pool_id: str, **settings: Any) -> dict[str, Any]:
    settings = {"ClientName": "c", "ExplicitAuthFlows": ALL_FLOWS, "ReadAttributes": ["email"]} | settings
    return idp.create_user_pool_client(UserPoolId=pool_id, WriteAttributes=["name"], **settings)["UserPoolClient"]


def add_user(idp: Any, pool_id: str, email: str, **more: Any) -> str:
    attributes = [{"Name": "email_verified", "Value": "true"}, {"Name": "name", "Value": "Ada"}]
    user = idp.admin_create_user(
        UserPoolId=pool_id, Username=email, UserAttributes=attributes, MessageAction="SUPPRESS", **more
    )["User"]
    return user["Username"]


@pytest.fixture
def pool(idp: Any) -> Pool:
    key = {"Name": "key_01", "AttributeDataType": "String", "Mutable": True}
    fixed = {"Name": "badge", "AttributeDataType": "String", "Mutable": False}
    key["StringAttributeConstraints"] = {"MaxLength": "2048"}
    pool_id = idp.create_user_pool(
        PoolName="people",
        UsernameAttributes=["email"],
        UsernameConfiguration={"CaseSensitive": False},
        Schema=[key, fixed],
    )["UserPool"]["Id"]
    user_id = add_user(idp, pool_id, "ada@example.com")
    idp.admin_set_user_password(UserPoolId=pool_id, Username=user_id, Password=PASSWORD, Permanent=True)
    return Pool(pool_id, new_client(idp, pool_id)["ClientId"], user_id)


def sign_in(idp: Any, pool: Pool, name: str = "ada@example.com", **parameters: str) -> dict[str, Any]:
    return idp.admin_initiate_auth(
        UserPoolId=pool.id,
        ClientId=pool.client_id,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": name, "PASSWORD": PASSWORD} | parameters,
    )["AuthenticationResult"]


def claims(token: str) -> dict[str, Any]:
    return jwt.decode(token, options={"verify_signature": False})


def refused(code: str) -> Any:
    return pytest.raises(Exception, match=code)


def attributes_of(answer: dict[str, Any]) -> dict[str, str]:
    return {each["Name"]: each["Value"] for each in answer["UserAttributes"]}


def test_people_are_found_by_their_id_and_by_their_address_in_any_case(idp: Any, pool: Pool) -> None:
    for name in (pool.user_id, "ada@example.com", "Ada@Example.COM"):
        found = idp.admin_get_user(UserPoolId=pool.id, Username=name)
        assert found["Username"] == pool.user_id
        assert attributes_of(found)["sub"] == pool.user_id


def test_a_token_says_the_address_and_the_id_whichever_was_typed(idp: Any, pool: Pool) -> None:
    for name in ("ada@example.com", pool.user_id):
        token = claims(sign_in(idp, pool, name)["IdToken"])
        assert token["email"] == "ada@example.com"
        assert token["sub"] == token["cognito:username"] == pool.user_id


def test_an_id_token_carries_groups_and_roles_by_precedence(idp: Any, pool: Pool) -> None:
    for name, precedence in (("zebra", 1), ("ant", 2)):
        role = f"arn:aws:iam::123456789012:role/{name}"
        idp.create_group(UserPoolId=pool.id, GroupName=name, Precedence=precedence, RoleArn=role)
        idp.admin_add_user_to_group(UserPoolId=pool.id, Username=pool.user_id, GroupName=name)
    tokens = sign_in(idp, pool)
    assert claims(tokens["AccessToken"])["cognito:groups"] == ["zebra", "ant"]
    assert claims(tokens["IdToken"])["cognito:groups"] == ["zebra", "ant"]
    assert claims(tokens["IdToken"])["cognito:preferred_role"].endswith("role/zebra")


def test_a_client_may_not_write_an_attribute_outside_its_list(idp: Any, pool: Pool) -> None:
    token = sign_in(idp, pool)["AccessToken"]
    forged = [{"Name": "custom:key_01", "Value": "mine"}]
    with refused("NotAuthorizedException.*unauthorized attribute"):
        idp.update_user_attributes(AccessToken=token, UserAttributes=forged)
    with refused("NotAuthorizedException"):
        idp.delete_user_attributes(AccessToken=token, UserAttributeNames=["custom:key_01"])
    idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "name", "Value": "Countess"}])
    stored = attributes_of(idp.admin_get_user(UserPoolId=pool.id, Username=pool.user_id))
    assert "custom:key_01" not in stored
    assert stored["name"] == "Countess"


def test_a_client_without_a_list_may_write_everything(idp: Any, pool: Pool) -> None:
    """So that forgetting the list fails the test of whoever relies on it."""
    client = idp.create_user_pool_client(UserPoolId=pool.id, ClientName="open", ExplicitAuthFlows=ALL_FLOWS)
    token = sign_in(idp, pool._replace(client_id=client["UserPoolClient"]["ClientId"]))["AccessToken"]
    idp.update_user_attributes(AccessToken=token, UserAttributes=[{"Name": "custom:key_01", "Value": "mine"}])
    assert attributes_of(idp.get_user(AccessToken=token))["custom:key_01"] == "mine"


def test_a_client_reads_only_its_list(idp: Any, pool: Pool) -> None:
    secret = [{"Name": "custom:key_01", "Value": "record"}]
    idp.admin_update_user_attributes(UserPoolId=pool.id, Username=pool.user_id, UserAttributes=secret)
    tokens = sign_in(idp, pool)
    assert set(attributes_of(idp.get_user(AccessToken=tokens["AccessToken"]))) == {"sub", "email"}
    assert {"custom:key_01", "name"}.isdisjoint(claims(tokens["IdToken"]))


@pytest.mark.parametrize(
    ("name", "value", "code"),
    [
        ("custom:nowhere", "x", "InvalidParameterException.*does not exist in the schema"),
        ("custom:badge", "x", "InvalidParameterException"),
        ("sub", "x", "InvalidParameterException"),
        ("custom:key_01", "x" * 2049, "InvalidParameterException"),
    ],
)
def test_the_schema_holds_for_administrators_too(idp: Any, pool: Pool, name: str, value: str, code: str) -> None:
    with refused(code):
        idp.admin_update_user_attributes(
            UserPoolId=pool.id, Username=pool.user_id, UserAttributes=[{"Name": name, "Value": value}]
        )


def test_a_person_cannot_be_created_with_an_undefined_attribute_or_a_weak_password(idp: Any, pool: Pool) -> None:
    with refused("InvalidParameterException"):
        idp.admin_create_user(
            UserPoolId=pool.id, Username="b@example.com", UserAttributes=[{"Name": "custom:no", "Value": "x"}]
        )
    with refused("InvalidPasswordException"):
        idp.admin_create_user(UserPoolId=pool.id, Username="b@example.com", TemporaryPassword="short")
    with refused("UsernameExistsException"):
        idp.admin_create_user(UserPoolId=pool.id, Username="ADA@example.com")


def test_a_blank_value_removes_an_attribute_and_removing_it_again_is_no_error(idp: Any, pool: Pool) -> None:
    person = {"UserPoolId": pool.id, "Username": pool.user_id}
    for value in ("record", ""):
        idp.admin_update_user_attributes(**person, UserAttributes=[{"Name": "custom:key_01", "Value": value}])
    assert "custom:key_01" not in attributes_of(idp.admin_get_user(**person))
    idp.admin_delete_user_attributes(**person, UserAttributeNames=["custom:key_01"])
    with refused("InvalidParameterException"):
        idp.admin_delete_user_attributes(**person, UserAttributeNames=["custom:no"])


def test_a_flow_the_client_did_not_enable_is_refused(idp: Any, pool: Pool) -> None:
    srp_only = pool._replace(client_id=new_client(idp, pool.id, ExplicitAuthFlows=["ALLOW_USER_SRP_AUTH"])["ClientId"])
    token = sign_in(idp, pool)["RefreshToken"]
    with refused("InvalidParameterException.*flow not enabled"):
        sign_in(idp, srp_only)
    for flow, parameters in (
        ("USER_PASSWORD_AUTH", {"USERNAME": "ada@example.com", "PASSWORD": PASSWORD}),
        ("REFRESH_TOKEN_AUTH", {"REFRESH_TOKEN": token}),
    ):
        with refused("InvalidParameterException.*flow not enabled"):
            idp.initiate_auth(ClientId=srp_only.client_id, AuthFlow=flow, AuthParameters=parameters)


def test_a_wrong_or_missing_password_is_refused(idp: Any, pool: Pool) -> None:
    add_user(idp, pool.id, "nopassword@example.com")
    with refused("NotAuthorizedException.*Incorrect username or password"):
        sign_in(idp, pool, PASSWORD="wrong")
    with refused("NotAuthorizedException"):
        idp.admin_initiate_auth(
            UserPoolId=pool.id,
            ClientId=pool.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": "nopassword@example.com"},
        )


def test_an_unknown_person_looks_like_a_wrong_password_when_the_client_says_so(idp: Any, pool: Pool) -> None:
    shy = pool._replace(client_id=new_client(idp, pool.id, PreventUserExistenceErrors="ENABLED")["ClientId"])
    with refused("NotAuthorizedException.*Incorrect username or password"):
        sign_in(idp, shy, "nobody@example.com")
    with refused("UserNotFoundException"):
        sign_in(idp, pool, "nobody@example.com")


def test_a_client_with_a_secret_must_prove_it(idp: Any, pool: Pool) -> None:
    client = new_client(idp, pool.id, GenerateSecret=True)
    with_secret = pool._replace(client_id=client["ClientId"])
    with refused("NotAuthorizedException.*SECRET_HASH was not received"):
        sign_in(idp, with_secret)
    message = f"ada@example.com{client['ClientId']}".encode()
    proof = base64.b64encode(hmac.digest(client["ClientSecret"].encode(), message, "sha256")).decode()
    with refused("NotAuthorizedException.*Unable to verify secret hash"):
        sign_in(idp, with_secret, SECRET_HASH=proof[::-1])
    assert sign_in(idp, with_secret, SECRET_HASH=proof)["AccessToken"]


def test_a_disabled_person_cannot_sign_in_refresh_or_use_a_token(idp: Any, pool: Pool) -> None:
    tokens = sign_in(idp, pool)
    idp.admin_disable_user(UserPoolId=pool.id, Username=pool.user_id)
    with refused("NotAuthorizedException.*disabled"):
        sign_in(idp, pool)
    with refused("NotAuthorizedException.*disabled"):
        refresh(idp, pool.client_id, tokens["RefreshToken"])
    with refused("NotAuthorizedException"):
        idp.get_user(AccessToken=tokens["AccessToken"])


def refresh(idp: Any, client_id: str, token: str) -> dict[str, Any]:
    return idp.initiate_auth(
        ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": token}
    )["AuthenticationResult"]


def test_a_refresh_token_is_for_its_own_client(idp: Any, pool: Pool) -> None:
    token = sign_in(idp, pool)["RefreshToken"]
    assert claims(refresh(idp, pool.client_id, token)["IdToken"])["sub"] == pool.user_id
    for client_id, bad in ((new_client(idp, pool.id)["ClientId"], token), (pool.client_id, "garbage")):
        with refused("NotAuthorizedException.*Invalid Refresh Token"):
            refresh(idp, client_id, bad)


def test_tokens_live_as_long_as_the_client_says(idp: Any, pool: Pool) -> None:
    units = {"AccessToken": "minutes", "IdToken": "seconds"}
    client = new_client(idp, pool.id, AccessTokenValidity=7, IdTokenValidity=400, TokenValidityUnits=units)
    tokens = sign_in(idp, pool._replace(client_id=client["ClientId"]))
    assert tokens["ExpiresIn"] == 7 * 60
    for name, lifetime_s in (("AccessToken", 420), ("IdToken", 400)):
        token = claims(tokens[name])
        assert token["exp"] - token["iat"] == lifetime_s


def test_each_pool_signs_with_its_own_key(idp: Any, pool: Pool, aws_url: str) -> None:
    other_id = idp.create_user_pool(PoolName="other")["UserPool"]["Id"]
    token = sign_in(idp, pool)["IdToken"]
    issuer = f"https://cognito-idp.us-east-1.amazonaws.com/{pool.id}"
    published = {}
    for pool_id in (pool.id, other_id):
        keys = requests.get(f"{aws_url}/{pool_id}/.well-known/jwks.json", timeout=5).json()["keys"]
        published[pool_id] = jwt.PyJWKSet.from_dict({"keys": keys})
    key = published[pool.id][jwt.get_unverified_header(token)["kid"]]
    assert jwt.decode(token, key, ["RS256"], audience=pool.client_id, issuer=issuer)["token_use"] == "id"
    with pytest.raises(jwt.InvalidSignatureError):
        jwt.decode(token, published[other_id].keys[0], ["RS256"], audience=pool.client_id)
    assert requests.get(f"{aws_url}/us-east-1_none/.well-known/jwks.json", timeout=5).status_code == 400


def test_a_challenge_cannot_be_answered_for_somebody_else(idp: Any, pool: Pool) -> None:
    add_user(idp, pool.id, "new@example.com", TemporaryPassword=PASSWORD)
    begun = idp.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": "new@example.com", "PASSWORD": PASSWORD},
    )
    assert begun["ChallengeName"] == "NEW_PASSWORD_REQUIRED"

    def answer(name: str) -> Any:
        return idp.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=begun["Session"],
            ChallengeResponses={"USERNAME": name, "NEW_PASSWORD": "Another-horse-8"},
        )

    with refused("NotAuthorizedException.*Invalid session"):
        answer("ada@example.com")
    assert answer("new@example.com")["AuthenticationResult"]["IdToken"]
    with refused("NotAuthorizedException.*Invalid session"):
        answer("new@example.com")


def test_a_description_longer_than_cognito_takes_is_refused(idp: Any, pool: Pool) -> None:
    with refused("InvalidParameterException"):
        idp.create_group(UserPoolId=pool.id, GroupName="g", Description="x" * 2049)


class SrpClient:
    """A client's half, written from the protocol's description, apart from the server's."""

    def __init__(self, pool_id: str) -> None:
        from local.aws.srp import N  # the group's prime: RFC 3526, group 15

        self.prime, self.pool_name = N, pool_id.split("_")[1]
        self.secret = secrets.randbelow(1 << 1024)
        self.public = pow(2, self.secret, N)

    @staticmethod
    def digits(number: int) -> str:
        text = f"{number:x}"
        text = "0" + text if len(text) % 2 else text
        return "00" + text if text[0] in "89abcdef" else text

    def number(self, text: str) -> int:
        return int(hashlib.sha256(bytes.fromhex(text)).hexdigest(), 16)

    def answer(self, challenge: dict[str, str], password: str) -> dict[str, str]:
        user, block, server = challenge["USER_ID_FOR_SRP"], challenge["SECRET_BLOCK"], int(challenge["SRP_B"], 16)
        scramble = self.number(self.digits(self.public) + self.digits(server))
        factor = self.number(self.digits(self.prime) + "02")
        inner = hashlib.sha256(f"{self.pool_name}{user}:{password}".encode()).hexdigest()
        x = self.number(self.digits(int(challenge["SALT"], 16)) + inner)
        base = (server - factor * pow(2, x, self.prime)) % self.prime
        shared = pow(base, self.secret + scramble * x, self.prime)
        salt, material = bytes.fromhex(self.digits(scramble)), bytes.fromhex(self.digits(shared))
        pseudo = hmac.new(salt, material, "sha256").digest()
        key = hmac.new(pseudo, b"Caldera Derived Key" + bytes([1]), "sha256").digest()[:16]
        now = time.gmtime()
        stamp = time.strftime(f"%a %b {now.tm_mday} %H:%M:%S UTC %Y", now)
        message = f"{self.pool_name}{user}".encode() + base64.b64decode(block) + stamp.encode()
        proof = base64.b64encode(hmac.new(key, message, "sha256").digest()).decode()
        return {
            "USERNAME": user,
            "TIMESTAMP": stamp,
            "PASSWORD_CLAIM_SECRET_BLOCK": block,
            "PASSWORD_CLAIM_SIGNATURE": proof,
        }


def srp(client: Callable[..., Any], pool: Pool, password: str, name: str = "ada@example.com") -> dict[str, Any]:
    unsigned = client("cognito-idp", signature_version=UNSIGNED)
    half = SrpClient(pool.id)
    begun = unsigned.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": name, "SRP_A": f"{half.public:x}"},
    )
    return unsigned.respond_to_auth_challenge(
        ClientId=pool.client_id,
        ChallengeName=begun["ChallengeName"],
        ChallengeResponses=half.answer(begun["ChallengeParameters"], password),
    )


def test_srp_takes_the_right_password_and_no_other(client: Callable[..., Any], pool: Pool) -> None:
    assert claims(srp(client, pool, PASSWORD)["AuthenticationResult"]["IdToken"])["sub"] == pool.user_id
    with refused("NotAuthorizedException.*Incorrect username or password"):
        srp(client, pool, "wrong")


def test_srp_asks_for_a_new_password_only_after_the_old_one(client: Callable[..., Any], idp: Any, pool: Pool) -> None:
    add_user(idp, pool.id, "new@example.com", TemporaryPassword=PASSWORD)
    assert srp(client, pool, PASSWORD, "new@example.com")["ChallengeName"] == "NEW_PASSWORD_REQUIRED"
    begun = idp.initiate_auth(
        ClientId=pool.client_id,
        AuthFlow="USER_SRP_AUTH",
        AuthParameters={"USERNAME": "new@example.com", "SRP_A": f"{SrpClient(pool.id).public:x}"},
    )
    with refused("NotAuthorizedException.*Invalid session"):
        idp.respond_to_auth_challenge(
            ClientId=pool.client_id,
            ChallengeName="NEW_PASSWORD_REQUIRED",
            Session=begun["Session"],
            ChallengeResponses={"USERNAME": "new@example.com", "NEW_PASSWORD": "Another-horse-8"},
        )


def test_srp_refuses_an_a_that_would_need_no_password(idp: Any, pool: Pool) -> None:
    with refused("InvalidParameterException"):
        idp.initiate_auth(
            ClientId=pool.client_id,
            AuthFlow="USER_SRP_AUTH",
            AuthParameters={"USERNAME": "ada@example.com", "SRP_A": "0"},
        )


def test_what_a_password_policy_does_not_ask_for_is_not_asked_for(idp: Any, pool: Pool) -> None:
    wanted = {"MinimumLength": 8, "RequireLowercase": True}
    made = idp.create_user_pool(PoolName="lax", Policies={"PasswordPolicy": wanted})["UserPool"]
    unasked = {"RequireUppercase": False, "RequireNumbers": False, "RequireSymbols": False}
    assert made["Policies"]["PasswordPolicy"] == wanted | unasked
    idp.update_user_pool(UserPoolId=pool.id, Policies={"PasswordPolicy": wanted})
    assert idp.describe_user_pool(UserPoolId=pool.id)["UserPool"]["Policies"]["PasswordPolicy"] == wanted | unasked
    idp.admin_set_user_password(UserPoolId=pool.id, Username=pool.user_id, Password="only letters", Permanent=True)
    with refused("InvalidPasswordException"):
        idp.admin_set_user_password(UserPoolId=pool.id, Username=pool.user_id, Password="12345678", Permanent=True)
