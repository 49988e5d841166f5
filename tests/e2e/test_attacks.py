"""Nobody lifts themselves: every way up that is known, and every route with every scope."""

import json
import re
import time
from base64 import urlsafe_b64decode, urlsafe_b64encode

import httpx
import jwt
import pytest
import yaml
from botocore.exceptions import ClientError
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.conftest import _AUTHORIZER_TTL_S, ROOT
from tests.e2e.people import failing

CONTRACT = yaml.safe_load((ROOT / "openapi.yaml").read_text())
OPERATIONS = [
    (method.upper(), re.sub("{[^}]*}", "x", path), operation["x-pennyworth"])
    for path, operations in CONTRACT["paths"].items()
    for method, operation in operations.items()
    if method != "parameters"
]
SCOPES = ("inference", "mcp", "usage")


def operations(*auths):
    return [pytest.param(*each, id=f"{each[0]} {each[1]}") for each in OPERATIONS if each[2]["auth"] in auths]


@pytest.fixture(scope="module")
def mallory(gateway):
    return gateway.user("mallory@example.com")


@pytest.fixture(scope="module")
def tokens(cognito, mallory):
    return cognito.sign_in(mallory)


@pytest.fixture(scope="module")
def scoped(gateway, mallory):
    """A key of each scope alone."""
    return {scope: gateway.key(mallory, name=scope, scopes=[scope])["value"] for scope in SCOPES}


def ask(gateway, credential, method, path, body=None):
    with gateway.http(credential) as http:
        return http.request(method, path, json=body if body is not None else ({} if method == "POST" else None))


def until_refused(gateway, credential):
    """The answer that ends a credential's life, which comes within the TTL."""
    deadline = time.monotonic() + _AUTHORIZER_TTL_S + 5
    while (answer := ask(gateway, credential, "GET", "/models")).status_code == 200:
        assert time.monotonic() < deadline
    return answer


@pytest.mark.parametrize(("method", "path", "own"), operations("gateway", "anthropic"))
def test_a_route_opens_to_keys_of_its_own_scope_alone(gateway, scoped, method, path, own):
    for scope, secret in scoped.items():
        answer = ask(gateway, secret, method, path)
        refused = answer.status_code == 403 and f"may not do '{own['action']}'" in answer.text
        assert refused == (scope != own["action"]), (scope, answer.text)
        assert answer.status_code != 401


@pytest.mark.parametrize(("method", "path", "own"), operations("cognito"))
def test_no_key_and_no_access_token_administers_or_mints(gateway, scoped, tokens, method, path, own):
    for credential in (*scoped.values(), gateway.api_key, tokens["AccessToken"]):
        answer = ask(gateway, credential, method, path)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "invalid_api_key")


@pytest.mark.parametrize(("method", "path", "own"), operations("cognito"))
def test_no_route_of_administration_opens_to_who_is_no_administrator(gateway, tokens, method, path, own):
    answer = ask(gateway, tokens["IdToken"], method, path)
    if own["action"] == "self":
        assert answer.status_code in (200, 400, 404)
    else:
        assert (answer.status_code, answer.json()["error"]["code"]) == (403, "action_not_allowed")


def test_every_route_that_is_open_is_meant_to_be():
    assert {path for _, path, own in OPERATIONS if own["auth"] == "none"} == {
        "/version",
        "/health",
        "/openapi.json",
        "/.well-known/oauth-protected-resource",
        "/.well-known/pennyworth-configuration",
        # where MCP clients have people sign in: each answer's proof is in the request, or at Cognito
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
        "/oauth/register",
        "/oauth/authorize",
        "/oauth/consent",
        "/oauth/callback",
        "/oauth/token",
        "/oauth/revoke",
    }


@pytest.mark.parametrize("name", ["custom:key_01", "custom:groups"])
def test_an_access_token_writes_and_reads_no_attribute_of_ours(cognito, mallory, tokens, name):
    access = {"AccessToken": tokens["AccessToken"]}
    before = cognito.attributes(mallory)
    with pytest.raises(ClientError) as raised:
        cognito.idp.update_user_attributes(**access, UserAttributes=[{"Name": name, "Value": '["admins"]'}])
    assert raised.value.response["Error"]["Code"] == "NotAuthorizedException"
    with pytest.raises(ClientError):
        cognito.idp.delete_user_attributes(**access, UserAttributeNames=[name])
    assert cognito.attributes(mallory) == before
    own = {pair["Name"] for pair in cognito.idp.get_user(**access)["UserAttributes"]}
    assert not [each for each in own if each.startswith("custom:")]
    claims = jwt.decode(tokens["IdToken"], options={"verify_signature": False})
    assert not [claim for claim in claims if claim.startswith("custom:")]


def test_a_lie_in_the_mirror_of_the_groups_makes_no_administrator(gateway, cognito):
    """Should anybody ever come to write it: administration asks Cognito itself."""
    user = gateway.user("liar@example.com")
    lie = [{"Name": "custom:groups", "Value": '["admins"]'}]
    cognito.idp.admin_update_user_attributes(**cognito.pool, Username=user, UserAttributes=lie)
    token = cognito.sign_in(user)["IdToken"]
    assert ask(gateway, token, "GET", "/organization/users").status_code == 403
    assert ask(gateway, token, "GET", "/me").json()["group"] == "developers"


def test_an_administrator_reads_no_secret(gateway, mallory):
    key = gateway.key(mallory, name="secret")
    path = f"/organization/users/{mallory}/api_keys"
    with gateway.admin() as admin:
        seen = [
            admin.get(path),
            admin.get(f"{path}/{key['id']}"),
            admin.post(f"{path}/{key['id']}", json={"name": "x"}),
        ]
        shown = "".join(answer.raise_for_status().text for answer in seen)
        admin.delete(f"{path}/{key['id']}").raise_for_status()
    assert key["value"] not in shown
    assert key["value"][10:40] not in shown
    assert not re.search("[0-9a-f]{64}", shown)


def test_a_narrowed_key_is_as_narrow_after_a_rotation(gateway, mallory):
    key = gateway.key(mallory, name="narrow", scopes=["mcp"], models=["nova-micro"])
    path = f"/organization/users/{mallory}/api_keys/{key['id']}"
    with gateway.admin() as admin:
        rotated = admin.post(f"{path}/rotate", json={"overlap_s": 0}).raise_for_status().json()
        for wider in ({"overlap_s": 0, "scopes": ["inference"]}, {"overlap_s": 0, "models": ["*"]}):
            assert admin.post(f"{path}/rotate", json=wider).status_code == 400
        assert admin.post(path, json={"name": "x", "scopes": ["inference"]}).status_code == 400
    assert (rotated["scopes"], rotated["models"]) == (["mcp"], ["nova-micro"])
    assert ask(gateway, rotated["value"], "GET", "/models").status_code == 403
    with gateway.admin() as admin:
        admin.delete(path).raise_for_status()


def test_a_forged_key_never_reaches_cognito(gateway):
    """Were it asked, the answer would be a 503."""
    raw = bytearray(urlsafe_b64decode(gateway.api_key.removeprefix("sk-pw-")))
    with failing(gateway, "AdminGetUser"):
        for place in (0, 16, 17, 48, 49, 56):  # the user, the slot, the random bits, the MAC
            forged = bytes(byte ^ (index == place) for index, byte in enumerate(raw))
            secret = "sk-pw-" + urlsafe_b64encode(forged).decode()
            assert ask(gateway, secret, "GET", "/models").status_code == 401


def forged_tokens(token):
    header, claims = jwt.get_unverified_header(token), jwt.decode(token, options={"verify_signature": False})
    own = rsa.generate_private_key(65537, 2048)

    def part(value):
        return urlsafe_b64encode(json.dumps(value).encode()).rstrip(b"=").decode()

    def signed(**changes):
        return jwt.encode({**claims, **changes}, own, "RS256", headers={"kid": header["kid"]})

    head, body, signature = token.split(".")
    admin = part({**claims, "cognito:groups": ["admins"]})
    return {
        "no signature": f"{part({**header, 'alg': 'none'})}.{body}.",
        "another key": signed(),
        "an administrator's claims under the old signature": f"{head}.{admin}.{signature}",
        "a later end under the old signature": f"{head}.{part({**claims, 'exp': claims['exp'] + 9999})}.{signature}",
        "a secret for a key": jwt.encode(claims, "s" * 32, "HS256", headers={"kid": header["kid"]}),
    }


def test_a_forged_token_opens_nothing(gateway, tokens):
    assert ask(gateway, tokens["IdToken"], "GET", "/models").status_code == 200
    for use in ("IdToken", "AccessToken"):
        for name, forged in forged_tokens(tokens[use]).items():
            for path in ("/models", "/me", "/organization/users"):
                assert ask(gateway, forged, "GET", path).status_code == 401, (use, name, path)


def test_a_token_of_another_pool_or_client_opens_nothing(gateway, cognito):
    idp = cognito.idp
    pool = idp.create_user_pool(PoolName="elsewhere")["UserPool"]["Id"]
    flows = {"ExplicitAuthFlows": ["ALLOW_ADMIN_USER_PASSWORD_AUTH", "ALLOW_REFRESH_TOKEN_AUTH"]}
    foreign = idp.create_user_pool_client(UserPoolId=pool, ClientName="c", **flows)["UserPoolClient"]["ClientId"]
    idp.admin_create_user(UserPoolId=pool, Username="mallory", MessageAction="SUPPRESS")
    user = gateway.user("foreign@example.com")
    cognito.sign_in(user)
    other = idp.create_user_pool_client(**cognito.pool, ClientName="other", **flows)["UserPoolClient"]["ClientId"]
    for pool_id, client_id, username in [
        (pool, foreign, "mallory"),
        (cognito.pool["UserPoolId"], other, user),
    ]:
        password = {"Username": username, "Password": "A-lasting-password-1", "Permanent": True}
        idp.admin_set_user_password(UserPoolId=pool_id, **password)
        got = idp.admin_initiate_auth(
            UserPoolId=pool_id,
            ClientId=client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": username, "PASSWORD": "A-lasting-password-1"},
        )["AuthenticationResult"]
        for use in ("IdToken", "AccessToken"):
            assert ask(gateway, got[use], "GET", "/models").status_code == 401


def test_a_disabled_persons_keys_and_tokens_stop_within_the_ttl(gateway, cognito):
    user = gateway.user("gone@example.com")
    key, got = gateway.key(user)["value"], cognito.sign_in(user)
    credentials = (key, got["IdToken"], got["AccessToken"])
    for credential in credentials:
        assert ask(gateway, credential, "GET", "/models").status_code == 200
    cognito.idp.admin_disable_user(**cognito.pool, Username=user)
    for credential in credentials:
        assert until_refused(gateway, credential).json()["error"]["code"] == "account_disabled"
    for path in ("/me", "/me/api_keys"):
        assert ask(gateway, got["IdToken"], "GET", path).json()["error"]["code"] == "account_disabled"
    assert ask(gateway, got["IdToken"], "POST", "/me/api_keys", {"name": "k"}).status_code == 403
    cognito.idp.admin_enable_user(**cognito.pool, Username=user)
    deadline = time.monotonic() + _AUTHORIZER_TTL_S + 5
    while ask(gateway, key, "GET", "/models").status_code != 200:
        assert time.monotonic() < deadline


def test_a_deleted_persons_keys_and_tokens_stop_within_the_ttl(gateway, cognito):
    user = gateway.user("deleted@example.com")
    key, got = gateway.key(user)["value"], cognito.sign_in(user)
    assert ask(gateway, key, "GET", "/models").status_code == 200
    assert ask(gateway, got["IdToken"], "GET", "/models").status_code == 200
    with gateway.admin() as admin:
        admin.delete(f"/organization/users/{user}").raise_for_status()
    for credential in (key, got["IdToken"]):
        assert until_refused(gateway, credential).status_code == 401
    assert ask(gateway, got["IdToken"], "POST", "/me/api_keys", {"name": "k"}).status_code == 403


def test_a_person_taken_out_of_a_group_has_less_within_the_ttl(gateway, cognito):
    """Past the service, as in Cognito's console: what the mirror says goes on until it is settled, and no longer."""
    user = gateway.user("less@example.com")
    key = gateway.key(user)["value"]
    assert ask(gateway, key, "GET", "/models").status_code == 200
    cognito.idp.admin_remove_user_from_group(**cognito.pool, Username=user, GroupName="developers")
    cognito.idp.admin_delete_user_attributes(
        **cognito.pool, Username=user, UserAttributeNames=["custom:groups"]
    )  # what docs/keys.md says to do then
    assert until_refused(gateway, key).json()["error"]["code"] == "action_not_allowed"


def test_a_secret_in_the_address_is_no_credential(gateway):
    with httpx.Client(base_url=gateway.base_url, timeout=30, trust_env=False) as http:
        for name in ("key", "api_key", "access_token", "authorization", "x-api-key"):
            assert http.get("/models", params={name: gateway.api_key}).status_code == 401
