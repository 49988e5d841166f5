"""What may be declared, and what is refused before anything is sent anywhere."""

import json
import re
from pathlib import Path

import pytest

from services.mcp.upstream import declared
from services.mcp.upstream.declared import Declared, Misdeclared

HTTP = {"type": "http", "url": "https://mcp.example.com/mcp"}
ARN = "arn:aws:lambda:eu-west-1:123456789012:function:crm:live"
OAUTH = {"type": "oauth", "token_url": "https://id.example.com/token", "client_id": "x"}
VARIABLES = Path(__file__).resolve().parents[4] / "terraform/modules/pennyworth/variables.tf"


def of(row: object) -> Declared:
    return Declared.of("there", json.dumps(row))


@pytest.mark.parametrize(
    "row",
    [
        HTTP,
        {**HTTP, "era": "2025-06-18", "shared_session": True, "approved": {}, "timeout_s": 25, "max_kb": 4096},
        {**HTTP, "forward": ["X-Tenant-Id", "accept-language", "traceparent"]},
        {**HTTP, "auth": OAUTH},
        {**HTTP, "timeout_s": 1.5, "approved": None},
        {**HTTP, "auth": {"type": "header", "header": "X-Api-Key"}},
        {**HTTP, "url": "http://[fd00::1]:8080/mcp?x=1", "private": True},
        {"type": "lambda", "function": ARN, "payload": "message"},
        {"type": "openapi", "document": "https://api.example.com/openapi.json"},
    ],
)
def test_what_can_be_declared(row):
    assert of(row).name == "there"


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([], "a JSON object"),
        ({}, "type"),
        ({"type": "stdio"}, "type is one of"),
        ({**HTTP, "colour": "red"}, "its fields are"),
        ({**HTTP, "name": "else"}, "its fields are"),
        ({**HTTP, "auth": {"type": "basic"}}, "auth.type is one of"),
        ({**HTTP, "auth": {"kind": "header"}}, "its fields are"),
        ({**HTTP, "auth": {"type": "header", "header": "host"}}, "auth.header"),
        ({**HTTP, "auth": {"type": "header", "header": "a b"}}, "auth.header"),
        ({**HTTP, "auth": {"type": "header", "header": "Mcp-Session-Id"}}, "auth.header"),
        ({**HTTP, "auth": {**OAUTH, "client_id": ""}}, "client_id is missing"),
        ({**HTTP, "auth": {**OAUTH, "token_url": "http://id.example.com"}}, "auth.token_url begins with https"),
        ({**HTTP, "auth": {"type": "sigv4"}}, "auth.service is missing"),
        ({**HTTP, "era": "2023-01-01"}, "era is one of"),
        ({**HTTP, "timeout_s": 26}, "timeout_s"),
        ({**HTTP, "timeout_s": "20"}, "timeout_s is of another type"),
        ({**HTTP, "timeout_s": True}, "timeout_s"),
        ({**HTTP, "url": 7}, "url is of another type"),
        ({**HTTP, "forward": "x-tenant"}, "forward is of another type"),
        ({**HTTP, "forward": [7]}, "forward and approved hold texts"),
        ({**HTTP, "approved": ["x"]}, "approved is of another type"),
        ({**HTTP, "approved": {"x": 7}}, "forward and approved hold texts"),
        ({**HTTP, "private": "yes"}, "private is of another type"),
        ({**HTTP, "auth": None}, "auth is of another type"),
        ({**HTTP, "auth": {"type": "header", "header": 7}}, "header is of another type"),
        ({**HTTP, "max_kb": 0}, "max_kb"),
        ({**HTTP, "url": "http://mcp.example.com/mcp"}, "url begins with https"),
        ({**HTTP, "url": "https://user:pass@mcp.example.com/mcp"}, "no usable URL"),
        ({**HTTP, "url": "https:///mcp"}, "no usable URL"),
        ({**HTTP, "url": "https://mcp.example.com/a b"}, "no usable URL"),
        ({**HTTP, "url": "https://mcp.example.com\\@evil.example/"}, "no usable URL"),
        ({**HTTP, "url": "https://mcp.example.com/#x"}, "no usable URL"),
        ({**HTTP, "url": "https://mcp.example.com:99999/"}, "no usable URL"),
        ({**HTTP, "url": "file:///etc/passwd", "private": True}, "no usable URL"),
        ({**HTTP, "url": "ftp://mcp.example.com", "private": True}, "url begins with https"),
        ({"type": "openapi", "url": "https://api.example.com"}, "document is no usable URL"),
        ({"type": "lambda", "function": "crm"}, "Lambda function's ARN"),
        ({"type": "lambda", "function": ARN, "payload": "sqs"}, "payload is one of"),
        ({"type": "lambda", "function": ARN, "auth": {"type": "header"}}, "invoked as the gateway's own role"),
    ],
)
def test_what_cannot_be_declared_is_named(row, why):
    with pytest.raises(Misdeclared, match=re.escape(why)):
        of(row)


# What carries an identity, or belongs to the connection, by any of the names in use.
KEPT = [
    *("Authorization", "proxy-authorization", "Cookie", "set-cookie", "x-api-key", "api-key", "X-Goog-Api-Key", "host"),
    *("content-length", "content-type", "transfer-encoding", "connection", "x-forwarded-for", "x-forwarded-host"),
    *("x-amz-security-token", "x-amzn-oidc-data", "x-auth-token", "x-access-token", "cf-access-jwt-assertion"),
    *("mcp-session-id", "mcp-protocol-version", "last-event-id", "origin", "x-csrf-token", "x-user-password"),
    *("accept", "user-agent", "te", "upgrade", "via", "forwarded", "x-real-ip", "x-client-secret", "x-session"),
]


@pytest.mark.parametrize("header", KEPT)
def test_headers_that_hold_an_identity_are_never_forwarded(header):
    with pytest.raises(Misdeclared, match="is not passed on to other servers"):
        of({**HTTP, "forward": [header]})


def test_terraform_keeps_the_same_headers():
    [kept] = re.findall(r'regex\("\(\?i\)\^\((host\|.*?)\)\$", header\)', VARIABLES.read_text())
    assert kept == declared._KEPT.pattern


@pytest.mark.parametrize("header", ["a b", "", "x:y", "x\ny", "-x", "x" * 65])
def test_what_is_no_header_is_not_forwarded(header):
    with pytest.raises(Misdeclared, match="no header's name"):
        of({**HTTP, "forward": [header]})
