"""An MCP client that knows nothing but the address: the official SDK's OAuth flow, with a person in a browser."""

import asyncio
import json
import re
import secrets
from base64 import urlsafe_b64encode

import httpx
import pytest

from tests.e2e.mcp_sign_in import (
    REDIRECT,
    VERIFIER,
    Storage,
    address,
    answer,
    code_for,
    listed,
    person,
    provider,
    register,
    token,
)
from tests.e2e.people import PASSWORD


def test_a_client_signs_a_person_in_and_calls_tools(gateway, cognito, browser):
    storage = Storage()
    surfer = browser(person(gateway, cognito, "olga.mcp@example.com"))
    auth = provider(gateway, surfer, storage)

    async def an_hour():
        first = await listed(gateway, auth)
        before, seen = storage.tokens, list(surfer.seen)
        surfer.seen.clear()
        auth.context.token_expiry_time = 1  # the SDK fetches another token; nobody is asked
        return first, await listed(gateway, auth), before, seen

    first, second, before, seen = asyncio.run(an_hour())
    for tools, called in (first, second):
        assert {"chat", "list_models"} <= tools
        assert not called.is_error
    assert any(path.endswith("/oauth/authorize") for path in seen)
    assert any(path.endswith("/login") for path in seen)
    assert before.scope == "pennyworth/mcp"
    assert storage.tokens.access_token != before.access_token
    assert storage.tokens.refresh_token == before.refresh_token
    assert surfer.seen == []


@pytest.fixture(scope="module")
def signed_in(gateway, cognito, browser):
    """(client id, tokens) of a person who has signed in."""
    client_id = register(gateway)
    said = answer(browser(person(gateway, cognito, "nils@example.com")).open(address(gateway, client_id)))
    assert (said["state"], said["iss"]) == ("of the client", gateway.base_url)
    return client_id, token(gateway, **code_for(gateway, client_id, code=said["code"])).raise_for_status().json()


def test_a_token_of_the_flow_opens_the_mcp_endpoint_alone(gateway, cognito, signed_in):
    _, tokens = signed_in
    assert set(tokens) == {"access_token", "token_type", "expires_in", "refresh_token", "scope"}
    with gateway.http(tokens["access_token"]) as http:
        call = {"jsonrpc": "2.0", "id": 1, "method": "tools/list"}
        assert http.post("/mcp", json=call).json()["result"]["tools"]
        for method, path in (
            *(("GET", "/models"), ("POST", "/chat/completions"), ("POST", "/messages"), ("GET", "/files")),
        ):
            refused = http.request(method, path, json={} if method == "POST" else None)
            assert (refused.status_code, refused.json()["error"]["code"]) == (403, "access_denied"), path
        for path in ("/me", "/organization/users"):
            assert http.get(path).status_code == 401, path
    with pytest.raises(cognito.idp.exceptions.NotAuthorizedException):
        cognito.idp.get_user(AccessToken=tokens["access_token"])


def test_a_refresh_token_is_no_use_at_cognito_itself(gateway, cognito, signed_in):
    _, tokens = signed_in
    upstream = tokens["refresh_token"].rpartition(".")[0]
    clients = cognito.idp.list_user_pool_clients(**cognito.pool, MaxResults=60)["UserPoolClients"]
    [mcp] = [each["ClientId"] for each in clients if each["ClientName"].endswith("-mcp")]
    for client_id in (mcp, cognito.facts["client_id"]):
        with pytest.raises(cognito.idp.exceptions.NotAuthorizedException):
            cognito.idp.initiate_auth(
                ClientId=client_id, AuthFlow="REFRESH_TOKEN_AUTH", AuthParameters={"REFRESH_TOKEN": upstream}
            )


def test_a_refresh_token_is_its_clients_alone(gateway, signed_in):
    client_id, tokens = signed_in
    other, held = register(gateway, name="Another"), tokens["refresh_token"]
    for form in (
        {"client_id": other, "refresh_token": held},
        {"client_id": client_id, "refresh_token": held.rpartition(".")[0]},
        {"client_id": client_id, "refresh_token": held[:-1] + ("A" if held[-1] != "A" else "Q")},
        {"client_id": client_id},
    ):
        refused = token(gateway, grant_type="refresh_token", **form)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), form
    again = token(gateway, grant_type="refresh_token", client_id=client_id, refresh_token=held)
    assert again.raise_for_status().json()["access_token"]


def test_who_says_no_is_not_signed_in(gateway, browser):
    surfer = browser("nobody@example.com")
    said = answer(surfer.open(address(gateway, register(gateway)), answer="no"))
    assert (said["error"], said["state"], said["iss"]) == ("access_denied", "of the client", gateway.base_url)
    assert not any("login" in path for path in surfer.seen)


@pytest.mark.parametrize(
    "uri",
    [
        "https://evil.example/callback",
        "http://evil.example/callback",
        "http://127.0.0.1@evil.example/callback",
        "http://127.0.0.1:80@evil.example/",
        "http://127.0.0.1.evil.example/",
        "http://localhost.evil.example/",
        "http://localhost\\@evil.example/",
        "http://127.0.0.1:8080\\.evil.example/",
        "http://127.0.0.1/#fragment",
        "http://127.0.0.1/\r\nSet-Cookie: a=b",
        "https://127.0.0.1/callback",
        "https://claude.ai/api/mcp/auth_callback/../../evil",
        "https://claude.ai.evil.example/api/mcp/auth_callback",
        "https://vscode.dev/redirect?url=https://evil.example",
        "javascript:alert(1)//http://127.0.0.1/",
        "data:text/html,http://127.0.0.1/",
        "//127.0.0.1/callback",
    ],
)
def test_a_code_goes_to_this_machine_or_to_a_listed_address_only(gateway, browser, uri):
    with gateway.http() as http:
        refused = http.post("/oauth/register", json={"redirect_uris": [uri]})
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_redirect_uri")
        assert "Allowed are http://127.0.0.1" in refused.json()["error_description"]
    page = browser("x@example.com").http.get(address(gateway, register(gateway), uri))
    assert page.status_code == 400
    assert "location" not in page.headers
    assert "This sign-in cannot go on" in page.text


def test_a_registration_keeps_what_is_allowed_of_it(gateway):
    listed = "https://claude.ai/api/mcp/auth_callback"
    with gateway.http() as http:
        body = {"redirect_uris": ["https://evil.example/", listed, REDIRECT, REDIRECT], "client_name": "Two\n  lines"}
        made = http.post("/oauth/register", json=body)
        assert made.status_code == 201
        assert made.json()["redirect_uris"] == [listed, REDIRECT]
        assert made.json()["client_name"] == "Two lines"
        assert "client_secret" not in made.json()
        for bad in ([], {"redirect_uris": "http://127.0.0.1/"}, {"redirect_uris": []}, {"redirect_uris": [1]}, {}):
            assert http.post("/oauth/register", json=bad).status_code == 400, bad
        assert (
            http.post("/oauth/register", content=b"{", headers={"content-type": "application/json"}).status_code == 400
        )
        long = {"redirect_uris": [f"http://127.0.0.1/{'a' * 2000}"]}
        assert http.post("/oauth/register", json=long).json()["error"] == "invalid_redirect_uri"


def test_the_port_of_this_machine_is_free_and_nothing_else_is(gateway, browser):
    client_id = register(gateway, "http://127.0.0.1/callback")
    surfer = browser("x@example.com")
    assert surfer.http.get(address(gateway, client_id, "http://127.0.0.1:61234/callback")).status_code == 200
    for other in ("http://localhost:61234/callback", "http://127.0.0.1:61234/other", "http://127.0.0.1/callback?a=b"):
        assert surfer.http.get(address(gateway, client_id, other)).status_code == 400, other


@pytest.mark.parametrize(
    ("changes", "error"),
    [
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": None}, "unsupported_response_type"),
        ({"code_challenge": None}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": None}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"resource": "https://other.example/mcp"}, "invalid_target"),
        ({"state": "s" * 2000}, "invalid_request"),
    ],
)
def test_what_a_client_asks_wrongly_it_is_told(gateway, browser, changes, error):
    reply = browser("x@example.com").http.get(address(gateway, register(gateway), **changes))
    assert (reply.status_code, reply.headers["location"].split("?")[0]) == (303, REDIRECT)
    assert answer(reply.headers["location"])["error"] == error


def test_a_parameter_sent_twice_is_refused(gateway, browser):
    twice = address(gateway, register(gateway)) + "&redirect_uri=https://evil.example/"
    assert browser("x@example.com").http.get(twice).status_code == 400


def test_an_unknown_client_is_told_to_register_again(gateway, browser):
    client_id = register(gateway)
    sealed, _, mac = client_id.partition(".")
    forged = urlsafe_b64encode(json.dumps({"name": "x", "uris": ["https://evil.example/"]}).encode()).decode()
    for made_up in ("abc", "", f"{forged}.{mac}", f"{sealed}.", sealed):
        assert browser("x@example.com").http.get(address(gateway, made_up)).status_code == 400
        refused = token(gateway, **code_for(gateway, made_up, code="x"))
        assert (refused.status_code, refused.json()["error"]) == (401, "invalid_client")


def test_the_page_shows_what_a_client_calls_itself_and_runs_nothing_of_it(gateway, browser):
    client_id = register(gateway, name="<script>alert(1)</script>\"'>")
    page = browser("x@example.com").http.get(address(gateway, client_id))
    assert "<script" not in page.text
    assert "&lt;script&gt;" in page.text
    assert "this computer (127.0.0.1:45999)" in page.text
    policy = page.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert page.headers["x-frame-options"] == "DENY"
    assert page.headers["cache-control"] == "no-store"
    [kept] = page.headers.get_list("set-cookie")
    assert "HttpOnly" in kept
    assert "SameSite=Lax" in kept


def test_no_other_page_says_yes_in_a_persons_name(gateway, browser):
    """An attacker fetches the consent page and has the victim's browser send its form."""
    attacker, victim = browser("eve.mcp@example.com"), browser("victim@example.com")
    page = attacker.http.get(address(gateway, register(gateway)))
    refused = victim.submit(page, answer="yes")
    assert (refused.status_code, "location" in refused.headers) == (400, False)
    assert "another browser" in refused.text


def test_a_sign_in_begun_by_another_ends_nowhere(gateway, cognito, browser):
    """An attacker says yes for a client of theirs, and sends the victim, who is signed in at Cognito, the address that
    follows."""
    attacker = browser("eve.mcp@example.com")
    victim = browser(person(gateway, cognito, "vera.mcp@example.com"))
    client_id = register(gateway)
    assert "code" in answer(victim.open(address(gateway, client_id)))  # from now on Cognito asks her for no password
    page = attacker.http.get(address(gateway, client_id))
    to_cognito = attacker.submit(page, answer="yes").headers["location"]
    assert "/oauth2/authorize" in to_cognito
    stopped = victim.open(to_cognito)
    assert (stopped.status_code, "No sign-in was begun in this browser" in stopped.text) == (400, True)
    assert stopped.url.path == "/v1/oauth/callback"


def test_a_callback_works_once(gateway, cognito, browser):
    surfer = browser(person(gateway, cognito, "once@example.com"))
    callbacks = []
    surfer.http.event_hooks["request"].append(
        lambda request: callbacks.append(request.url) if request.url.path.endswith("/callback") else None
    )
    surfer.open(address(gateway, register(gateway)))
    [url] = callbacks
    assert surfer.http.get(url).status_code == 400


def test_a_code_is_good_for_its_client_its_address_and_its_verifier_once(gateway, cognito, browser):
    surfer = browser(person(gateway, cognito, "code@example.com"))
    client_id, other = register(gateway), register(gateway, name="Another")
    code = answer(surfer.open(address(gateway, client_id)))["code"]
    injected = answer(surfer.open(address(gateway, other)))["code"]
    for form in (
        code_for(gateway, other, code=code),
        code_for(gateway, client_id, code=injected),
        code_for(gateway, client_id, code=code, redirect_uri="http://127.0.0.1:1/callback"),
        code_for(gateway, client_id, code=code, code_verifier=secrets.token_urlsafe(48)),
        code_for(gateway, client_id, code=code, code_verifier=""),
        code_for(gateway, client_id, code=code[:-1] + ("A" if code[-1] != "A" else "B")),
        code_for(gateway, client_id, code=""),
    ):
        refused = token(gateway, **form)
        assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant"), form
    target = token(gateway, **code_for(gateway, client_id, code=code, resource="https://other.example/mcp"))
    assert target.json()["error"] == "invalid_target"
    assert token(gateway, **code_for(gateway, client_id, code=code)).status_code == 200
    replayed = token(gateway, **code_for(gateway, client_id, code=code))
    assert (replayed.status_code, replayed.json()["error"]) == (400, "invalid_grant")


def test_the_token_endpoint_names_what_it_does_not_know(gateway):
    refused = token(gateway, grant_type="password", client_id=register(gateway), username="a", password="b")
    assert (refused.status_code, refused.json()["error"]) == (400, "unsupported_grant_type")


def test_who_is_disabled_gets_no_further(gateway, cognito, browser):
    email = person(gateway, cognito, "gone.mcp@example.com")
    surfer, client_id = browser(email), register(gateway)
    code = answer(surfer.open(address(gateway, client_id)))["code"]
    tokens = token(gateway, **code_for(gateway, client_id, code=code)).raise_for_status().json()
    cognito.idp.admin_disable_user(**cognito.pool, Username=email)
    with gateway.http(tokens["access_token"]) as http:
        refused = http.post("/mcp", json={"jsonrpc": "2.0", "id": 1, "method": "tools/list"})
        assert refused.status_code == 403
    again = token(gateway, grant_type="refresh_token", client_id=client_id, refresh_token=tokens["refresh_token"])
    assert (again.status_code, again.json()["error"]) == (400, "invalid_grant")


def test_discovery_names_one_issuer_everywhere(gateway):
    with httpx.Client(timeout=20, trust_env=False) as http:
        refused = http.post(gateway.mcp_url, json={})
        assert refused.status_code == 401
        where = re.search('resource_metadata="([^"]+)"', refused.headers["www-authenticate"])[1]
        resource = http.get(where).json()
        assert resource["resource"] == gateway.mcp_url
        [issuer] = resource["authorization_servers"]
        documents = [
            http.get(f"{issuer}/.well-known/{name}").raise_for_status().json()
            for name in ("oauth-authorization-server", "openid-configuration")
        ]
    assert documents[0] == documents[1]
    assert documents[0]["issuer"] == issuer == gateway.base_url
    assert documents[0]["code_challenge_methods_supported"] == ["S256"]
    assert documents[0]["token_endpoint_auth_methods_supported"] == ["none"]


def test_no_code_and_no_token_is_in_a_log(gateway, cognito, browser, signed_in):
    surfer, client_id = browser(person(gateway, cognito, "quiet@example.com")), register(gateway)
    code = answer(surfer.open(address(gateway, client_id)))["code"]
    tokens = token(gateway, **code_for(gateway, client_id, code=code)).raise_for_status().json()
    token(gateway, **code_for(gateway, client_id, code=code))  # refused
    log = (gateway.folder / "log").read_text(errors="replace")
    assert "/oauth/token" in log
    for secret in (code, tokens["access_token"], tokens["refresh_token"], VERIFIER, "of the client", PASSWORD):
        assert secret not in log, secret[:8]
