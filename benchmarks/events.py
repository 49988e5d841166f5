"""Events as API Gateway hands them to the functions."""

import json
from collections.abc import Mapping
from typing import Any

PROMPT = "What is the capital of France?"


def proxy(
    method: str,
    resource: str,
    authorizer: dict[str, Any],
    body: object,
    also: Mapping[str, str] | None = None,
    **parameters: str,
) -> bytes:
    """A request to a route of openapi.yaml that its authorizer let pass."""
    path = resource.format(**parameters)
    headers = {
        "Accept": "application/json",
        "Accept-Encoding": "gzip, deflate",
        "Content-Type": "application/json",
        "Host": "api.example.com",
        "User-Agent": "OpenAI/Python 3.54.0",
        "X-Forwarded-For": "192.0.2.7",
        **(also or {}),
    }
    event = {
        "resource": resource,
        "path": path,
        "httpMethod": method,
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": None,
        "multiValueQueryStringParameters": None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": {**_context(method, resource, path), "authorizer": authorizer},
        "body": json.dumps(body),
        "isBase64Encoded": False,
    }
    return json.dumps(event).encode()


def authorization(key: str) -> bytes:
    """What the REQUEST authorizer is asked about a chat with this key."""
    resource = "/chat/completions"
    headers = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", "Host": "api.example.com"}
    event = {
        "type": "REQUEST",
        "methodArn": "arn:aws:execute-api:us-east-1:123456789012:bench/v1/POST/chat/completions",
        "resource": resource,
        "path": resource,
        "httpMethod": "POST",
        "headers": headers,
        "multiValueHeaders": {name: [value] for name, value in headers.items()},
        "queryStringParameters": {},
        "multiValueQueryStringParameters": {},
        "pathParameters": {},
        "stageVariables": {},
        "requestContext": _context("POST", resource, resource),
    }
    return json.dumps(event).encode()


def chat(model: str, authorizer: dict[str, Any], *, stream: bool) -> bytes:
    """The chat that is measured; baseline.py sends Bedrock the same prompt."""
    body = {"model": model, "messages": [{"role": "user", "content": PROMPT}], "stream": stream}
    return proxy("POST", "/chat/completions", authorizer, body)


def tools_list(authorizer: dict[str, Any]) -> bytes:
    """An MCP client's first question that is worth an answer, in the current revision."""
    meta = {
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    }
    body = {"jsonrpc": "2.0", "id": 1, "method": "tools/list", "params": {"_meta": meta}}
    headers = {
        "Accept": "application/json, text/event-stream",
        "MCP-Protocol-Version": "2026-07-28",
        "Mcp-Method": "tools/list",
    }
    return proxy("POST", "/mcp", authorizer, body, headers)


def _context(method: str, resource: str, path: str) -> dict[str, Any]:
    return {
        "requestId": "7f1b6c1e-5d1f-4c0e-9b1a-0d5f3e6a2c41",
        "extendedRequestId": "bench=",
        "apiId": "bench",
        "accountId": "123456789012",
        "stage": "v1",
        "resourceId": "abc123",
        "resourcePath": resource,
        "httpMethod": method,
        "path": f"/v1{path}",
        "protocol": "HTTP/1.1",
        "requestTime": "01/Jan/2026:00:00:00 +0000",
        "requestTimeEpoch": 1767225600000,
        "domainName": "api.example.com",
        "identity": {"sourceIp": "192.0.2.7", "userAgent": "OpenAI/Python 3.54.0"},
    }
