"""`pennyworth chat`, and the configuration it prints for other programs."""

import json
import re
import time

import httpx
import pytest

from tests.e2e.terminal import Machine, ended, person, signed_in


@pytest.fixture
def machine(gateway, tmp_path):
    return Machine(tmp_path, gateway.base_url)


@pytest.mark.parametrize("credential", ["key", "sign-in"])
def test_a_chat_is_streamed_as_it_comes(gateway, cognito, machine, fault, credential):
    fault(operation="ConverseStream", token_delay_s=0.3, times=None)
    environment = {"PENNYWORTH_MODEL": gateway.model}
    if credential == "key":
        environment["PENNYWORTH_API_KEY"] = gateway.api_key
    else:
        signed_in(machine, person(gateway, cognito)[0])
    with machine.terminal("chat", "Good evening", **environment) as screen:
        screen.expect(r"\S")
        first = time.monotonic()
        said, code = ended(screen)
    assert code == 0
    assert len(said) > 3
    assert time.monotonic() - first > 0.5  # it did not come at once


def test_a_chat_reads_a_pipe_and_can_be_json(gateway, machine):
    key = {"PENNYWORTH_API_KEY": gateway.api_key}
    asked = ("chat", "--model", gateway.model, "--system", "Be brief", "Repeat")
    assert machine.out(*asked, stdin="an owl at night", **key).strip()
    whole = json.loads(machine.out(*asked, "--json", stdin="an owl at night", **key))
    assert (whole["object"], whole["choices"][0]["message"]["role"]) == ("chat.completion", "assistant")
    assert machine.run("chat", "--model", gateway.model, **key).returncode == 2  # nothing to ask
    assert machine.run("chat", "hello", **key).returncode == 2  # no model
    unknown = machine.run("chat", "--model", "no-such-model", "hello", **key)
    assert (unknown.returncode, "no-such-model" in unknown.stderr) == (5, True)
    revoked = machine.run("models", PENNYWORTH_API_KEY="sk-pw-" + "A" * 76)
    assert (revoked.returncode, "PENNYWORTH_API_KEY" in revoked.stderr) == (3, True)


def test_a_talk_goes_on_until_ctrl_d(gateway, machine, calls):
    key = {"PENNYWORTH_API_KEY": gateway.api_key, "PENNYWORTH_MODEL": gateway.model}
    with machine.terminal("chat", **key) as screen:
        for line in ("My name is Alfred", "What is my name?"):
            screen.expect("> ")
            screen.sendline(line)
        screen.expect("> ")
        screen.sendeof()
        assert ended(screen)[1] == 0
    first, second = (call["usage"] for call in calls())
    assert second["inputTokens"] > first["inputTokens"] + first["outputTokens"]  # the talk so far, and the question


def test_ctrl_c_ends_a_chat_at_once_and_without_a_traceback(gateway, machine, fault):
    fault(operation="ConverseStream", token_delay_s=0.5, times=None)
    key = {"PENNYWORTH_API_KEY": gateway.api_key, "PENNYWORTH_MODEL": gateway.model}
    with machine.terminal("chat", "A long story, please", **key) as screen:
        screen.expect(r"\S")
        began = time.monotonic()
        screen.sendintr()
        said, code = ended(screen)
    assert code == 130
    assert time.monotonic() - began < 3
    assert "Traceback" not in said


@pytest.mark.parametrize("client", ["cursor", "vscode", "claude"])
def test_a_configuration_for_tools_holds_no_key_and_works(gateway, machine, client):
    made = json.loads(machine.out("mcp", "config", client, PENNYWORTH_API_KEY=gateway.api_key))
    server = next(iter((made.get("mcpServers") or made.get("servers")).values()))
    assert gateway.api_key not in json.dumps(made)
    assert server["url"] == gateway.mcp_url
    header = re.sub(r"\$\{[\w:-]+\}", gateway.api_key, server["headers"]["Authorization"])
    hello = {
        "jsonrpc": "2.0",
        "id": 1,
        "method": "initialize",
        "params": {"protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": {"name": "t", "version": "1"}},
    }
    accept = "application/json, text/event-stream"
    answer = httpx.post(server["url"], json=hello, headers={"authorization": header, "accept": accept}, timeout=30)
    assert answer.status_code == 200
