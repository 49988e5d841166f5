"""What every command promises, and those whose output can be told without a system."""

import json
import re

import pytest
import typer.main
from typer.testing import CliRunner

from pennyworth_cli.app import app
from pennyworth_cli.failure import MEANINGS, Code
from tools.cli_reference.page import commands

COMMANDS = dict(commands(typer.main.get_command(app), "pennyworth"))
SECRET = re.compile(r"passw|secret|token|api.?key|credential|code", re.IGNORECASE)


def run(*arguments, **environment):
    return CliRunner().invoke(app, list(arguments), env=environment)


def options(command):
    return [each for each in command.params if each.param_type_name == "option"]


@pytest.mark.parametrize("name", COMMANDS)
def test_no_command_takes_a_secret_on_its_line(name):
    """`ps` and the shell's history would show it."""
    for parameter in COMMANDS[name].params:
        taken = parameter.param_type_name == "argument" or not parameter.is_flag
        # --max-tokens counts them
        assert not (taken and SECRET.search(parameter.name) and parameter.name != "max_tokens"), parameter.name


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_explains_itself_and_speaks_json(name):
    command = COMMANDS[name]
    assert command.help
    assert {"--json", "--endpoint", "--profile"} <= {flag for each in options(command) for flag in each.opts}
    for each in options(command):
        assert each.help, each.opts


@pytest.mark.parametrize("words", [(), *({tuple(name.split()[1:-1]) for name in COMMANDS} - {()})])
def test_the_summaries_of_a_list_of_commands_are_whole(words):
    """In a terminal of 80 columns."""
    told = run(*words, "--help", COLUMNS="80").stdout
    assert "Commands:" in told
    assert "..." not in told.replace("[ARGS]...", "")


def test_every_code_has_its_meaning():
    assert set(map(int, MEANINGS)) == {0, 130, *map(int, Code)}


@pytest.mark.parametrize("before", [True, False])
def test_the_gateway_may_be_named_before_the_command_or_after_it(server, before):
    server.answers = [(200, {}, {"status": "ok", "version": "1", "git_sha": "a", "environment": "dev"})]
    named = ("--endpoint", server.url)
    done = run(*named, "status", "--json") if before else run("status", *named, "--json")
    assert (done.exit_code, json.loads(done.stdout)["endpoint"]) == (0, server.url)


def test_without_a_gateway_it_says_how_to_name_one():
    done = run("whoami")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "pennyworth login --endpoint" in done.stderr


def test_a_token_of_the_environment_is_enough(server):
    server.answers = [(200, {}, {"object": "list", "data": []})]
    done = run("keys", "list", "--endpoint", server.url, PENNYWORTH_TOKEN="id-token")
    assert (done.exit_code, done.stdout) == (0, "")
    assert server.seen[0][2]["Authorization"] == "Bearer id-token"


def test_a_key_pasted_where_its_id_belongs_is_not_repeated():
    secret = "sk-pw-" + "A" * 76
    done = run("keys", "revoke", secret, "--yes", "--endpoint", "https://llm.example.com")
    assert done.exit_code == 2
    assert secret not in done.stderr
    assert "key_" in done.stderr


def test_a_key_is_asked_for_with_its_limits(server):
    made = {"id": "key_a", "name": "ci", "value": "sk-pw-secret"}
    server.answers = [(200, {}, made)]
    arguments = ["--scope", "inference", "--scope", "mcp", "--model", "nova-*", "--expires-in", "2w"]
    arguments += ["--tool", "github_*", "--tool", "@reading"]
    done = run(
        "keys", "create", "ci", *arguments, "--budget-usd", "5", PENNYWORTH_ENDPOINT=server.url, PENNYWORTH_TOKEN="t"
    )
    assert done.stdout == "sk-pw-secret\n"
    assert "sk-pw-secret" not in done.stderr
    assert json.loads(server.seen[0][3]) == {
        "name": "ci",
        "scopes": ["inference", "mcp"],
        "models": ["nova-*"],
        "tools": ["github_*", "@reading"],
        "expires_in": 1_209_600,
        "budget_usd": 5,
    }


def test_an_answer_of_another_version_is_no_traceback(server):
    server.answers = [(200, {}, {"object": "me"})]
    done = run("whoami", PENNYWORTH_ENDPOINT=server.url, PENNYWORTH_TOKEN="t")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "lacks 'user'" in done.stderr


BUCKETS = {
    "object": "page",
    "data": [
        {
            "object": "bucket",
            "start_time": 0,
            "end_time": 86_400,
            "results": [
                {
                    "model": "m",
                    "num_model_requests": 1,
                    "input_tokens": 1200,
                    "amount": {"value": 0.1, "currency": "usd"},
                },
                {
                    "model": "n",
                    "num_model_requests": 2,
                    "output_tokens": 30,
                    "amount": {"value": 0.2, "currency": "usd"},
                },
            ],
        }
    ],
    "has_more": False,
    "next_page": None,
}


def test_usage_is_ones_own_and_adds_up(server):
    server.answers = [(200, {}, BUCKETS)]
    environment = {"PENNYWORTH_ENDPOINT": server.url, "PENNYWORTH_TOKEN": "t"}
    done = run("usage", "--by", "model", "--since", "2026-11-01T00:00:00Z", **environment)
    path = server.seen[0][1]
    assert path == "/v1/me/usage?start_time=1793491200&bucket_width=1d&group_by%5B%5D=model"
    assert done.stdout.splitlines()[0].split() == ["SINCE", "MODEL", "REQUESTS", "INPUT", "CACHED", "OUTPUT", "COST"]
    assert "1,200" in done.stdout
    assert done.stderr == "Together: 3 requests, 1,200 input, 0 cached, 30 output, $0.30\n"
    assert json.loads(run("usage", "--json", **environment).stdout) == BUCKETS["data"]


def test_costs_are_everybodys_by_line_item(server):
    result = {"line_item": "m", "amount": {"value": 1.25, "currency": "usd"}}
    server.answers = [(200, {}, BUCKETS | {"data": [{"start_time": 0, "results": [result]}]})]
    done = run("costs", "--by", "model", PENNYWORTH_ENDPOINT=server.url, PENNYWORTH_TOKEN="t")
    assert server.seen[0][1].startswith("/v1/organization/costs?")
    assert server.seen[0][1].endswith("group_by%5B%5D=line_item")
    assert done.stdout.splitlines()[0].split() == ["SINCE", "MODEL", "COST"]
    assert done.stdout.split()[-2:] == ["m", "$1.25"]


def test_embeddings_are_never_everybodys_unasked(server):
    """One's own cannot be told apart by the gateway's route for administrators."""
    server.answers = [(200, {}, BUCKETS)]
    environment = {"PENNYWORTH_ENDPOINT": server.url, "PENNYWORTH_TOKEN": "t"}
    done = run("usage", "--embeddings", **environment)
    assert (done.exit_code, server.seen) == (2, [])
    assert "--all or --user" in done.stderr
    assert run("usage", "--embeddings", "--all", "--by", "user", **environment).exit_code == 0
    assert server.seen[0][1].startswith("/v1/organization/usage/embeddings?")


def test_a_secret_pasted_as_a_keys_id_is_neither_sent_nor_repeated(server):
    """A URL is logged by every proxy on its way."""
    secret = "sk-pw-" + "A" * 76
    for whose in ((), ("--all",)):
        done = run("usage", "--key", secret, *whose, PENNYWORTH_ENDPOINT=server.url, PENNYWORTH_TOKEN="t")
        assert (done.exit_code, server.seen) == (2, [])
        assert secret not in done.stderr
        assert "key_" in done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("keys", "list", "--all", "--user", "a@example.com"),
        ("keys", "rotate", "key_a", "--overlap", "soon"),
        ("keys", "update", "key_a"),
        ("users", "update", "a@example.com"),
        ("users", "show", "ada"),
        ("users", "list", "--invited", "--search", "a"),
        ("users", "list", "--limit", "0"),
        ("usage", "--since", "yesterday"),
        ("usage", "--by", "colour"),
        ("usage", "--by", "user"),
        ("usage", "--embeddings"),
        ("usage", "--all", "--user", "a@example.com"),
        ("usage", "--key", "sk-pw-secret"),
        ("chat", "--model", "m"),
        ("mcp", "config", "emacs"),
        ("nonsense",),
    ],
)
def test_a_wrong_command_is_a_2_and_asks_the_gateway_nothing(server, arguments):
    done = run(*arguments, PENNYWORTH_ENDPOINT=server.url, PENNYWORTH_TOKEN="t", PENNYWORTH_API_KEY="k")
    assert done.exit_code == 2
    assert server.seen == []
