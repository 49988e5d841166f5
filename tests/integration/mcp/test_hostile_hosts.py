"""What a host that upstream servers live on may try: by its name, by its address, and by how it answers."""

import gzip
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress

import pytest

from services.mcp.upstream.declared import Misdeclared
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.web import Web

HTTPS = "https://mcp.example.com/mcp"

# Every one is this machine's, the network's, the cloud's own, or nobody's.
INSIDE = [
    *("127.0.0.1", "127.255.255.254", "0.0.0.0", "0.1.2.3", "10.1.2.3", "172.16.0.1", "192.168.0.1"),  # noqa: S104
    *("169.254.169.254", "169.254.170.2", "169.254.169.253", "100.64.0.1", "100.100.100.200", "192.0.0.192"),
    *("224.0.0.1", "255.255.255.255", "240.0.0.1", "198.18.0.1", "192.0.2.1", "192.88.99.1"),
    *(
        "::",
        "::1",
        "fe80::1",
        "fe80::1%lo",
        "fe80::1%25lo",
        "fd00::1",
        "fd00:ec2::254",
        "fd20:ce::254",
        "fec0::1",
        "ff02::1",
    ),
    *("::ffff:10.0.0.1", "::ffff:169.254.169.254", "::127.0.0.1", "::ffff:0:127.0.0.1", "64:ff9b::7f00:1"),
    *("64:ff9b::a9fe:a9fe", "64:ff9b:1::7f00:1", "2002:7f00:1::", "2002:a9fe:a9fe::", "2001:0:7f00:1::", "2001:db8::1"),
]


@pytest.mark.parametrize("address", INSIDE)
def test_a_host_that_is_inside_is_not_asked_whatever_else_it_is(address):
    for found in ([address], ["93.184.215.14", address], [address, "93.184.215.14"]):
        web = Web("there", lookup=lambda _, f=found: f)
        with pytest.raises(Unreachable, match="cannot be reached"):
            web.request("GET", HTTPS, {}, b"", time.monotonic() + 5, 1024)


NUMBERS = [
    *("127.0.0.1", "127.1", "2130706433", "0x7f000001", "0x7f.1", "0177.0.0.1", "017700000001", "0", "0.0.0.0"),  # noqa: S104
    *("127.0.0.1.", "localhost", "localhost.", "LOCALHOST", "2852039166", "0xa9fea9fe", "[::1]", "[::ffff:127.0.0.1]"),
    *("[::ffff:7f00:1]", "[0:0:0:0:0:ffff:a9fe:a9fe]", "[64:ff9b::127.0.0.1]", "[::]"),
]


@pytest.mark.parametrize("host", NUMBERS)
def test_however_a_host_inside_is_written_it_is_not_asked(host):
    """By this machine's own resolver, which takes some of these for addresses and some for nothing."""
    web = Web("there")
    with pytest.raises(Unreachable, match="cannot be reached"):
        web.request("GET", f"https://{host}:9/", {}, b"", time.monotonic() + 20, 1024)


@pytest.mark.parametrize(
    "url",
    [
        "https://user:secret@mcp.example.com/mcp",
        "https://mcp.example.com@127.0.0.1/mcp",
        "https://mcp.example.com\\@127.0.0.1/mcp",
        "https://mcp.example.com#@127.0.0.1/mcp",
        "https://[fe80::1%25eth0]/mcp",
        "https://mcp.example.com:99999/mcp",
        "https://mcp.example.com:0x50/mcp",
        "https://127\u30020\u30020\u30021/mcp",
        "https://m\u0441p.example.com/mcp",
        "https://mcp.example.com/mcp\r\nHost: evil",
        "https://mcp.example.com/a b",
        "https:///mcp",
        "file:///etc/passwd",
        "gopher://127.0.0.1:6379/_x",
        "http://mcp.example.com/mcp",
    ],
)
def test_a_url_that_two_parsers_could_read_differently_is_not_declared(upstream, url):
    with pytest.raises(Misdeclared):
        upstream(url=url, private=False)


def test_no_proxy_of_the_environment_is_asked(monkeypatch):
    asked = []
    with answering(lambda sock: asked.append(sock)) as url:
        for name in ("HTTPS_PROXY", "https_proxy", "HTTP_PROXY", "http_proxy", "ALL_PROXY", "all_proxy"):
            monkeypatch.setenv(name, url)
        web = Web("there", lookup=lambda _: ["127.0.0.1"])
        with pytest.raises(Unreachable):
            web.request("GET", HTTPS, {}, b"", time.monotonic() + 5, 1024)
    assert asked == []


@contextmanager
def answering(talk: Callable[[socket.socket], object]) -> Iterator[str]:
    """A host that reads a request's head and then does as it likes."""
    over = threading.Event()

    def serve() -> None:
        while not over.is_set():
            with suppress(OSError):
                sock, _ = listener.accept()
                with sock:
                    sock.settimeout(10)
                    sock.recv(65536)
                    with suppress(OSError):
                        talk(sock)

    with socket.create_server(("127.0.0.1", 0)) as listener:
        listener.settimeout(0.1)
        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}/"
        finally:
            over.set()
            thread.join(15)


def endlessly(first: bytes, piece: bytes, pause_s: float = 0.0) -> Callable[[socket.socket], None]:
    def talk(sock: socket.socket) -> None:
        sock.sendall(first)
        ends_at = time.monotonic() + 8
        while time.monotonic() < ends_at:
            sock.sendall(piece)
            time.sleep(pause_s)

    return talk


def read(web: Web, url: str) -> bytes:
    with closing(web.request("GET", url, {}, b"", time.monotonic() + 1, 64 * 1024)) as answer:
        return answer.whole()


OK = b"HTTP/1.1 200 OK\r\n"
CHUNKED = OK + b"transfer-encoding: chunked\r\n\r\n"
BOMB = gzip.compress(b"\0" * 1_000_000)
TRICKS = {
    "a head without end": endlessly(OK, b"x-a: " + b"a" * 4000 + b"\r\n"),
    "a header without end": endlessly(OK + b"x-a: ", b"a" * 4000),
    "a status line without end": endlessly(b"HTTP/1.1 200 ", b"a" * 4000),
    "a head that trickles": endlessly(OK, b"x: y\r\n", 0.05),
    "interim answers without end": endlessly(b"", b"HTTP/1.1 100 Continue\r\n\r\n" * 50),
    "another protocol": endlessly(b"HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n", b"x" * 4000),
    "a body without end": endlessly(OK + b"\r\n", b"x" * 4000),
    "a body that trickles": endlessly(OK + b"content-length: 1000\r\n\r\n", b"x", 0.05),
    "chunks without end": endlessly(CHUNKED, b"4\r\nabcd\r\n" * 500),
    "a chunk that is huge": endlessly(CHUNKED + b"fffffffffffff\r\n", b"x" * 4000),
    "a chunk's extension without end": endlessly(CHUNKED + b"4;", b"a" * 4000),
    "trailers without end": endlessly(CHUNKED + b"0\r\n", b"x-a: b\r\n" * 500),
    "a trailer without end": endlessly(CHUNKED + b"0\r\nx-a: ", b"a" * 4000),
    "empty chunks, by the letter": endlessly(CHUNKED, b"0" * 4000),
    "two lengths": endlessly(OK + b"content-length: 4\r\ncontent-length: 400000\r\n\r\n", b"x" * 4000),
    "a length and chunks": endlessly(CHUNKED[:-2] + b"content-length: 4\r\n\r\n", b"x" * 4000),
    "a negative length": endlessly(OK + b"content-length: -1\r\n\r\n", b"x" * 4000),
    "a bomb": endlessly(OK + b"content-encoding: gzip\r\n\r\n" + BOMB, b""),
    "no HTTP": endlessly(b"SSH-2.0-OpenSSH_9.9\r\n\r\n", b"x" * 4000),
    "silence": endlessly(b"", b"", 0.1),
}


@pytest.mark.parametrize("trick", TRICKS)
def test_a_host_that_does_not_play_by_the_rules_costs_a_little_time_and_no_memory(trick):
    with answering(TRICKS[trick]) as url:
        web, began = Web("there", private=True), time.monotonic()
        with closing(web), pytest.raises(Unreachable):
            read(web, url)
        assert time.monotonic() - began < 3
