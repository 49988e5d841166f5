"""The REST client against a server that answers what it is told."""

import socket
import ssl
import threading
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from cryptography.x509.oid import NameOID

from pennyworth_cli.events import events
from pennyworth_cli.failure import Code, Failure, code_of
from pennyworth_cli.gateway import Gateway
from pennyworth_cli.http import Http


def refusal(message="No."):
    return {"error": {"message": message, "type": "invalid_request_error", "param": None, "code": "x"}}


@pytest.fixture
def slept():
    return []


@pytest.fixture
def gateway(server, slept):
    http = Http()
    yield Gateway(http, server.url, lambda: "secret-token", slept.append)
    http.close()


@pytest.mark.parametrize(
    ("status", "code"),
    [
        (400, Code.WRONG),
        (401, Code.NOT_SIGNED_IN),
        (403, Code.REFUSED),
        (404, Code.NOT_FOUND),
        (405, Code.WRONG),
        (409, Code.CONFLICT),
        (413, Code.WRONG),
        (429, Code.LIMITED),
        (500, Code.FAILED),
        (502, Code.FAILED),
        (503, Code.FAILED),
        (504, Code.FAILED),
    ],
)
def test_every_refusal_has_its_exit_code_and_names_the_request(server, gateway, status, code):
    server.answers = [(status, {"x-request-id": "req-1"}, refusal())]
    with pytest.raises(Failure) as refused:
        gateway.get("/me")
    assert refused.value.code is code is code_of(status)
    assert str(refused.value).endswith("(x-request-id req-1)")
    assert "secret-token" not in str(refused.value)


def test_a_question_is_asked_again_when_the_gateway_is_busy_for_a_moment(server, gateway, slept):
    busy = (503, {"retry-after": "2"}, refusal())
    server.answers = [busy, busy, (200, {}, {"object": "me"})]
    assert gateway.get("/me") == {"object": "me"}
    assert slept == [2, 2]


@pytest.mark.parametrize("answer", [(429, {"retry-after": "3600"}, refusal()), (503, {}, refusal())])
def test_nobody_waits_for_long(server, gateway, slept, answer):
    server.answers = [answer]
    with pytest.raises(Failure):
        gateway.get("/me")
    assert slept == []


def test_a_change_is_never_sent_twice(server, gateway):
    server.answers = [(503, {"retry-after": "1"}, refusal())]
    for change in (lambda: gateway.post("/me/api_keys", {}), lambda: gateway.delete("/me/api_keys/key_1")):
        server.seen.clear()
        with pytest.raises(Failure):
            change()
        assert len(server.seen) == 1


def test_a_redirect_is_not_followed_with_the_token(server, gateway):
    server.answers = [(302, {"location": "http://127.0.0.1:9/elsewhere"}, {})]
    with pytest.raises(Failure, match="302"):
        gateway.get("/me")
    assert len(server.seen) == 1


def test_a_netrc_does_not_change_who_asks(server, gateway, tmp_path, monkeypatch):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login eve password evil\n")
    monkeypatch.setenv("NETRC", str(netrc))
    server.answers = [(200, {}, {})]
    gateway.get("/me")
    assert server.seen[0][2]["Authorization"] == "Bearer secret-token"


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_no_proxy_hears_what_is_said_to_this_machine(server, slept, monkeypatch, host):
    """A token travels there without TLS."""
    for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    for name in ("NO_PROXY", "no_proxy"):
        monkeypatch.delenv(name, raising=False)
    server.answers = [(200, {}, {})]
    http = Http()
    Gateway(http, server.url.replace("127.0.0.1", host), lambda: "secret-token", slept.append).get("/me")
    http.close()
    assert server.seen[0][2]["Authorization"] == "Bearer secret-token"


def test_open_routes_are_asked_without_a_token(server, tmp_path, monkeypatch):
    server.answers = [(200, {}, {})]
    http = Http()
    Gateway(http, server.url, str).get("/health")
    http.close()
    assert "Authorization" not in server.seen[0][2]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b"", b'{"message": "Missing Authentication Token"}'])
def test_what_is_no_gateway_is_told_apart(server, gateway, body):
    server.answers = [(404, {}, body)]
    with pytest.raises(Failure, match="not as a gateway does") as refused:
        gateway.get("/me")
    assert refused.value.code is Code.FAILED


def test_lists_are_read_to_their_end_and_no_further_than_wanted(server, gateway):
    def page(ids, more):
        return 200, {}, {"data": [{"id": each} for each in ids], "last_id": ids[-1], "has_more": more}

    server.answers = [page("ab", True), page("cd", False)]
    assert [each["id"] for each in gateway.each("/users", {"limit": 2})] == list("abcd")
    assert server.seen[1][1].endswith("limit=2&after=b")
    server.answers = [page("ab", True), page("cd", True)]
    assert [each["id"] for each in gateway.each("/users", most=3)] == list("abc")
    server.answers = [(200, {}, {"data": [{"id": "g"}], "has_more": True, "next": "g"}), page("h", False)]
    assert [each["id"] for each in gateway.each("/groups")] == list("gh")


def test_buckets_are_read_to_their_end(server, gateway):
    pages = [{"data": [1], "has_more": True, "next_page": "p2"}, {"data": [2], "has_more": False, "next_page": None}]
    server.answers = [(200, {}, page) for page in pages]
    assert list(gateway.buckets("/usage", {"group_by[]": ["model", "user_id"], "end_time": ""})) == [1, 2]
    assert server.seen[0][1].endswith("?group_by%5B%5D=model&group_by%5B%5D=user_id")
    assert "page=p2" in server.seen[1][1]


def streamed(server, gateway, body, **headers):
    server.answers = [(200, {"content-type": "text/event-stream", **headers}, body)]
    response = gateway.stream("/chat/completions", {}, 5)
    try:
        return list(events(response))
    finally:
        response.close()


def test_a_stream_is_its_chunks(server, gateway):
    body = ': a comment\n\ndata: {"choices": [1]}\n\ndata: {"é": "\u2028"}\r\n\r\ndata: [DONE]\n\n'.encode()
    assert streamed(server, gateway, body) == [{"choices": [1]}, {"é": "\u2028"}]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        (b'data: {"a": 1}\n\n', "broke off"),
        (b'data: {"error": {"message": "The model is busy."}}\n\n', "The model is busy"),
        (b"data: {broken\n\n", "no chunk"),
        (b"data: []\n\n", "no chunk"),
    ],
)
def test_a_stream_that_goes_wrong_says_so(server, gateway, body, told):
    with pytest.raises(Failure, match=told) as failed:
        streamed(server, gateway, body)
    assert failed.value.code is Code.FAILED


def test_a_connection_that_breaks_is_unreachable(server, gateway):
    with pytest.raises(Failure) as failed:
        streamed(server, gateway, b'data: {"a": 1}\n\n', **{"content-length": "500"})
    assert failed.value.code is Code.UNREACHABLE


def test_a_refused_stream_is_a_refusal(server, gateway):
    server.answers = [(403, {}, refusal("Not this model."))]
    with pytest.raises(Failure, match="Not this model"):
        gateway.stream("/chat/completions", {}, 5)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/v1", "https://127.0.0.1:9/v1", "http://nowhere.invalid/v1"])
def test_no_answer_is_unreachable(url):
    http = Http()
    with pytest.raises(Failure) as failed:
        Gateway(http, url, str).get("/health")
    http.close()
    assert failed.value.code is Code.UNREACHABLE


def test_a_server_that_nobody_vouches_for_is_told_nothing(tmp_path):
    """Its certificate is signed by itself, as that of somebody between us would be."""
    received = []
    with listening(certificate(tmp_path), received) as port:
        http = Http()
        with pytest.raises(Failure, match="certificate") as failed:
            Gateway(http, f"https://127.0.0.1:{port}/v1", lambda: "secret-token").get("/me")
        http.close()
    assert failed.value.code is Code.UNREACHABLE
    assert received == []


@contextmanager
def listening(files, received):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*files)
    listener = socket.create_server(("127.0.0.1", 0))

    def serve():
        plain, _ = listener.accept()
        with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as talk:
            if told := talk.recv(1000):
                received.append(told)

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield listener.getsockname()[1]
    finally:
        thread.join(5)
        listener.close()


def certificate(folder):
    """Of 127.0.0.1; and its key."""
    key = generate_private_key(SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "loopback")])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - timedelta(hours=1))
        .not_valid_after(now + timedelta(hours=1))
        .add_extension(x509.SubjectAlternativeName([x509.IPAddress(ip_address("127.0.0.1"))]), critical=False)
        .sign(key, SHA256())
    )
    paths = folder / "certificate.pem", folder / "key.pem"
    paths[0].write_bytes(made.public_bytes(Encoding.PEM))
    paths[1].write_bytes(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    return paths


def test_a_path_that_the_gateway_does_not_have_is_a_wrong_endpoint(server, process):
    error = {"message": "Unknown URL.", "type": "invalid_request_error", "param": None, "code": "unknown_url"}
    server.answers = [(404, {}, {"error": error})]
    done = process("status", PENNYWORTH_ENDPOINT=server.url.replace("/v1", "/v2"))
    assert done.returncode == 1
    assert "/v2/health. Check the endpoint: it ends in /v1." in done.stderr
