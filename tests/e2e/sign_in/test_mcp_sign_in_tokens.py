"""What is tried with the codes and tokens of a sign-in, through the whole local system."""

import hashlib
import re
import time
from base64 import urlsafe_b64encode
from urllib.parse import quote

import httpx
import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from tests.e2e.mcp_sign_in import (
    VERIFIER,
    address,
    answer,
    code_for,
    person,
    register,
    token,
)
from tests.e2e.people import PASSWORD

LIST = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}


def tokens_of(gateway, cognito, browser, email, client_id=None):
    """(client id, tokens) of a person who signs in for a client."""
    client_id = client_id or register(gateway)
    said = answer(browser(person(gateway, cognito, email)).open(address(gateway, client_id)))
    return client_id, token(gateway, **code_for(gateway, client_id, code=said["code"])).raise_for_status().json()


VERIFIERS = [
    "a" * 42,
    "a" * 129,
    VERIFIER + " ",
    VERIFIER + "\n",
    VERIFIER + "=",
    "\u00e4" * 43,
    VERIFIER.swapcase(),
    "x" * 100_000,
]


def test_a_code_takes_its_verifier_and_none_that_is_like_it(gateway, cognito, browser):
    client_id = register(gateway)
    said = answer(browser(person(gateway, cognito, "verifier@example.com")).open(address(gateway, client_id)))
    for verifier in VERIFIERS:
        refused = token(gateway, **code_for(gateway, client_id, code=said["code"], code_verifier=verifier))
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), verifier[:50]
    assert token(gateway, **code_for(gateway, client_id, code=said["code"])).status_code == 200


def test_cognitos_own_code_is_no_code_of_ours(gateway, cognito, browser):
    """Who reads the browser's history has it. Without our seal it is worth nothing here, without our secret nothing at
    Cognito."""
    surfer, urls = browser(person(gateway, cognito, "history@example.com")), []
    surfer.http.event_hooks["request"].append(lambda request: urls.append(str(request.url)))
    client_id = register(gateway)
    surfer.open(address(gateway, client_id))
    [url] = [each for each in urls if "/oauth/callback" in each]
    refused = token(gateway, **code_for(gateway, client_id, code=answer(url)["code"]))
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")


def test_the_token_endpoint_reads_a_form_alone(gateway, cognito, browser, anybody):
    client_id, tokens = tokens_of(gateway, cognito, browser, "form@example.com")
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": tokens["refresh_token"]}
    assert anybody.post("/oauth/token", params=form).status_code == 401
    assert anybody.get("/oauth/token", params=form).status_code == 405
    assert anybody.post("/oauth/token", json=form).status_code == 401
    for name in form:
        twice = [*form.items(), (name, form[name])]
        body = "&".join(f"{key}={quote(value)}" for key, value in twice)
        headers = {"content-type": "application/x-www-form-urlencoded"}
        assert anybody.post("/oauth/token", content=body, headers=headers).json()["error"] == "invalid_request"
    for wrong in ("https://evil.example/mcp", f"{gateway.base_url}/models"):
        assert anybody.post("/oauth/token", data={**form, "resource": wrong}).json()["error"] == "invalid_target"
    assert anybody.post("/oauth/token", data=form).status_code == 200


def test_an_error_repeats_nothing_that_is_not_plain(anybody):
    headers = {"content-type": "application/x-www-form-urlencoded"}
    odd = anybody.post("/oauth/token", content='%00"<script>=a&%00"<script>=b', headers=headers)
    assert odd.json() == {"error": "invalid_request", "error_description": "A parameter was sent more than once."}
    page = anybody.get("/oauth/authorize?%3Cscript%3E=a&%3Cscript%3E=b")
    assert page.status_code == 400
    assert "<script" not in page.text


def test_tokens_and_codes_are_kept_by_no_cache(gateway, cognito, browser, anybody):
    client_id, tokens = tokens_of(gateway, cognito, browser, "cache@example.com")
    form = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": tokens["refresh_token"]}
    surfer = browser(person(gateway, cognito, "cache2@example.com"))
    seen = []
    surfer.http.event_hooks["response"].append(seen.append)
    surfer.open(address(gateway, client_id))
    ours = [each for each in seen if "/oauth/" in each.url.path and each.url.path.startswith("/v1")]
    assert len(ours) == 3
    for reply in (*ours, token(gateway, **form), token(gateway, **{**form, "refresh_token": "x"})):
        assert reply.headers["cache-control"] == "no-store", reply.url
        assert reply.headers["x-content-type-options"] == "nosniff"
    for reply in ours:
        assert reply.headers["referrer-policy"] == "no-referrer"


def test_a_page_of_anywhere_may_ask_but_sends_no_cookie_along(anybody):
    for path in ("/oauth/token", "/oauth/register", "/oauth/revoke", "/.well-known/oauth-authorization-server"):
        headers = {"origin": "https://inspector.example", "access-control-request-method": "POST"}
        preflight = anybody.options(path, headers=headers)
        assert preflight.headers["access-control-allow-origin"] == "*"
        assert "access-control-allow-credentials" not in preflight.headers


FORGED = {
    "alg none": lambda claims, key: jwt.encode(claims, None, algorithm="none", headers={"kid": "k"}),
    "HS256": lambda claims, key: jwt.encode(claims, "secret" * 10, algorithm="HS256", headers={"kid": "k"}),
    "a key of its own": lambda claims, key: jwt.encode(claims, key, algorithm="RS256", headers={"kid": "k"}),
    "a path for a kid": lambda claims, key: jwt.encode(
        claims, key, algorithm="RS256", headers={"kid": "../../dev/null"}
    ),
    "keys of its own place": lambda claims, key: jwt.encode(
        claims, key, algorithm="RS256", headers={"kid": "k", "jku": "https://evil.example/jwks.json"}
    ),
}


@pytest.mark.parametrize("how", FORGED)
def test_a_forged_token_opens_nothing(gateway, cognito, browser, how):
    _, tokens = tokens_of(gateway, cognito, browser, f"forged-{list(FORGED).index(how)}@example.com")
    claims = jwt.decode(tokens["access_token"], options={"verify_signature": False})
    real = jwt.get_unverified_header(tokens["access_token"])["kid"]
    key = rsa.generate_private_key(65537, 2048)
    for forged in (FORGED[how](claims, key), FORGED[how](claims, key).replace("k", real)):
        with gateway.http(forged) as http:
            assert http.post("/mcp", json=LIST).status_code == 401


def test_no_token_of_this_pool_but_the_flows_own_is_taken_for_one(gateway, cognito, browser):
    """Neither what Cognito gives to another app client, nor a refresh token, nor a client id, nor a code."""
    client_id, tokens = tokens_of(gateway, cognito, browser, "kinds@example.com")
    cli = gateway.user("kinds-cli@example.com")
    other = cognito.idp.create_user_pool_client(
        **cognito.pool, ClientName="a stranger", ExplicitAuthFlows=["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    )["UserPoolClient"]["ClientId"]
    cognito.sign_in(cli)
    strange = cognito.idp.admin_initiate_auth(
        **cognito.pool,
        ClientId=other,
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": cli, "PASSWORD": PASSWORD},
    )["AuthenticationResult"]
    cognito.idp.delete_user_pool_client(**cognito.pool, ClientId=other)
    for wrong in (strange["IdToken"], strange["AccessToken"], tokens["refresh_token"], client_id):
        with gateway.http(wrong) as http:
            assert http.post("/mcp", json=LIST).status_code == 401
            refused = token(gateway, grant_type="refresh_token", client_id=client_id, refresh_token=wrong)
            if wrong != tokens["refresh_token"]:
                assert refused.json()["error"] == "invalid_grant"


def test_a_refusal_says_which_scope_opens_the_endpoint(gateway, anybody):
    challenge = anybody.post("/mcp", json=LIST).headers["www-authenticate"]
    assert challenge.startswith(f'Bearer resource_metadata="{gateway.base_url}/.well-known/')
    assert challenge.endswith(', scope="pennyworth/mcp"')


def test_a_token_at_a_route_that_is_not_its_own_is_told_that_its_scope_does_not_reach(gateway, cognito, browser):
    _, tokens = tokens_of(gateway, cognito, browser, "reach@example.com")
    with gateway.http(tokens["access_token"]) as http:
        refused = http.get("/models")
    assert (refused.status_code, refused.headers["www-authenticate"]) == (403, 'Bearer error="insufficient_scope"')


def revoke(gateway, **form):
    with httpx.Client(timeout=20, trust_env=False) as http:
        return http.post(f"{gateway.base_url}/oauth/revoke", data=form)


def test_a_client_that_signs_out_ends_its_refresh_token(gateway, cognito, browser):
    client_id, tokens = tokens_of(gateway, cognito, browser, "leaves@example.com")
    held, other = tokens["refresh_token"], register(gateway, name="Another")
    refresh = {"grant_type": "refresh_token", "client_id": client_id, "refresh_token": held}
    # What is not this client's is as good as revoked (RFC 7009, section 2.2), and nothing happens to anybody's.
    for form in (
        {"client_id": other, "token": held},
        {"client_id": client_id, "token": held[:-1] + ("A" if held[-1] != "A" else "Q")},
        {"client_id": client_id, "token": held.rpartition(".")[0]},
        {"client_id": client_id, "token": "x"},
    ):
        assert revoke(gateway, **form).status_code == 200
    assert token(gateway, **refresh).status_code == 200
    for _ in range(2):
        done = revoke(gateway, client_id=client_id, token=held, token_type_hint="refresh_token")
        assert (done.status_code, done.headers["cache-control"]) == (200, "no-store")
    ended = token(gateway, **refresh)
    assert (ended.status_code, ended.json()["error"]) == (400, "invalid_grant")


def test_what_cannot_be_revoked_is_said(gateway, cognito, browser):
    client_id, tokens = tokens_of(gateway, cognito, browser, "stays@example.com")
    access = tokens["access_token"]
    for form, status, error in (
        ({"client_id": client_id, "token": access}, 400, "unsupported_token_type"),
        ({"client_id": client_id, "token": access, "token_type_hint": "refresh_token"}, 400, "unsupported_token_type"),
        ({"client_id": client_id}, 400, "invalid_request"),
        ({"client_id": "x", "token": tokens["refresh_token"]}, 401, "invalid_client"),
        ({"token": tokens["refresh_token"]}, 401, "invalid_client"),
    ):
        refused = revoke(gateway, **form)
        assert (refused.status_code, refused.json()["error"]) == (status, error), form
    with gateway.http(access) as http:
        assert http.post("/mcp", json=LIST).status_code == 200


def test_the_metadata_name_what_there_is(gateway, anybody):
    metadata = anybody.get("/.well-known/oauth-authorization-server").json()
    assert metadata["revocation_endpoint"] == f"{gateway.base_url}/oauth/revoke"
    assert metadata["revocation_endpoint_auth_methods_supported"] == ["none"]
    assert metadata["authorization_response_iss_parameter_supported"] is True
    assert metadata["request_uri_parameter_supported"] is False
    for name in ("authorization", "token", "registration", "revocation"):
        path = metadata[f"{name}_endpoint"].removeprefix(gateway.base_url)
        assert anybody.request("DELETE", path).status_code == 405, path


@pytest.mark.parametrize(
    "header",
    [{"x-forwarded-proto": "javascript"}, {"x-forwarded-proto": "https"}, {"x-forwarded-host": "evil.example"}],
)
def test_the_issuer_is_not_for_the_caller_to_choose(gateway, anybody, header):
    for path in ("oauth-authorization-server", "openid-configuration"):
        assert anybody.get(f"/.well-known/{path}", headers=header).json()["issuer"] == gateway.base_url


def test_nothing_of_a_sign_in_is_in_a_log(gateway, cognito, browser):
    """Codes of ours and of Cognito's, cookies, sealed pages, tokens: of what works and of what is refused."""
    surfer, urls, bodies, cookies = browser(person(gateway, cognito, "silent@example.com")), [], [], []
    surfer.http.event_hooks["request"].append(
        lambda request: (urls.append(str(request.url)), bodies.append(request.read()))
    )
    surfer.http.event_hooks["response"].append(lambda reply: cookies.extend(reply.headers.get_list("set-cookie")))
    client_id = register(gateway)
    said = answer(surfer.open(address(gateway, client_id, state="a-state-to-look-for")))
    tokens = token(gateway, **code_for(gateway, client_id, code=said["code"])).raise_for_status().json()
    token(gateway, **code_for(gateway, client_id, code=said["code"]))
    revoke(gateway, client_id=client_id, token=tokens["refresh_token"])
    revoke(gateway, client_id=client_id, token=tokens["access_token"])
    surfer.http.get(next(each for each in urls if "/oauth/callback" in each))
    challenge = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")
    cognitos = {answer(each)["code"] for each in urls if "/oauth/callback" in each}
    sealed = {found for each in bodies for found in re.findall(rb"request=([^&]+)", each)}
    planted = {each.partition("=")[2].partition(";")[0] for each in cookies} - {""}
    secrets = {
        said["code"],
        tokens["access_token"],
        tokens["refresh_token"],
        VERIFIER,
        challenge,
        "a-state-to-look-for",
    }
    ends_at = time.monotonic() + 10
    while (log := (gateway.folder / "log").read_text(errors="replace")).count("/oauth/revoke") < 2:
        assert time.monotonic() < ends_at, "the log's last lines have not come"
        time.sleep(0.05)
    assert len(cognitos) == 1
    assert sealed
    for secret in secrets | cognitos | planted | {each.decode() for each in sealed}:
        assert secret not in log, secret[:12]
