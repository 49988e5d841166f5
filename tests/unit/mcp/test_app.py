"""The function as Lambda calls it, up to where inference would begin."""

import base64
import json
import os
import subprocess
import sys
from typing import Any

import pytest

from pennyworth.settings import settings
from tests.mcp_posts import CALLER, MODERN, event, handshake, modern, raw

ENVIRONMENT = {
    "PENNYWORTH_ENVIRONMENT": "local",
    "VERSION": "1.2.3",
    "GIT_SHA": "abc",
    "AWS_REGION": "us-east-1",
    "PENNYWORTH_USER_POOL_ID": "pool",
    "PENNYWORTH_CLIENT_IDS": "client",
    "PENNYWORTH_IDENTITY_POOL_ID": "identities",
    "PENNYWORTH_DEVELOPER_PROVIDER": "provider",
    "PENNYWORTH_PEPPER_PARAMETER": "/pepper",
    "PENNYWORTH_AUTHORIZER_TTL_S": "60",
    "PENNYWORTH_OPENAI_FUNCTION": "openai",
}


class Context:
    function_name = "mcp"
    memory_limit_in_mb = 512
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:mcp"
    aws_request_id = "1"

    def get_remaining_time_in_millis(self) -> int:
        return 29_000


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in ENVIRONMENT.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()


def invoke(request: dict[str, Any]) -> dict[str, Any]:
    from services.mcp.app import handler

    return handler(request, Context())


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_the_resources_metadata_name_it_as_the_client_does(scheme: str) -> None:
    request = event(modern("server/discover")) | {
        "httpMethod": "GET",
        "path": "/.well-known/oauth-protected-resource",
        "resource": "/.well-known/oauth-protected-resource",
    }
    request["multiValueHeaders"] = {"X-Forwarded-Proto": [scheme]}
    request["requestContext"] = request["requestContext"] | {"domainName": "llm.example.com"}

    metadata = json.loads(invoke(request)["body"])

    assert metadata == {
        "resource": f"{scheme}://llm.example.com/v1/mcp",
        "resource_name": "Pennyworth",
        "bearer_methods_supported": ["header"],
    }


def test_a_request_is_answered_with_json_and_its_request_id() -> None:
    reply = invoke(event(modern("server/discover")))

    assert reply["statusCode"] == 200
    assert reply["multiValueHeaders"]["Content-Type"] == ["application/json"]
    assert reply["multiValueHeaders"]["x-request-id"] == ["8b5f3a52-0000-4000-8000-000000000002"]
    result = json.loads(reply["body"])["result"]
    assert result["_meta"]["io.modelcontextprotocol/serverInfo"]["version"] == "1.2.3"


def test_a_notification_is_answered_by_an_empty_202() -> None:
    reply = invoke(event(raw({"jsonrpc": "2.0", "method": "notifications/initialized"})))

    assert reply["statusCode"] == 202
    assert not reply["body"]
    assert "Content-Type" not in reply["multiValueHeaders"]


def test_no_session_is_ever_opened() -> None:
    reply = invoke(event(handshake("initialize", {"protocolVersion": "2025-11-25"}, version=None)))

    assert "mcp-session-id" not in {name.lower() for name in reply["multiValueHeaders"]}


def test_what_mcp_refuses_is_a_json_rpc_error_under_its_status() -> None:
    reply = invoke(event(modern("ping", number="a")))

    assert reply["statusCode"] == 404
    assert json.loads(reply["body"])["error"]["code"] == -32601


def test_a_body_in_base64_is_read() -> None:
    request = event(modern("server/discover"))
    request |= {"body": base64.b64encode(request["body"].encode()).decode(), "isBase64Encoded": True}

    assert invoke(request)["statusCode"] == 200


@pytest.mark.parametrize("body", [None, "", "\ud800"])
def test_no_body_and_a_broken_one_are_parse_errors(body: str | None) -> None:
    reply = invoke(event(modern("server/discover")) | {"body": body})

    assert (reply["statusCode"], json.loads(reply["body"])["error"]["code"]) == (400, -32700)


def test_a_repeated_header_is_no_header_that_could_be_trusted() -> None:
    request = event(modern("server/discover"))
    request["multiValueHeaders"]["mcp-protocol-version"] = [MODERN, MODERN]

    assert json.loads(invoke(request)["body"])["error"]["code"] == -32020


@pytest.mark.parametrize(
    ("change", "status", "code"),
    [
        ({"actions": "inference"}, 403, "action_not_allowed"),
        ({"active": "false"}, 403, "account_disabled"),
        ({"actions": None}, 401, "invalid_api_key"),
    ],
)
def test_who_may_not_come_in_is_told_before_a_message_is_read(change: dict[str, Any], status: int, code: str) -> None:
    reply = invoke(event(raw(b"{"), {**CALLER, **change}))

    assert reply["statusCode"] == status
    assert json.loads(reply["body"])["error"]["code"] == code


COLD_START = """
import json, sys
from types import SimpleNamespace
from services.mcp.app import handler
from tests.mcp_posts import event, modern
context = SimpleNamespace(
    function_name="", memory_limit_in_mb=1, invoked_function_arn="", aws_request_id="",
    get_remaining_time_in_millis=lambda: 29_000,
)
assert handler(event(modern("tools/list")), context)["statusCode"] == 200
print(json.dumps(sorted(sys.modules)), file=sys.stderr)
"""


def test_a_first_list_of_tools_loads_nothing_of_aws_and_no_validator() -> None:
    paths = os.pathsep.join(["", "shared"])
    process = subprocess.run(
        [sys.executable, "-c", COLD_START],
        env={**os.environ, **ENVIRONMENT, "PYTHONPATH": paths},
        capture_output=True,
        text=True,
        timeout=30,
        check=True,
    )

    heavy = {"hashlib", "boto3", "botocore.client", "pennyworth.aws", "pydantic", "jsonschema", "mcp_types", "requests"}
    assert heavy.isdisjoint(json.loads(process.stderr))
