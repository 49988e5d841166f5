"""Images fetched from URLs: every way to reach what only we can reach, and a TLS server of our own for the rest."""

import datetime
import ipaddress
import re
import socket
import ssl
import struct
import threading
import time
from contextlib import contextmanager, suppress
from functools import partial

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec

from pennyworth.body import check
from pennyworth.errors import Problem
from pennyworth.lookup import Lookup, addresses
from pennyworth.public import is_public
from services.openai.catalogue import find
from services.openai.chat import ChatRequest
from services.openai.converse import Envelope
from services.openai.media import IMAGE_BYTES
from services.openai.providers.bedrock import Bedrock
from services.openai.remote import MOST_BYTES, Unfetched, Web, fetched, seen

HERE = "127.0.0.1"
PNG = b"\x89PNG\r\n\x1a\n" + struct.pack(">I4sII", 13, b"IHDR", 1, 1)
PATH = "messages[0].content[{}].image_url.url"

INSIDE = [
    # IPv4: this host, private, shared, link-local (metadata and Lambda's own), reserved, documentation, everybody
    *("0.0.0.0", "0.1.2.3", "10.0.0.1", "100.64.0.1", "127.0.0.1", "127.255.255.254", "169.254.169.254"),  # noqa: S104
    *("169.254.100.1", "169.254.170.2", "172.16.0.1", "172.31.255.255", "192.0.0.8", "192.0.2.1", "192.88.99.1"),
    *("192.168.1.1", "198.18.0.1", "198.51.100.1", "203.0.113.1", "224.0.0.1", "239.255.255.255", "240.0.0.1"),
    "255.255.255.255",
    # IPv6: this host, unspecified, link-local, unique local (EC2's metadata), site-local, everybody, documentation
    *("::1", "::", "fe80::1", "fe80::1%lo", "fc00::1", "fd00:ec2::254", "fec0::1", "ff02::1", "ff0e::1"),
    *("2001:db8::1", "3fff::1", "100::1", "5f00::1", "4000::1"),
    # IPv4 within IPv6: mapped, compatible, translated, NAT64, NAT64 of one's own, 6to4, Teredo, ORCHID
    *("::ffff:127.0.0.1", "::ffff:a9fe:a9fe", "::ffff:93.184.216.34", "::127.0.0.1", "::ffff:0:127.0.0.1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b::7f00:1", "64:ff9b:1::1", "2002:7f00:1::", "2002:a9fe:a9fe::1"),
    *("2001::1", "2001:0:7f00:1::", "2001:10::1", "2001:20::1"),
    # none at all
    *("", "localhost", "2130706433", "127.1", "0x7f.0.0.1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_an_address_that_is_not_the_publics_is_none(address):
    assert not is_public(address)


@pytest.mark.parametrize("address", ["93.184.216.34", "1.1.1.1", "52.95.110.1", "2606:4700::1111", "2a00:1450:4001::1"])
def test_an_address_of_the_internet_is_public(address):
    assert is_public(address)


@pytest.mark.parametrize(
    "host",
    ["127.0.0.1", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "::1", "::ffff:127.0.0.1", "localhost", "0"],
)
def test_however_this_machine_is_written_it_is_not_public(host):
    try:
        found = addresses(host)
    except OSError:  # this machine's resolver does not take that way of writing
        return
    assert not any(map(is_public, found))


def asked(*urls, text="What is it?"):
    parts = [{"type": "image_url", "image_url": {"url": url}} for url in urls]
    content = [{"type": "text", "text": text}, *parts]
    return {"model": "nova-lite", "messages": [{"role": "user", "content": content}]}


def urls_of(request):
    return [part.image_url.url for message in request.messages for part in message.content if part.image_url]


def nowhere(host, ends_at):
    raise AssertionError(f"{host} was looked up")


def refused(url, web, **how):
    with pytest.raises(Problem) as raised:
        seen(check(ChatRequest, asked(url)), web, **how)
    assert (raised.value.status, raised.value.code, raised.value.param) == (400, "invalid_value", PATH.format(1))
    assert "'data:image/png;base64,…'" in raised.value.message
    assert url not in raised.value.message
    return raised.value.message


@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/a.png", "https://"),
        ("HTTP://example.com/a.png", "https://"),
        ("https://user:secret@example.com/a.png", "no user name or password"),
        ("https://user@example.com/a.png", "no user name or password"),
        ("https://example.com@127.0.0.1/a.png", "no user name or password"),
        ("https://example.com:8443/a.png", "no port"),
        ("https://example.com:80/a.png", "no port"),
        ("https://example.com:port/a.png", "not a URL"),
        ("https://example.com:99999/a.png", "not a URL"),
        ("https:///a.png", "name a host"),
        ("https://", "name a host"),
        ("https://[::1/a.png", "not a URL"),
        ("https://[fe80::1%25lo]/a.png", "not a URL|name a host"),
        ("https://exam ple.com/a.png", "name a host"),
        ("https://example.com\\@127.0.0.1/a.png", "user name|name a host"),
        ("https://example.com\\.evil.example/a.png", "name a host"),
        ("https://ex\u00e4mple.com/a.png", "xn--"),
        ("https://127\u30020\u30020\u30021/a.png", "xn--|not a URL"),
        ("https://\uff11\uff12\uff17.0.0.1/a.png", "xn--|not a URL"),
    ],
)
def test_a_url_that_is_no_plain_one_is_looked_up_nowhere(url, words):
    assert re.search(words, refused(url, Web(addresses=nowhere)))


@pytest.mark.parametrize("address", [address for address in INSIDE if address])
def test_nothing_is_asked_of_a_host_that_is_not_public(address):
    for found in ([address], ["93.184.216.34", address]):  # one bad address among good ones is enough
        assert "not at a public address" in refused("https://internal.example/", Web(addresses=lambda *_, f=found: f))


@pytest.mark.parametrize("host", ["127.0.0.1", "2130706433", "0x7f.1", "[::1]", "[::ffff:127.0.0.1]", "localhost"])
def test_this_machine_is_not_asked(host):
    assert "its host is not" in refused(f"https://{host}/a.png", Web())


def test_no_name_is_looked_up_when_time_is_up():
    with pytest.raises(Unfetched, match="not there in time"):
        fetched("https://slow.example/", 0.0, Web(addresses=nowhere))


def test_a_name_server_that_does_not_answer_takes_no_more_than_the_time_there_is():
    """The resolver alone would wait for half a minute, which is more than all images have."""
    let = threading.Event()

    def hangs(host):
        assert let.wait(30)
        return [HERE]

    began = time.monotonic()
    try:
        assert "not there in time" in refused("https://slow.example/", Web(addresses=Lookup(4, hangs)), most_s=0.3)
    finally:
        let.set()
    assert time.monotonic() - began < 5


def test_a_name_that_nobody_knows_is_said_to_be_unknown():
    def unknown(*_):
        raise socket.gaierror

    assert "not known" in refused("https://nobody.example/", Web(addresses=unknown))
    assert "not known" in refused("https://nobody.example/", Web(addresses=lambda *_: []))


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    """A file with the key and certificate of images.example, which signs for itself."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(x509.NameOID.COMMON_NAME, "images.example")])
    now = datetime.datetime.now(datetime.UTC)
    made = (
        x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number())
        .not_valid_before(now - datetime.timedelta(days=1))
        .not_valid_after(now + datetime.timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("images.example")]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "both.pem"
    plain = serialization.NoEncryption()
    private = key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, plain)
    file.write_bytes(private + made.public_bytes(serialization.Encoding.PEM))
    return file


@contextmanager
def serving(certificate, *answers):
    """A TLS server that answers each connection in its turn; (the Web that leads there, the requests it got)."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(certificate)
    got, ended = [], threading.Event()

    def serve():
        for answer in answers:
            try:
                plain, _ = listener.accept()
            except OSError:
                return
            with plain, suppress(OSError), context.wrap_socket(plain, server_side=True) as sock:
                got.append(sock.recv(65536).decode())
                for piece in answer(ended) if callable(answer) else (answer,):
                    sock.sendall(piece)
                sock.unwrap()

    def trust(_):
        return ssl.create_default_context(cafile=str(certificate))

    with socket.create_server((HERE, 0)) as listener:
        listener.settimeout(20)
        thread = threading.Thread(target=serve)
        thread.start()
        try:
            web = partial(Web, trust=trust, port=listener.getsockname()[1])
            yield partial(web, addresses=lambda *_: [HERE], is_public=lambda address: address == HERE), got
        finally:
            ended.set()
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            thread.join(20)
            assert not thread.is_alive()


def ok(content, *headers):
    lines = ["HTTP/1.1 200 OK", f"content-length: {len(content)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + content


def redirect(location, status=302):
    return f"HTTP/1.1 {status} Found\r\nlocation: {location}\r\ncontent-length: 0\r\n\r\n".encode()


URL = "https://images.example/a.png"
SHOWN = ["data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAEAAAAB"]


@pytest.mark.parametrize(
    "answer",
    [
        ok(PNG, "content-type: text/html"),  # what it is is told by its bytes
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\n"
        + PNG[:5]
        + b"\r\n13\r\n"
        + PNG[5:]
        + b"\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n" + PNG,
        b"HTTP/1.0 200 OK\r\n\r\n" + PNG,
    ],
)
def test_an_image_is_fetched_from_where_its_url_leads(certificate, answer):
    with serving(certificate, answer) as (web, got):
        assert urls_of(seen(check(ChatRequest, asked(URL + "?size=1&of=a b#top")), web())) == SHOWN
    head, *headers = got[0].rstrip().split("\r\n")
    assert head == "GET /a.png?size=1&of=a%20b HTTP/1.1"
    assert "Host: images.example" in headers
    assert not [line for line in headers if line.lower().startswith(("cookie", "authorization", "referer"))]


def test_what_is_sent_beside_the_image_stays_as_it_is(certificate):
    with serving(certificate, ok(PNG)) as (web, _):
        request = seen(check(ChatRequest, asked(*SHOWN, URL, text="Mind https://images.example/a.png")), web())
    assert urls_of(request) == SHOWN * 2
    assert request.messages[0].content[0].text == "Mind https://images.example/a.png"


def test_one_url_named_twice_is_fetched_once_and_several_are_all(certificate):
    with serving(certificate, ok(PNG), ok(PNG)) as (web, got):
        assert urls_of(seen(check(ChatRequest, asked(URL, URL + "?2", URL)), web())) == SHOWN * 3
    assert sorted(request.split()[1] for request in got) == ["/a.png", "/a.png?2"]


def test_a_redirect_goes_through_the_same_door(certificate):
    with serving(certificate, redirect("/b.png"), redirect(URL, 308), ok(PNG)) as (web, got):
        assert urls_of(seen(check(ChatRequest, asked(URL)), web())) == SHOWN
    assert [request.split()[1] for request in got] == ["/a.png", "/b.png", "/a.png"]


@pytest.mark.parametrize(
    ("location", "words"),
    [
        ("http://images.example/a.png", "https://"),
        ("https://internal.example/latest/meta-data/", "not at a public address"),
        ("https://169.254.169.254/latest/meta-data/", "not at a public address"),
        ("https://user:secret@images.example/", "no user name"),
        ("https://images.example:2375/", "no port"),
        ("file:///etc/passwd", "https://"),
        ("data:image/png;base64,iVBORw0KGgo=", "https://"),
    ],
)
def test_a_redirect_to_where_nobody_may_go_is_not_followed(certificate, location, words):
    inside = {"internal.example": ["10.0.0.1"], "169.254.169.254": ["169.254.169.254"]}
    with serving(certificate, redirect(location)) as (web, got):
        assert words in refused(URL, web(addresses=lambda host, _: inside.get(host, [HERE])))
    assert len(got) == 1


def test_redirects_come_to_an_end(certificate):
    with serving(certificate, *[redirect(URL)] * 4) as (web, got):
        assert "more than 3 times" in refused(URL, web())
    assert len(got) == 4


def test_the_address_that_was_looked_at_is_the_one_that_is_asked(certificate):
    """DNS rebinding: the second answer of a name is another."""
    answers = [[HERE], ["10.0.0.1"]]
    with serving(certificate, ok(PNG)) as (web, _):
        assert urls_of(seen(check(ChatRequest, asked(URL)), web(addresses=lambda *_: answers.pop(0)))) == SHOWN
    assert answers == [["10.0.0.1"]]


def test_an_address_that_cannot_be_reached_is_passed_over(certificate):
    with serving(certificate, ok(PNG)) as (web, _):
        either = web(addresses=lambda *_: ["::1", HERE], is_public=lambda _: True)
        assert urls_of(seen(check(ChatRequest, asked(URL)), either)) == SHOWN


def test_a_host_shows_the_certificate_of_its_name(certificate):
    with serving(certificate, ok(PNG)) as (web, got):
        assert "no certificate that is valid" in refused("https://other.example/a.png", web())
    assert got == []


def test_a_certificate_nobody_vouches_for_is_none(certificate):
    with serving(certificate, ok(PNG)) as (web, got):
        assert "no certificate that is valid" in refused(URL, web(trust=Web().trust))
    assert got == []


def chunks_without_end(ended):
    yield b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
    yield b"%x\r\n" % len(PNG) + PNG + b"\r\n"
    while not ended.is_set():
        yield b"10000\r\n" + bytes(65536) + b"\r\n"


@pytest.mark.parametrize(
    "begun",
    [
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n-1\r\n",  # int("-1", 16), and read(-1) is all there is
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n" % len(PNG) + PNG + b"\r\n-1\r\n",
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nfffffffffffffff\r\n",
        b"HTTP/1.1 200 OK\r\ncontent-length: -1\r\n\r\n" + PNG,
        b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n%x\r\n" % len(PNG) + PNG + b"\r\n0\r\n",  # and trailers
        b"HTTP/1.1 200 OK\r\n",
    ],
)
def test_what_comes_without_end_is_not_kept(certificate, begun):
    sent = 0

    def without_end(ended):
        nonlocal sent
        yield begun
        while not ended.is_set():
            yield b"a: b\r\n" * 10_000
            sent += 60_000

    with serving(certificate, without_end) as (web, _):
        refused(URL, web(), most_s=5)
    assert sent < 4 * IMAGE_BYTES


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (ok(PNG + bytes(IMAGE_BYTES)), r"over the 3.75 MB"),
        (f"HTTP/1.1 200 OK\r\ncontent-length: {10**12}\r\n\r\n".encode(), "over the 3.75 MB"),
        (chunks_without_end, "over the 3.75 MB"),
        (ok(b"<html>Internal pages</html>", "content-type: image/png"), "no PNG, JPEG, GIF or WebP"),
        (ok(b"<svg xmlns='http://www.w3.org/2000/svg'/>", "content-type: image/svg+xml"), "no PNG"),
        (ok(b"\x1f\x8b\x08\0\0\0\0\0\0\0\0\0\0", "content-encoding: gzip"), "no PNG"),
        (ok(b""), "no PNG"),
        (b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", "answers 404"),
        (b"HTTP/1.1 302 Found\r\ncontent-length: 0\r\n\r\n", "answers 302"),
        (b"HTTP/1.1 204 No Content\r\n\r\n", "answers 204"),
        (f"HTTP/1.1 200 OK\r\ncontent-length: {len(PNG) + 1}\r\n\r\n".encode() + PNG, "breaks off"),
        (b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nff\r\n" + PNG, "did not answer"),
        (b"SSH-2.0-OpenSSH_9.9\r\n", "did not answer"),
        (b"", "did not answer"),
        (b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n", "did not answer"),
        (redirect("https://[::1/"), "not a URL"),
    ],
)
def test_what_is_no_image_of_a_size_bedrock_takes_goes_no_further(certificate, answer, words):
    with serving(certificate, answer) as (web, _):
        assert words in refused(URL, web())


def drip(*said):
    """Now and then another byte."""

    def answer(ended):
        yield b"".join(said)
        while not ended.wait(0.05):
            yield b"a"

    return answer


@pytest.mark.parametrize("said", [(), (b"HTTP/1.1 200 OK\r\n", b"x: "), (ok(PNG + bytes(1000))[:-1000],)])
def test_a_host_that_takes_its_time_does_not_take_ours(certificate, said):
    with serving(certificate, drip(*said)) as (web, _):
        assert "not there in time" in refused(URL, web(), most_s=0.4)


def test_more_images_than_bedrock_takes_are_not_fetched():
    with pytest.raises(Problem, match="20 images") as raised:
        seen(check(ChatRequest, asked(*[URL] * 21)), Web(addresses=nowhere))
    assert raised.value.param == "messages[0].content[21]"


def test_all_images_of_a_request_have_a_bound_together(certificate):
    large = ok(PNG + bytes(IMAGE_BYTES - len(PNG)))
    urls = [f"{URL}?{number}" for number in range(5)]
    assert MOST_BYTES < 5 * IMAGE_BYTES
    with serving(certificate, *[large] * 5) as (web, _), pytest.raises(Problem, match="15 MB in all") as raised:
        seen(check(ChatRequest, asked(*urls)), web())
    assert raised.value.param == PATH.format(5)


def test_a_model_that_sees_nothing_has_nothing_fetched():
    body = asked("https://127.0.0.1/a.png") | {"model": "nova-micro"}
    with pytest.raises(Problem, match="does not take images") as raised:
        Bedrock(None, None, None, find("nova-micro")).complete(body, Envelope("c", 1, "nova-micro"))
    assert raised.value.param == "messages[0].content[1]"


def test_hosts_are_trusted_by_their_own_roots():
    assert ipaddress.ip_address(HERE).is_loopback  # what the tests above reach is never public
    trust = Web().trust("example.com")
    assert (trust.verify_mode, trust.check_hostname) == (ssl.CERT_REQUIRED, True)
