"""What the gateway must not give away, and where it must not go."""

import base64
import json
import time
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs

import pytest

from pennyworth.aws.credentials import Credentials
from pennyworth.aws.signature import signed
from services.mcp.headers import passable
from services.mcp.protocol import RpcError
from services.mcp.source import Asked
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.openapi.api import own_base
from tests.certificate import certificate as certificate_of
from tests.mcp_upstreams import Exchange, Scripted, modern, said, scripted

CALLER = {
    "authorization": "Bearer sk-pw-of-the-caller",
    "x-api-key": "sk-pw-of-the-caller",
    "cookie": "session=sk-pw-of-the-caller",
    "x-tenant": "blue",
    "x-note": "my key is sk-pw-of-the-caller",
    "accept-language": "de",
}


def asked(**members: Any) -> Asked:
    return Asked("2026-07-28", {}, time.monotonic() + 10, **members)


def sent(server: Scripted) -> str:
    """Everything that ever reached the server."""
    return json.dumps([[dict(each.headers), each.path, each.body.decode()] for each in server.seen])


@pytest.fixture
def server():
    with scripted(modern()) as system:
        yield system


@pytest.mark.parametrize("passed", [CALLER, passable(CALLER)])
def test_the_callers_token_never_arrives(server, upstream, passed):
    there = upstream(url=server.url, auth={"type": "header"}, forward=["X-Tenant", "X-Note"])
    assert not there.call_tool("echo", {}, asked(headers=passed)).get("isError")
    assert "sk-pw-of-the-caller" not in sent(server)
    headers = server.seen[-1].headers
    assert (headers["authorization"], headers["x-tenant"]) == ("Bearer s3cr3t", "blue")
    assert "accept-language" not in headers  # not declared


def test_a_forwarded_header_does_not_replace_the_gateways_own(server, upstream):
    there = upstream(url=server.url, auth={"type": "header", "header": "X-Tenant"}, forward=["x-tenant"])
    there.call_tool("echo", {}, asked(headers=CALLER))
    assert server.seen[-1].headers["x-tenant"] == "s3cr3t"


@pytest.mark.parametrize(("secret", "header"), [("abcdef", "Bearer abcdef"), ("Basic YTpi", "Basic YTpi")])
def test_a_secret_may_name_its_scheme(server, upstream, secret, header):
    assert upstream(secret=lambda: secret, url=server.url, auth={"type": "header"}).tools()
    assert server.seen[-1].headers["authorization"] == header


def test_a_header_cannot_smuggle_another(server, upstream):
    there = upstream(url=server.url, forward=["x-tenant"])
    there.call_tool("echo", {}, asked(headers={"x-tenant": "a\r\nx-admin: yes"}))
    assert "x-admin" not in server.seen[-1].headers
    assert "x-tenant" not in server.seen[-1].headers


def test_a_server_that_repeats_what_it_was_sent_gives_no_secret_away(server, upstream):
    def echo(exchange: Exchange) -> None:
        exchange.result(said(json.dumps(dict(exchange.headers))))

    server.respond = modern(call=echo)
    result = upstream(url=server.url, auth={"type": "header"}).call_tool("echo", {}, asked())
    assert result["isError"]
    assert "s3cr3t" not in json.dumps(result)
    server.respond = modern(call=lambda exchange: exchange.error(-32603, f"bad {exchange.headers['authorization']}"))
    result = upstream(url=server.url, auth={"type": "header"}).call_tool("echo", {}, asked())
    assert "s3cr3t" not in json.dumps(result)


def test_a_server_that_tells_what_it_was_sent_on_its_way_gives_no_secret_away(server, upstream):
    """In a log message, in progress, and in what comes with an error."""

    def tell(exchange: Exchange) -> None:
        seen = dict(exchange.headers)
        notes = [
            {"method": "notifications/message", "params": {"level": "info", "data": seen}},
            {"method": "notifications/progress", "params": {"progress": 1, "message": seen["authorization"]}},
        ]
        messages = [*notes, {"id": exchange.message["id"], "result": said("done")}]
        events = "".join(f"data: {json.dumps({'jsonrpc': '2.0', **each})}\n\n" for each in messages)
        exchange.answer(200, events.encode(), content_type="text/event-stream")

    heard: list[Any] = []
    server.respond = modern(call=tell)
    there = upstream(url=server.url, auth={"type": "header"})
    result = there.call_tool("echo", {}, asked(progress=heard.append, token=1, log_level="debug"))
    assert "repeated the gateway's credentials" in result["content"][0]["text"]
    assert "s3cr3t" not in json.dumps([heard, result])

    def lacks(exchange: Exchange) -> None:
        needs = {"sampling": {}, "x": exchange.headers["authorization"]}
        exchange.error(-32021, "no", 400, data={"requiredCapabilities": needs, "debug": dict(exchange.headers)})

    server.respond = modern(call=lacks)
    with pytest.raises(RpcError) as raised:
        there.call_tool("echo", {}, asked())
    assert "s3cr3t" not in json.dumps(raised.value.body)


def test_a_server_that_refuses_to_list_gives_no_secret_away(server, upstream):
    def refuse(exchange: Exchange) -> None:
        if exchange.message["method"] != "tools/list":
            return modern()(exchange)
        return exchange.error(-32603, f"who is {exchange.headers['authorization']}?")

    server.respond = refuse
    there = upstream(url=server.url, auth={"type": "header"})
    with pytest.raises(Unreachable, match="refused to list its tools: It gave no reason"):
        there.tools()
    assert "s3cr3t" not in json.dumps(there.call_tool("echo", {}, asked()))


def test_a_header_that_cannot_be_sent_shuts_nobody_out(server, upstream):
    """One caller's odd header must not open the circuit for all."""
    there = upstream(url=server.url, forward=["x-tenant"])
    for _ in range(4):
        assert not there.call_tool("echo", {}, asked(headers={"x-tenant": "Zürich"})).get("isError")
    assert "x-tenant" not in server.seen[-1].headers


def test_a_secret_that_was_changed_is_read_again_when_the_old_one_is_refused(server, upstream):
    given = ["old", "new"]

    def respond(exchange: Exchange) -> None:
        if exchange.headers["authorization"] == "Bearer new":
            modern()(exchange)
        else:
            exchange.answer(401, {"error": "who is old?"})

    server.respond = respond
    clock = iter(range(0, 10_000, 10))
    there = upstream(
        secret=lambda: given.pop(0) if len(given) > 1 else given[0],
        clock=lambda: float(next(clock)),
        url=server.url,
        auth={"type": "header"},
    )
    assert [each["name"] for each in there.tools()] == ["echo"]


def test_a_server_that_refuses_the_gateway_is_an_administrators_matter(server, upstream):
    server.respond = lambda exchange: exchange.answer(401, {"error": {"code": 1, "message": "your s3cr3t is wrong"}})
    with pytest.raises(
        Unreachable, match=r"does not accept the gateway's credentials\. Ask an administrator"
    ) as raised:
        upstream(url=server.url, auth={"type": "header"}).tools()
    assert "s3cr3t" not in str(raised.value)


OAUTH = {"type": "oauth", "client_id": "the gateway", "scope": "tools", "resource": "https://mcp.example.com"}


@pytest.fixture
def tokens():
    """An authorization server: tokens numbered, for clients that know the secret."""

    def respond(exchange: Exchange) -> None:
        pair = base64.b64decode(exchange.headers["authorization"].removeprefix("Basic ")).decode()
        form = {name: value for name, (value,) in parse_qs(exchange.body.decode()).items()}
        expected = {"grant_type": "client_credentials", "scope": "tools", "resource": "https://mcp.example.com"}
        if pair != "the+gateway:s3cr3t%2F1" or form != expected:
            exchange.answer(401, {"error": "invalid_client"})
        else:
            token = f"token-{len(issued.seen)}"
            exchange.answer(200, {"access_token": token, "token_type": "bearer", "expires_in": 3600})

    with scripted(respond) as issued:
        yield issued


def test_a_token_is_got_once_and_again_when_it_is_refused(server, tokens, upstream):
    valid = {"token-1"}

    def respond(exchange: Exchange) -> None:
        if exchange.headers["authorization"].removeprefix("Bearer ") in valid:
            modern()(exchange)
        else:
            exchange.answer(401)

    server.respond = respond
    there = upstream(secret=lambda: "s3cr3t/1", url=server.url, auth={**OAUTH, "token_url": tokens.url})
    for _ in range(3):
        assert not there.call_tool("echo", {}, asked()).get("isError")
    assert len(tokens.seen) == 1
    valid.clear()
    valid.add("token-2")
    assert not there.call_tool("echo", {}, asked()).get("isError")
    assert len(tokens.seen) == 2
    assert "s3cr3t" not in sent(server)


@pytest.mark.parametrize(
    "answer",
    [
        {"access_token": "a b", "token_type": "bearer"},
        {"access_token": "", "token_type": "bearer"},
        {"access_token": "x\r\ny: z"},
        {"access_token": "x", "token_type": "mac"},
        {"access_token": "x", "expires_in": "soon"},
        {"access_token": 7},
        ["x"],
    ],
)
def test_what_is_no_token_is_not_used(server, tokens, upstream, answer):
    tokens.respond = lambda exchange: exchange.answer(200, answer)
    with pytest.raises(Unreachable, match="gives the gateway no token"):
        upstream(url=server.url, auth={**OAUTH, "token_url": tokens.url}).tools()
    assert server.seen == []


def test_a_token_url_that_redirects_gets_no_second_chance(server, tokens, upstream):
    with scripted(modern()) as elsewhere:
        tokens.respond = lambda exchange: exchange.answer(307, b"", location=elsewhere.url)
        with pytest.raises(Unreachable, match="gives the gateway no token"):
            upstream(url=server.url, auth={**OAUTH, "token_url": tokens.url}).tools()
        assert elsewhere.seen == []


def test_a_signature_is_the_functions_own_and_right(server, upstream):
    auth = {"type": "sigv4", "service": "execute-api", "region": "eu-west-1"}
    assert not upstream(url=server.url, auth=auth).call_tool("echo", {}, asked()).get("isError")
    request = server.seen[-1]
    names = request.headers["authorization"].split("SignedHeaders=")[1].split(",")[0].split(";")
    stamp = request.headers["x-amz-date"]
    moment = time.mktime(time.strptime(stamp, "%Y%m%dT%H%M%SZ")) - time.timezone
    again = signed(
        "POST",
        "/mcp",
        {name: request.headers[name] for name in names if name != "x-amz-date"},
        request.body,
        credentials=Credentials("AKIDEXAMPLE", "the-role's-own-secret"),
        region="eu-west-1",
        service="execute-api",
        now=moment,
    )
    assert again["authorization"] == request.headers["authorization"]
    assert "the-role's-own-secret" not in sent(server)


def test_a_server_that_repeats_the_roles_session_gives_it_to_nobody(server, upstream, monkeypatch):
    monkeypatch.setenv("AWS_SESSION_TOKEN", "the-role's-session")
    server.respond = modern(call=lambda exchange: exchange.result(said(exchange.headers["x-amz-security-token"])))
    there = upstream(url=server.url, auth={"type": "sigv4", "service": "execute-api"})
    result = there.call_tool("echo", {}, asked())
    assert result["isError"]
    assert "the-role's-session" not in json.dumps(result)


PLACES = ["127.0.0.1", "10.1.2.3", "192.168.0.1", "169.254.169.254", "::1", "fd00::1", "::ffff:10.0.0.1", "0.0.0.0"]  # noqa: S104 -- an address to refuse


@pytest.mark.parametrize("address", PLACES)
def test_a_name_for_a_private_address_leads_nowhere(upstream, address):
    web = {"lookup": lambda host: ["93.184.215.14", address]}
    there = upstream(url="https://mcp.example.com/mcp", private=False, web=web)
    with pytest.raises(Unreachable, match="cannot be reached"):
        there.tools()


def test_plain_http_takes_a_declaration(server, upstream):
    from services.mcp.upstream.declared import Misdeclared

    with pytest.raises(Misdeclared, match="begins with https"):
        upstream(url=server.url, private=False)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_of(tmp_path_factory.mktemp("tls") / "both.pem", "mcp.example.com")


@pytest.fixture
def secure(certificate):
    import ssl

    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{certificate}.crt", certificate)
    with scripted(modern(), context) as system:
        yield system


def port(server: Scripted) -> str:
    return server.url.split(":")[2].split("/")[0]


def test_the_connection_goes_to_the_address_that_was_looked_at(secure, certificate, upstream):
    """A name that changes its mind between the look and the connection gains nothing: it is asked for once."""
    looked: list[str] = []

    def lookup(host: str) -> list[str]:
        looked.append(host)
        return ["127.0.0.1"]

    web = {"lookup": lookup, "is_public": lambda _: True, "environ": {"AWS_CA_BUNDLE": f"{certificate}.crt"}}
    there = upstream(url=f"https://mcp.example.com:{port(secure)}/mcp", private=False, web=web)
    assert [each["name"] for each in there.tools()] == ["echo"]
    assert looked == ["mcp.example.com"]
    assert secure.seen[0].headers["host"] == f"mcp.example.com:{port(secure)}"


@pytest.mark.parametrize(("host", "trusted"), [("mcp.example.com", False), ("other.example.com", True)])
def test_a_certificate_must_be_the_hosts_and_known(secure, certificate, upstream, host, trusted):
    environ = {"AWS_CA_BUNDLE": f"{certificate}.crt"} if trusted else {}
    web = {"lookup": lambda _: ["127.0.0.1"], "is_public": lambda _: True, "environ": environ}
    with pytest.raises(Unreachable, match="cannot be reached"):
        upstream(url=f"https://{host}:{port(secure)}/mcp", private=False, web=web).tools()
    assert secure.seen == []


@pytest.mark.parametrize(
    "said_there",
    [
        "https://evil.example/api",
        "//evil.example/api",
        "http://api.example.com/api",
        "https://api.example.com:8443/api",
        "https://api.example.com@evil.example/",
        "https://{host}/",
    ],
)
def test_a_document_does_not_choose_who_gets_the_credentials(said_there):
    variables = {"host": {"default": "evil.example"}}
    document = {"servers": [{"url": said_there, "variables": variables}]}
    with pytest.raises(Unreachable, match="its 'url' must be declared"):
        own_base(document, "https://api.example.com/openapi.json")
