"""MCP servers of a run: what the function is told of them, and what its role may do for them."""

import json
from pathlib import Path
from typing import Any

import pytest

from local import permissions
from local.mcp_servers import McpServerError, mcp_servers
from local.options import Options, UsageError
from services.mcp.upstream.declared import Declared

ARN = "arn:aws:lambda:us-east-1:123456789012:function:crm:live"
ROWS: dict[str, dict[str, Any]] = {
    "docs": {"type": "http", "url": "https://mcp.example.com/mcp", "auth": {"type": "header"}, "secret": "s3cr3t"},
    "crm": {"type": "lambda", "function": ARN},
    "shop": {
        "type": "openapi",
        "document": "https://api.example.com/openapi.json",
        "auth": {"type": "sigv4", "service": "execute-api", "resources": ["arn:aws:execute-api:us-east-1:1:a/*"]},
    },
}
WHERE = {
    "region": "us-east-1",
    "account_id": "123456789012",
    "user_pool_arn": "pool",
    "identity_pool_arn": "identities",
    "bucket_arn": "bucket",
    "parameters": "/pennyworth/local",
    "provider_keys": (),
}


def test_servers_are_json_or_a_file_of_it(tmp_path: Path) -> None:
    file = tmp_path / "servers.json"
    file.write_text(json.dumps(ROWS))
    for given in (json.dumps(ROWS), str(file)):
        assert [server.name for server in Options.of({"MCP_SERVERS": given}).mcp_servers] == ["docs", "crm", "shop"]


def test_what_the_function_is_told_holds_no_secret_and_is_what_it_takes() -> None:
    servers = mcp_servers(json.dumps(ROWS))
    assert "s3cr3t" not in repr(servers)
    for server in servers:
        assert "s3cr3t" not in server.declaration
        assert Declared.of(server.name, server.declaration).name == server.name


def test_the_role_may_read_and_invoke_what_is_declared_and_nothing_else() -> None:
    def allowed(key: str, **said: Any) -> list[tuple[str, str]]:
        policy = permissions.function(key, name=f"pennyworth-local-{key}", **WHERE, **said)
        return [
            (each["Sid"], resource.rpartition(":123456789012:")[2])
            for each in policy["Statement"]
            for resource in each["Resource"]
            if each["Sid"].startswith("Mcp")
        ]

    servers = mcp_servers(json.dumps(ROWS))
    assert allowed("mcp", mcp_servers=servers) == [
        ("McpServers", "parameter/pennyworth/local/mcp/docs/server"),
        ("McpServers", "parameter/pennyworth/local/mcp/crm/server"),
        ("McpServers", "parameter/pennyworth/local/mcp/shop/server"),
        ("McpServers", "parameter/pennyworth/local/mcp/docs/secret"),
        ("McpFunctions", "function:crm:live"),
    ]
    assert allowed("mcp") == []
    for other in ("openai", "admin", "authorizer"):
        assert allowed(other, mcp_servers=servers) == []


def test_a_server_that_cannot_be_shows_no_secret() -> None:
    with pytest.raises(UsageError) as caught:
        Options.of({"MCP_SERVERS": '{"docs": {"type": "smoke", "secret": "s3cr3t"}}'})
    assert "s3cr3t" not in str(caught.value)


def test_a_declaration_over_a_parameters_size_is_refused() -> None:
    row = {**ROWS["crm"], "approved": {f"tool_{number}": "x" * 43 for number in range(100)}}
    with pytest.raises(McpServerError, match="over the 4096 characters"):
        mcp_servers(json.dumps({"crm": row}))
