"""What the dashboard, the saved queries and the metrics ask the logs for is what the logs say."""

import json
import re
from pathlib import Path
from types import SimpleNamespace

import pytest
from awslambdaric.bootstrap import make_error

from pennyworth import authorizer
from pennyworth.logs import fault
from pennyworth.principal import Principal
from services.mcp.access.usage import Usage
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.pages import Listed
from services.mcp.upstream.upstream import Served
from services.openai import routing
from services.openai.app import handler
from services.openai.catalogue import catalogue
from services.openai.meter import Meter
from services.openai.names import Names

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform" / "modules"
QUERIES = json.loads((TERRAFORM / "observability" / "queries.json").read_text())
FUNCTIONS = {"openai", "mcp", "admin", "authorizer", "ledger"}
# Given by CloudWatch with every event of a log.
DISCOVERED = {"@timestamp", "@message", "@log"}
# Lambda's own line about an invocation. Source: AWS Lambda developer guide, system log events (read 2026-11).
PLATFORM = {"type", "record.metrics.initDurationMs"}
WORDS = {
    *("and", "as", "asc", "avg", "bin", "by", "count", "desc", "fields", "filter", "in", "ispresent", "limit", "max"),
    *("not", "or", "pct", "sort", "stats", "sum"),
}

CALLER = Principal("u1", "ada@example.com", "key_1", "developers", "arn", frozenset({"inference"}), ("*",))


class Streamed:
    """A provider whose stream tells its usage, or whose client left before it did."""

    def __init__(self, whole):
        self._whole = whole

    def stream(self, _body, _envelope, meter: Meter):
        meter.pieces = 1
        yield b"data: {}\n\n"
        if self._whole:
            details = {"cached_tokens": 1}
            meter.read({"prompt_tokens": 2, "completion_tokens": 3, "prompt_tokens_details": details})


def withheld():
    """Two tools that another server lists: one that changed since it was approved, and one that nobody approved."""
    row = {"type": "http", "url": "https://mcp.example.com/mcp", "approved": {"old": "another digest"}}
    tools = [{"name": name, "inputSchema": {"type": "object"}} for name in ("old", "new")]
    backend = SimpleNamespace(listed=lambda *_: Listed(tools, 0), shows=lambda _: False)
    assert Served(Declared.of("docs", json.dumps(row)), backend).lists("tools") == []


def failed():
    """What the line of a tool that failed says besides."""
    usage = Usage(CALLER)
    usage.counts("docs_find", "docs", lambda: {"isError": True})
    return set(usage.fields())


@pytest.fixture
def written(monkeypatch, log):
    """Every field that the functions' logs hold, from lines they really wrote."""
    event = {
        "resource": "/chat/completions",
        "path": "/chat/completions",
        "httpMethod": "POST",
        "headers": {},
        "multiValueHeaders": {},
        "requestContext": {"requestId": "r1", "authorizer": CALLER.to_context()},
        "body": json.dumps({"model": "nova-lite", "stream": True}),
        "isBase64Encoded": False,
    }
    names = Names(catalogue(), {})
    monkeypatch.setattr(routing, "names", lambda: names)
    for whole in (True, False):
        monkeypatch.setattr(routing, "provider", lambda *_, whole=whole: Streamed(whole))
        list(handler(dict(event), SimpleNamespace(streams=True))["body"])
    fault("a fault", ValueError())
    withheld()
    return {field for line in log() for field in line} | failed() | set(make_error("Unauthorized", "Unauthorized", []))


def access_log():
    """The keys of the access log's format, as the API's module has it."""
    format_ = re.search(r"format\s*=\s*jsonencode\(\{(.*?)\}\)", (TERRAFORM / "api" / "main.tf").read_text(), re.DOTALL)
    assert format_, "the API's module has no access log in JSON"
    return set(re.findall(r"(\w+)\s*=\s*\"\$context", format_[1]))


def asked(query):
    """The fields a query reads: its names, less those it makes itself, its words and its texts."""
    text = re.sub(r'"[^"]*"', "", " ".join(query))
    made = set(re.findall(r"\bas (\w+)", text))
    names = set(re.findall(r"@?[a-zA-Z_][\w.]*", re.sub(r"bin\(\w+\)", "", text)))
    return names - made - WORDS


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if query["logs"] != ["access"]])
def test_a_query_reads_fields_the_functions_write(written, name):
    assert set(QUERIES[name]["logs"]) <= FUNCTIONS
    assert asked(QUERIES[name]["query"]) <= written | DISCOVERED | PLATFORM


@pytest.mark.parametrize("name", [name for name, query in QUERIES.items() if query["logs"] == ["access"]])
def test_a_query_reads_fields_the_access_log_has(name):
    assert asked(QUERIES[name]["query"]) <= access_log() | DISCOVERED


def test_a_metric_reads_fields_the_functions_write(written):
    text = (TERRAFORM / "observability" / "main.tf").read_text()
    assert set(re.findall(r"\$\.(\w+)", text)) <= written


def test_what_the_authorizer_says_when_it_refuses_is_what_the_metric_counts(monkeypatch, log):
    monkeypatch.setattr(authorizer, "authorizer", lambda: SimpleNamespace(identify=lambda _: None))
    with pytest.raises(authorizer.Unauthorized):
        authorizer.handler({}, None)
    (line,) = log()
    assert f'$.message = \\"{line["message"]}\\"' in (TERRAFORM / "observability" / "main.tf").read_text()
