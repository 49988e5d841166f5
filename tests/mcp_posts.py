"""POSTs to /mcp as well-behaved clients of each era write them, and the events API Gateway makes of them."""

import json
from collections.abc import Mapping
from typing import Any

from services.mcp.endpoint import Post
from services.mcp.eras import CAPABILITIES_KEY, CLIENT_KEY, NAMED_BY, VERSION_KEY
from services.mcp.headers import joined

HOST = "api.example.com"
MODERN = "2026-07-28"
ALWAYS = {
    "Content-Type": "application/json",
    "Accept": "application/json, text/event-stream",
    "Host": HOST,
}
META = {
    VERSION_KEY: MODERN,
    CAPABILITIES_KEY: {},
    CLIENT_KEY: {"name": "test", "version": "1"},
}
CALLER = {
    "principalId": "2f1c1f6e-0000-4000-8000-000000000001",
    "user_id": "2f1c1f6e-0000-4000-8000-000000000001",
    "name": "ada@example.com",
    "key_id": "key_0000000000000001",
    "group": "developers",
    "role_arn": "arn:aws:iam::000000000000:role/developers",
    "actions": "inference mcp usage",
    "models": '["*"]',
    "key_models": '["*"]',
    "tools": '[["*"], []]',
    "active": "true",
}


def raw(body: object, headers: Mapping[str, str | None] | None = None, host: str = HOST) -> Post:
    """A POST of any body (bytes as they are, the rest as JSON). A header of None is left out."""
    sent = {**ALWAYS, **(headers or {})}
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Post(joined({name: [value] for name, value in sent.items() if value is not None}), content, host)


def modern(
    method: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str | None] | None = None,
    meta: Mapping[str, Any] = META,
    number: Any = 1,
) -> Post:
    params = {**(params or {}), "_meta": meta}
    routing: dict[str, str | None] = {"MCP-Protocol-Version": MODERN, "Mcp-Method": method}
    if method in NAMED_BY and isinstance(params.get(NAMED_BY[method]), str):
        routing["Mcp-Name"] = params[NAMED_BY[method]]
    message = {"jsonrpc": "2.0", "id": number, "method": method, "params": params}
    return raw(message, {**routing, **(headers or {})})


def handshake(
    method: str,
    params: Mapping[str, Any] | None = None,
    headers: Mapping[str, str | None] | None = None,
    version: str | None = "2025-11-25",
    number: Any = 1,
) -> Post:
    message = {"jsonrpc": "2.0", "id": number, "method": method, **({} if params is None else {"params": params})}
    return raw(message, {"MCP-Protocol-Version": version, **(headers or {})})


def speak(version: str, method: str, params: Mapping[str, Any] | None = None) -> Post:
    """The same request in any revision."""
    return modern(method, params) if version == MODERN else handshake(method, params, version=version)


def event(post: Post, caller: Mapping[str, Any] = CALLER, server: str | None = None) -> dict[str, Any]:
    """API Gateway's REST proxy event for a POST, to one server if one is named."""
    return {
        "resource": "/mcp" if server is None else "/mcp/{server}",
        "path": "/mcp" if server is None else f"/mcp/{server}",
        "httpMethod": "POST",
        "headers": dict(post.headers) | {"Authorization": "Bearer sk-pw-secret"},
        "multiValueHeaders": {name: [value] for name, value in post.headers.items()}
        | {"Authorization": ["Bearer sk-pw-secret"]},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": None if server is None else {"server": server},
        "stageVariables": None,
        "requestContext": {
            "requestId": "8b5f3a52-0000-4000-8000-000000000002",
            "extendedRequestId": "ext=",
            "apiId": "api",
            "accountId": "000000000000",
            "stage": "v1",
            "resourceId": "mcp123",
            "resourcePath": "/mcp",
            "httpMethod": "POST",
            "path": "/v1/mcp",
            "protocol": "HTTP/1.1",
            "requestTime": "22/Nov/2026:12:00:00 +0000",
            "requestTimeEpoch": 1795348800000,
            "domainName": post.host,
            "identity": {"sourceIp": "192.0.2.1", "userAgent": "test"},
            "authorizer": dict(caller),
        },
        "body": post.body.decode(),
        "isBase64Encoded": False,
    }
