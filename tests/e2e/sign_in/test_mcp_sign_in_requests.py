"""What a hostile client, page or person asks of the sign-in of MCP clients, through the whole local system."""

import json
import re
import time
from urllib.parse import parse_qs, quote, urlsplit

import httpx
import pytest

from tests.e2e.mcp_sign_in import (
    REDIRECT,
    address,
    answer,
    code_for,
    person,
    register,
    token,
)


def test_what_a_registration_says_of_itself_is_data(anybody):
    hostile = {
        "redirect_uris": [REDIRECT],
        "client_uri": "javascript:alert(1)",
        "logo_uri": "http://169.254.169.254/latest/meta-data/",
        "jwks_uri": "http://127.0.0.1:4566/",
        "software_statement": "a.b.c",
        "token_endpoint_auth_method": "client_secret_basic",
        "grant_types": ["client_credentials", "password"],
        "response_types": ["token"],
        "scope": "openid aws.cognito.signin.user.admin",
        "client_id": "mine",
        "client_secret": "mine",
        "__proto__": {"admin": True},
    }
    made = anybody.post("/oauth/register", json=hostile)
    assert made.status_code == 201
    assert set(made.json()) == {
        *("client_id", "client_name", "redirect_uris", "grant_types", "response_types", "token_endpoint_auth_method")
    }
    assert made.json()["grant_types"] == ["authorization_code", "refresh_token"]
    assert made.json()["token_endpoint_auth_method"] == "none"
    assert made.json()["client_id"] != "mine"


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("Half \ud800 of a letter", "Half of a letter"),
        ("Claude\u202e)dekcehc(", "Claude)dekcehc("),
        ("\u2066a\u2069\u200b\u200d\ufeffb", "ab"),
        ("one\r\nSet-Cookie: a=b\x00\x1b[2J", "one Set-Cookie: a=b[2J"),
        ("x" * 10_000, "x" * 60),
        (["a", "list"], ""),
        (7, ""),
    ],
)
def test_a_name_is_a_short_line_that_changes_nothing_around_it(gateway, anybody, said, shown):
    made = anybody.post("/oauth/register", content=json.dumps({"redirect_uris": [REDIRECT], "client_name": said}))
    assert (made.status_code, made.json().get("client_name")) == (201, shown)
    assert anybody.get(address(gateway, made.json()["client_id"])).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"[" * 100_000,
        b'{"redirect_uris":' + b"[" * 50_000,
        b"1" * 10_000,
        b"\xef\xbb\xbf{}",
        b"\xff\xfe",
        b"{}",
    ],
)
def test_a_registration_that_is_none_is_a_plain_error(anybody, body):
    refused = anybody.post("/oauth/register", content=body)
    assert refused.status_code == 400
    assert refused.json()["error"] in ("invalid_client_metadata", "invalid_redirect_uri")


def test_a_huge_registration_leaves_nothing_behind(anybody):
    document = {"redirect_uris": [REDIRECT], "contacts": ["x" * 1000] * 5000}
    assert len(anybody.post("/oauth/register", json=document).json()["client_id"]) < 1500
    many = [f"http://127.0.0.1:{port}/" for port in range(1, 12)]
    assert anybody.post("/oauth/register", json={"redirect_uris": many}).status_code == 400


@pytest.mark.parametrize(
    "changed", ["{0}!.{1}", "{0}=.{1}", "\n{0}.{1}", " {0}.{1}", "{0}.{1}=", "{0}.{1} ", "{0}..{1}"]
)
def test_a_client_id_is_written_in_one_way(gateway, anybody, changed):
    sealed, _, mac = register(gateway).partition(".")
    assert anybody.get(address(gateway, changed.format(sealed, mac))).status_code == 400


ASKED = {
    "response_type of the implicit flow": ({"response_type": "token"}, "unsupported_response_type"),
    "response_type of both": ({"response_type": "code token"}, "unsupported_response_type"),
    "response_type in capitals": ({"response_type": "CODE"}, "unsupported_response_type"),
    "response_mode fragment": ({"response_mode": "fragment"}, "invalid_request"),
    "response_mode form_post": ({"response_mode": "form_post"}, "invalid_request"),
    "a request object": ({"request": "a.b.c"}, "request_not_supported"),
    "a request behind a URI": ({"request_uri": "https://evil.example/"}, "request_uri_not_supported"),
    "nobody asked": ({"prompt": "none"}, "interaction_required"),
    "no challenge": ({"code_challenge": None}, "invalid_request"),
    "an empty challenge": ({"code_challenge": ""}, "invalid_request"),
    "a short challenge": ({"code_challenge": "A" * 42}, "invalid_request"),
    "a long challenge": ({"code_challenge": "A" * 44}, "invalid_request"),
    "a padded challenge": ({"code_challenge": "A" * 42 + "="}, "invalid_request"),
    "a challenge with a line break": ({"code_challenge": "A" * 43 + "\n"}, "invalid_request"),
    "method plain": ({"code_challenge_method": "plain"}, "invalid_request"),
    "method s256": ({"code_challenge_method": "s256"}, "invalid_request"),
    "no method": ({"code_challenge_method": None}, "invalid_request"),
    "a long state": ({"state": "s" * 1025}, "invalid_request"),
    "another resource": ({"resource": "https://evil.example/mcp"}, "invalid_target"),
    "a resource that begins alike": ({"resource": "{base}/mcpx"}, "invalid_target"),
    "a resource above": ({"resource": "{base}"}, "invalid_target"),
    "a resource beside": ({"resource": "{base}/mcp/../models"}, "invalid_target"),
    "a resource with a fragment": ({"resource": "{base}/mcp#a"}, "invalid_target"),
    "a resource of two segments": ({"resource": "{base}/mcp/a/b"}, "invalid_target"),
    "a resource that is no URI": ({"resource": "mcp"}, "invalid_target"),
    "a resource at another scheme": ({"resource": "ftp://{host}/v1/mcp"}, "invalid_target"),
}


@pytest.mark.parametrize("how", ASKED)
def test_what_is_asked_wrongly_goes_back_to_the_client_with_its_state_and_who_says_so(gateway, anybody, how):
    changes, error = ASKED[how]
    parts = {"base": gateway.base_url, "host": urlsplit(gateway.base_url).netloc}
    changes = {name: value and value.format(**parts) for name, value in changes.items()}
    reply = anybody.get(address(gateway, register(gateway), **changes))
    assert (reply.status_code, reply.headers["location"].split("?")[0]) == (303, REDIRECT)
    said = answer(reply.headers["location"])
    assert (said["error"], said["iss"]) == (error, gateway.base_url)
    assert said["state"] == changes.get("state", "of the client")
    assert "code" not in said


@pytest.mark.parametrize(
    "resource", ["{base}/mcp", "{base}/mcp/", "{base}/mcp/docs", "{base}/mcp?toolset=a,b", "{upper}/mcp"]
)
def test_this_server_is_known_by_each_of_its_names(gateway, anybody, resource):
    scheme, host, path = re.fullmatch(r"(\w+)(://[^/]+)(.*)", gateway.base_url).groups()
    resource = resource.format(base=gateway.base_url, upper=f"{scheme.upper()}{host.upper()}{path}")
    assert anybody.get(address(gateway, register(gateway), resource=resource)).status_code == 200


@pytest.mark.parametrize(
    "name", ["client_id", "redirect_uri", "state", "resource", "code_challenge", "response_type", "scope"]
)
def test_a_parameter_that_two_readers_could_read_differently_is_refused_where_nobody_is_told(gateway, anybody, name):
    url = address(gateway, register(gateway), scope="pennyworth/mcp")
    for second in (f"&{name}=x", f"&{name}=", f"&{quote(name).replace('e', '%65')}=x"):
        reply = anybody.get(url + second)
        assert (reply.status_code, "location" in reply.headers) == (400, False), second


@pytest.mark.parametrize(
    "state",
    ["\r\nSet-Cookie: a=b", "%0d%0aLocation: //evil.example", "&code=x&iss=y", "#", "\x00", "\u202e", "a b+c%20d"],
)
def test_a_state_comes_back_letter_by_letter_and_does_nothing(gateway, browser, state):
    reply = browser().open(address(gateway, register(gateway), state=state), answer="no")
    assert {
        name: found for name, [found] in parse_qs(urlsplit(reply).query).items() if name != "error_description"
    } == {**{"error": "access_denied", "state": state, "iss": gateway.base_url}}


@pytest.mark.parametrize(
    "raw", ["state=%ED%A0%80", "state=%ff", "code=%ff&state=%00", "state=" + "a" * 4000, "", "error=x"]
)
def test_whatever_comes_to_the_callback_ends_on_a_page(anybody, raw):
    page = anybody.get(f"/oauth/callback?{raw}")
    assert (page.status_code, "location" in page.headers) == (400, False)
    assert "This sign-in cannot go on" in page.text


def test_a_cookie_that_is_there_twice_counts_as_none(gateway, browser):
    """Planted by who can set cookies beside ours: which of two a browser sends first is not for them to choose."""
    surfer = browser()
    page = surfer.http.get(address(gateway, register(gateway)))
    [(name, value)] = [(each.name, each.value) for each in surfer.http.cookies.jar]
    sealed = re.search(r'name="request" value="([^"]*)"', page.text)[1]
    for cookie in (f"{name}={value}; {name}=x", f"{name}=x; {name}={value}", f"{name}=", f"{name.upper()}={value}", ""):
        with httpx.Client(base_url=gateway.base_url, timeout=20, trust_env=False) as other:
            form = {"request": sealed, "answer": "yes"}
            refused = other.post("/oauth/consent", data=form, headers={"cookie": cookie})
            assert (refused.status_code, "location" in refused.headers) == (400, False), cookie


def test_what_one_step_sealed_opens_no_other(gateway, cognito, browser, anybody):
    """A client id is no page, a page no code, a code no client id, a cookie no code."""
    surfer = browser(person(gateway, cognito, "seals@example.com"))
    client_id = register(gateway)
    page = surfer.http.get(address(gateway, client_id))
    sealed = re.search(r'name="request" value="([^"]*)"', page.text)[1]
    code = answer(surfer.open(address(gateway, client_id)))["code"]
    for wrong in (client_id, code):
        assert (
            surfer.http.post(f"{gateway.base_url}/oauth/consent", data={"request": wrong, "answer": "yes"}).status_code
            == 400
        )
    for wrong in (client_id, sealed):
        assert token(gateway, **code_for(gateway, client_id, code=wrong)).json()["error"] == "invalid_grant"
    for wrong in (sealed, code):
        assert anybody.get(address(gateway, wrong)).status_code == 400
        assert token(gateway, **code_for(gateway, wrong, code=code)).json()["error"] == "invalid_client"


@pytest.mark.parametrize(
    "client_id",
    [
        "https://localhost.localdomain/client.json",
        "https://nobody.invalid/client.json",
        "https://127.0.0.1/client.json",
        "https://[::1]/client.json",
        "https://client.example:8443/client.json",
        "https://client.example/../client.json",
    ],
)
def test_a_client_whose_document_is_inside_or_nowhere_is_nobody(anybody, gateway, client_id):
    began = time.monotonic()
    page = anybody.get(address(gateway, client_id))
    assert (page.status_code, "location" in page.headers) == (400, False)
    assert time.monotonic() - began < 10
    assert anybody.get("/.well-known/oauth-authorization-server").json()["client_id_metadata_document_supported"]


def test_no_document_is_asked_for_where_nobody_is_shown_it(anybody, gateway):
    """At the token endpoint an address is a name and nothing more: what it says was read before a person said yes."""
    began = time.monotonic()
    form = {"grant_type": "refresh_token", "client_id": "https://nobody.invalid/client.json", "refresh_token": "x.y"}
    refused = anybody.post("/oauth/token", data=form)
    assert (refused.status_code, refused.json()["error"]) == (400, "invalid_grant")
    assert anybody.post("/oauth/revoke", data={**form, "token": "x.y"}).status_code == 200
    assert time.monotonic() - began < 2.5
