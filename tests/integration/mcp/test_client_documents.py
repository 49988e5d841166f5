"""Clients that are described at an address of their own: over real TLS, through the guard of upstream servers."""

import socket
import ssl
import time
from collections.abc import Iterator
from pathlib import Path
from threading import Event
from typing import Any

import pytest

from services.mcp.oauth import flow
from services.mcp.oauth.clients import is_address
from services.mcp.oauth.documents import Documents
from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.seal import Seal
from services.mcp.upstream.web import Web
from tests.certificate import certificate as certificate_of
from tests.mcp_upstreams import Exchange, Scripted, scripted

ADDRESS = "https://client.example/oauth/client.json"
LOCAL = "http://127.0.0.1:51000/callback"
RESOURCE = "https://llm.example/v1/mcp"
CALLBACK = "https://llm.example/v1/oauth/callback"
VERIFIER = "v" * 43
DOCUMENT = {
    "client_id": ADDRESS,
    "client_name": "An editor",
    "client_uri": "https://client.example",
    "redirect_uris": ["http://127.0.0.1/callback", "http://localhost/callback", "https://client.example/callback"],
    "grant_types": ["authorization_code", "refresh_token"],
    "response_types": ["code"],
    "token_endpoint_auth_method": "none",
    "application_type": "native",
}


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of(tmp_path_factory.mktemp("tls") / "client.pem", "client.example")


@pytest.fixture
def host(certificate: Path) -> Iterator[Scripted]:
    """Of client.example; `respond` may be replaced."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    with scripted(lambda exchange: exchange.answer(200, DOCUMENT), context) as system:
        yield system


@pytest.fixture
def documents(host: Scripted, certificate: Path) -> Documents:
    """Of the internet, which is this machine here: at another port than 443, and a public address all the same."""
    port = int(host.url.split(":")[2].split("/")[0])

    class Internet(Web):
        def request(self, method: str, url: str, *rest: Any, **how: Any) -> Any:
            return super().request(method, url.replace("client.example", f"client.example:{port}", 1), *rest, **how)

    def web() -> Web:
        trusted = {"AWS_CA_BUNDLE": f"{certificate}.crt"}
        return Internet("there", lookup=lambda _: ["127.0.0.1"], is_public=lambda _: True, environ=trusted)

    return Documents(web, clock=lambda: now[0])


now = [1000.0]


def test_a_client_is_who_its_document_says(documents, host):
    client = documents.client(ADDRESS)
    assert (client.id, client.name, client.host) == (ADDRESS, "An editor", "client.example")
    [request] = host.seen
    assert (request.method, request.path) == ("GET", "/oauth/client.json")
    assert not {"authorization", "cookie", "x-amz-security-token", "referer"} & request.headers.keys()


def test_what_it_says_widens_nothing(documents):
    """A code goes to the person's own machine or to a listed address, whatever else a document names."""
    client = documents.client(ADDRESS)
    assert client.may_use(LOCAL, ())
    assert client.may_use("http://localhost:1/callback", ())
    assert not client.may_use("https://client.example/callback", ())
    assert client.may_use("https://client.example/callback", ("https://client.example/callback",))
    assert not client.may_use("https://listed.example/", ("https://listed.example/",))
    assert not client.may_use("http://127.0.0.1:51000/other", ())


@pytest.mark.parametrize(
    "address",
    [
        "http://client.example/a",
        "HTTPS://client.example/a",
        "https://CLIENT.example/a",
        "https://client.example",
        "https://client.example/",
        "https://client.example/a/",
        "https://client.example/a?b",
        "https://client.example/a#b",
        "https://client.example/./a",
        "https://client.example/../a",
        "https://client.example/a/..",
        "https://client.example/%2e%2e/a",
        "https://client.example//a",
        "https://client.example:443/a",
        "https://client.example:8443/a",
        "https://user@client.example/a",
        "https://user:secret@client.example/a",
        "https://client.example\\@evil.example/a",
        "https://client.example./a",
        "https://localhost/a",
        "https://127.0.0.1/a",
        "https://2130706433/a",
        "https://0x7f.0.0.1/a",
        "https://[::1]/a",
        "https://[fd00:ec2::254]/latest",
        "https://cli\u0435nt.example/a",
        "https://client.example/a b",
        "https://client.example/a\n",
        " https://client.example/a",
        "https://" + "a." * 800 + "example/a",
        "https://-client.example/a",
        "file:///etc/passwd",
    ],
)
def test_what_two_parsers_could_read_differently_is_no_address(address):
    assert not is_address(address)


@pytest.mark.parametrize(
    "address",
    [
        "https://claude.ai/oauth/claude-code-client-metadata",
        "https://vscode.dev/oauth/client-metadata.json",
        "https://chatgpt.com/oauth/codex/client.json",
        "https://opencode.ai/oauth/opencode/client.json",
        "https://client.example/.well-known/client.json",
    ],
)
def test_an_address_as_clients_of_today_have_it_is_one(address):
    assert is_address(address)


def without(name: str) -> dict[str, Any]:
    return {each: value for each, value in DOCUMENT.items() if each != name}


DOCUMENTS = {
    "another's": ({**DOCUMENT, "client_id": "https://client.example/oauth/other.json"}, "letter by letter"),
    "another case": ({**DOCUMENT, "client_id": ADDRESS.upper()}, "letter by letter"),
    "no id": (without("client_id"), "letter by letter"),
    "no name": (without("client_name"), "client_name"),
    "a name of no shape": ({**DOCUMENT, "client_name": "\u202e\u200b"}, "client_name"),
    "no addresses": (without("redirect_uris"), "redirect_uris"),
    "an empty list": ({**DOCUMENT, "redirect_uris": []}, "redirect_uris"),
    "too many": ({**DOCUMENT, "redirect_uris": [LOCAL] * 21}, "redirect_uris"),
    "a long one": ({**DOCUMENT, "redirect_uris": ["http://127.0.0.1/" + "a" * 500]}, "redirect_uris"),
    "no texts": ({**DOCUMENT, "redirect_uris": [7]}, "redirect_uris"),
    "one text": ({**DOCUMENT, "redirect_uris": LOCAL}, "redirect_uris"),
    "a secret": ({**DOCUMENT, "client_secret": "s"}, "client_secret"),
    "a client with a key": ({**DOCUMENT, "token_endpoint_auth_method": "private_key_jwt"}, "must be 'none'"),
    "a list": ([DOCUMENT], "not a JSON object"),
    "half of it": (b'{"client_id": "', "not JSON"),
    "deep": (b"[" * 9000, "not JSON"),
    "large": ({**DOCUMENT, "x": "y" * 20_000}, "16 KB"),
}


@pytest.mark.parametrize("what", DOCUMENTS)
def test_a_document_that_cannot_be_used_is_said_why(documents, host, what):
    document, why = DOCUMENTS[what]
    host.respond = lambda exchange: exchange.answer(200, document)
    for _ in range(2):  # what is wrong is not kept
        with pytest.raises(OAuthError, match=why) as raised:
            documents.client(ADDRESS)
        assert (raised.value.code, raised.value.status) == ("invalid_client_metadata", 400)
    assert len(host.seen) == 2


@pytest.mark.parametrize("status", [201, 204, 301, 302, 307, 308, 404, 500])
def test_no_other_answer_counts_and_no_redirect_is_followed(documents, host, status):
    host.respond = lambda exchange: exchange.answer(status, DOCUMENT, location="https://client.example/other")
    with pytest.raises(OAuthError, match=f"answers {status}"):
        documents.client(ADDRESS)
    assert len(host.seen) == 1


@pytest.mark.parametrize("content_type", ["text/html", "text/plain", "application/jsonp", ""])
def test_what_its_host_does_not_call_json_is_none(documents, host, content_type):
    host.respond = lambda exchange: exchange.answer(200, DOCUMENT, content_type=content_type)
    with pytest.raises(OAuthError, match="application/json"):
        documents.client(ADDRESS)


def test_a_host_that_trickles_or_hangs_costs_three_seconds(documents, host):
    let = Event()

    def trickle(exchange: Exchange) -> None:
        exchange.handler.wfile.write(
            b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 900\r\n\r\n"
        )
        while not let.wait(0.05):
            exchange.handler.wfile.write(b" ")

    host.respond, began = trickle, time.monotonic()
    with pytest.raises(OAuthError, match="did not answer in time"):
        documents.client(ADDRESS)
    let.set()
    assert time.monotonic() - began < 5


def test_a_name_server_that_hangs_holds_up_nobody_else():
    let = Event()

    def hangs(host: str) -> list[str]:
        let.wait(30)
        return []

    slow = Documents(lambda: Web("there", lookup=hangs))
    began = time.monotonic()
    with pytest.raises(OAuthError, match="did not answer in time"):
        slow.client("https://slow.example/a")
    let.set()
    assert time.monotonic() - began < 5


@pytest.mark.parametrize(
    "address", ["127.0.0.1", "10.0.0.1", "169.254.169.254", "::1", "fd00:ec2::254", "64:ff9b::a00:1"]
)
def test_a_document_at_an_address_inside_is_not_asked_for(address):
    inside = Documents(lambda: Web("there", lookup=lambda _: ["93.184.215.14", address]))
    with pytest.raises(OAuthError, match="cannot be reached"):
        inside.client(ADDRESS)


def test_a_host_without_a_certificate_of_its_own_is_nobody(host, certificate):
    port = int(host.url.split(":")[2].split("/")[0])
    with socket.create_connection(("127.0.0.1", port), timeout=5):
        pass  # it is there
    untrusted = Documents(lambda: Web("there", lookup=lambda _: ["127.0.0.1"], is_public=lambda _: True))
    with pytest.raises(OAuthError, match="cannot be reached"):
        untrusted.client(ADDRESS)


@pytest.mark.parametrize(
    ("said", "held_s", "gone_s"),
    [
        ("max-age=600", 599, 601),
        ("max-age=1", 59, 61),
        ("max-age=999999999", 3599, 3601),
        ("", 299, 301),
        ("public", 299, 301),
    ],
)
def test_a_document_is_kept_as_long_as_it_says_within_reason(documents, host, said, held_s, gone_s):
    host.respond = lambda exchange: exchange.answer(200, DOCUMENT, **({"cache-control": said} if said else {}))
    documents.client(ADDRESS)
    now[0] += held_s
    documents.client(ADDRESS)
    assert len(host.seen) == 1
    now[0] += gone_s - held_s
    documents.client(ADDRESS)
    assert len(host.seen) == 2


@pytest.mark.parametrize("said", ["no-store", "no-cache, max-age=600", "No-Store"])
def test_a_document_that_is_not_to_be_kept_is_not(documents, host, said):
    host.respond = lambda exchange: exchange.answer(200, DOCUMENT, **{"cache-control": said})
    for asked in (1, 2):
        documents.client(ADDRESS)
        assert len(host.seen) == asked


def test_no_flood_of_addresses_fills_the_memory(documents, host):
    def each(exchange: Exchange) -> None:
        exchange.answer(200, {**DOCUMENT, "client_id": f"https://client.example{exchange.path}"})

    host.respond = each
    for number in range(110):
        documents.client(f"https://client.example/{number}")
    assert len(documents._found) == 100


def test_a_code_and_a_refresh_token_are_the_clients_own(documents):
    """The whole flow of a client without a registration; its document is asked for once, before a person is."""
    seal = Seal("secret")
    query = {
        "response_type": "code",
        "client_id": ADDRESS,
        "redirect_uri": LOCAL,
        "code_challenge": flow.digest(VERIFIER),
        "code_challenge_method": "S256",
        "resource": RESOURCE,
    }
    request = flow.asked(query, (), RESOURCE, documents.client)
    assert (request.name, request.host) == ("An editor", "client.example")
    form = {
        "grant_type": "authorization_code",
        "code": flow.code("cognito's", request, seal),
        "code_verifier": VERIFIER,
        "redirect_uri": LOCAL,
    }
    granted = flow.grant({**form, "client_id": ADDRESS}, CALLBACK, RESOURCE, seal)
    assert granted["code"] == "cognito's"
    given = flow.tokens({"access_token": "a", "expires_in": 1, "refresh_token": "r"}, ADDRESS, seal)
    refresh = {"grant_type": "refresh_token", "refresh_token": given["refresh_token"]}
    assert flow.grant({**refresh, "client_id": ADDRESS}, CALLBACK, RESOURCE, seal)["refresh_token"] == "r"
    assert flow.revocable({"client_id": ADDRESS, "token": given["refresh_token"]}, seal) == "r"
    for other in ("https://client.example/oauth/other.json", "https://evil.example/oauth/client.json"):
        for wrong in (form, refresh):
            with pytest.raises(OAuthError) as raised:
                flow.grant({**wrong, "client_id": other}, CALLBACK, RESOURCE, seal)
            assert raised.value.code == "invalid_grant"
        assert flow.revocable({"client_id": other, "token": given["refresh_token"]}, seal) is None
