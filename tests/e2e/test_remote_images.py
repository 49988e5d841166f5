"""Images named by URL: what the gateway refuses to fetch. What it fetches is shown in tests/unit/openai/test_remote.py,
because nothing on this machine is public."""

import socket
import threading

import openai
import pytest


def asked(url):
    parts = [{"type": "text", "text": "What is it?"}, {"type": "image_url", "image_url": {"url": url}}]
    return {"model": "nova-lite", "messages": [{"role": "user", "content": parts}]}


@pytest.mark.parametrize("stream", [False, True])
@pytest.mark.parametrize(
    ("url", "words"),
    [
        ("http://example.com/a.png", "must begin with 'https://'"),
        ("https://169.254.169.254/latest/meta-data/iam/security-credentials/", "not at a public address"),
        ("https://127.0.0.1/a.png", "not at a public address"),
        ("https://[::1]/a.png", "not at a public address"),
        ("https://[::ffff:10.0.0.1]/a.png", "not at a public address"),
        ("https://localhost/a.png", "not at a public address"),
        ("https://127.0.0.1:9001/2018-06-01/runtime/invocation/next", "must name no port"),
        ("https://me:secret@example.com/a.png", "no user name or password"),
        ("ftp://example.com/a.png", "data:image/png;base64"),
    ],
)
def test_what_only_the_gateway_can_reach_is_not_fetched(gateway, calls, url, words, stream):
    with pytest.raises(openai.BadRequestError, match=words) as raised:
        gateway.openai().chat.completions.create(**asked(url), stream=stream)
    assert raised.value.param == "messages[0].content[1].image_url.url"
    assert "data:image/png;base64" in raised.value.message
    assert calls() == []


def test_a_server_on_the_gateways_own_machine_is_never_called(gateway):
    called = threading.Event()
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def listen():
            try:
                listener.accept()
            except OSError:
                return
            called.set()

        thread = threading.Thread(target=listen)
        thread.start()
        port = listener.getsockname()[1]
        for host in (f"127.0.0.1:{port}", f"localhost:{port}", f"2130706433:{port}"):
            with pytest.raises(openai.BadRequestError):
                gateway.openai().chat.completions.create(**asked(f"https://{host}/a.png"))
        listener.shutdown(socket.SHUT_RDWR)
        thread.join(10)
    assert not called.is_set()


def test_a_url_is_in_no_log(gateway):
    url = "https://127.0.0.1/a.png?token=a-token-that-nobody-else-may-read"
    with pytest.raises(openai.BadRequestError):
        gateway.openai().chat.completions.create(**asked(url))
    logs = [file for file in gateway.folder.rglob("*") if file.is_file() and file.suffix in (".log", ".txt")]
    assert logs
    assert not [file for file in logs if b"a-token-that-nobody" in file.read_bytes()]


def test_fetching_can_be_switched_off(another_gateway):
    with another_gateway(REMOTE_IMAGES="off") as gateway:
        with pytest.raises(openai.BadRequestError, match="not fetched from URLs here") as raised:
            gateway.openai().chat.completions.create(**asked("https://127.0.0.1/a.png"))
        assert raised.value.param == "messages[0].content[1].image_url.url"
