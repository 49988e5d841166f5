"""What may be declared, and what is refused before anything is sent anywhere."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from services.mcp.upstream import declared
from services.mcp.upstream.declared import Declared, Misdeclared
from tests.mcp_declarations import BAD, GOOD, HTTP

VARIABLES = Path(__file__).resolve().parents[4] / "terraform/modules/pennyworth/variables.tf"


def of(row: object) -> Declared:
    return Declared.of("there", json.dumps(row))


def said(row: dict[str, Any]) -> dict[str, Any]:
    """As Terraform writes it into the parameter: without what is the role's alone."""
    return {**row, "auth": {k: v for k, v in row["auth"].items() if k != "resources"}} if "auth" in row else row


@pytest.mark.parametrize("row", GOOD, ids=json.dumps)
def test_what_can_be_declared(row):
    assert of(said(row)).name == "there"


@pytest.mark.parametrize(("row", "why"), BAD, ids=json.dumps)
def test_what_cannot_be_declared_is_named(row, why):
    with pytest.raises(Misdeclared, match=re.escape(why)):
        of(said(row))


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ([], "a JSON object"),
        ({}, "type"),
        ({**HTTP, "colour": "red"}, "its fields are"),
        ({**HTTP, "name": "else"}, "its fields are"),
        ({**HTTP, "auth": {"kind": "header"}}, "its fields are"),
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
    ],
)
def test_what_terraforms_types_leave_out_is_refused_here_too(row, why):
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
