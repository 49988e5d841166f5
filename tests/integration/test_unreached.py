"""An OpenAI-compatible provider that cannot be reached: nobody answered, so nobody is to be paid."""

import socket

import pytest

from pennyworth.errors import Problem
from pennyworth.settings import Endpoint
from services.openai.providers import server as servers
from services.openai.providers.server import Server


@pytest.fixture
def full():
    """The URL of a host that takes no more connections: what is sent to it is dropped, as by a firewall."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = [socket.socket() for _ in range(4)]
        for each in waiting:
            each.setblocking(False)
            each.connect_ex(listener.getsockname())
        yield f"http://127.0.0.1:{listener.getsockname()[1]}/v1"
        for each in waiting:
            each.close()


def test_a_connection_that_is_not_made_in_time_is_no_answer_that_is_late(full, monkeypatch):
    """As one it would count in budgets the most that the model may have answered."""
    monkeypatch.setattr(servers, "_CONNECT_S", 0.3)
    server = Server("acme", Endpoint(full), None)
    with pytest.raises(Problem) as raised:
        server.post("/chat/completions", {}, wait_s=20)
    server.close()
    assert (raised.value.code, raised.value.status) == ("service_unavailable", 503)
