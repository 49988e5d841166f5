"""The events API Gateway makes of a request: for the Lambda proxy integration, and for the authorizer."""

import time
from base64 import b64encode
from typing import Any
from zlib import crc32

from local.gateway.config import GatewayConfig
from local.gateway.request import Request
from local.gateway.routes import Operation

Event = dict[str, Any]
_NOBODY = dict.fromkeys(
    (
        "accessKey",
        "accountId",
        "caller",
        "cognitoAuthenticationProvider",
        "cognitoAuthenticationType",
        "cognitoIdentityId",
        "cognitoIdentityPoolId",
        "principalOrgId",
        "user",
        "userArn",
    )
)


def method_arn(config: GatewayConfig, request: Request, base_path: str) -> str:
    """What an authorizer's policy allows or denies."""
    path = request.raw_path.removeprefix(base_path)
    stage = base_path.strip("/")
    return f"arn:aws:execute-api:{config.region}:{config.account_id}:{config.api_id}/{stage}/{request.method}{path}"


def shared(
    config: GatewayConfig, request: Request, operation: Operation, parameters: dict[str, str], base: str
) -> Event:
    """What both events hold. `path` has no stage, stays percent-encoded; parameters are decoded (REST APIs do so)."""
    host = request.header("host")
    port = host.rpartition(":")[2]
    headers = request.forwarded(int(port) if port.isdecimal() else 80)
    query: dict[str, list[str]] = {}
    for name, value in request.query:
        query.setdefault(name, []).append(value)
    return {
        "resource": operation.resource,
        "path": request.raw_path.removeprefix(base),
        "httpMethod": request.method,
        "headers": {name: values[-1] for name, values in headers.items()},
        "multiValueHeaders": headers,
        "queryStringParameters": {name: values[-1] for name, values in query.items()} or None,
        "multiValueQueryStringParameters": query or None,
        "pathParameters": parameters or None,
        "stageVariables": None,
        "requestContext": _request_context(config, request, operation, base),
    }


def _request_context(config: GatewayConfig, request: Request, operation: Operation, base: str) -> Event:
    received = time.gmtime(request.received_at)
    return {
        "accountId": config.account_id,
        "apiId": config.api_id,
        "domainName": request.header("host"),
        "domainPrefix": config.api_id,
        "extendedRequestId": request.extended_id,
        "httpMethod": request.method,
        "identity": {**_NOBODY, "sourceIp": request.source_ip, "userAgent": request.header("user-agent") or None},
        "path": request.raw_path,
        "protocol": f"HTTP/{request.http_version}",
        "requestId": request.id,
        "requestTime": time.strftime("%d/%b/%Y:%H:%M:%S +0000", received),
        "requestTimeEpoch": int(request.received_at * 1000),
        "resourceId": f"{crc32(operation.resource.encode()):08x}",
        "resourcePath": operation.resource,
        "stage": base.strip("/"),
    }


def proxy_event(known: Event, authorizer: Event | None, body: bytes, binary: bool) -> Event:
    """The Lambda proxy integration's event. A body that is not declared binary is text, whatever its bytes."""
    context = known["requestContext"]
    if authorizer is not None:
        context = {**context, "authorizer": authorizer}
    text = b64encode(body).decode() if binary else body.decode("utf-8", "replace")
    return {
        **known,
        "requestContext": context,
        "body": text if body else None,
        "isBase64Encoded": binary and bool(body),
    }


def authorizer_event(known: Event, arn: str) -> Event:
    """A REQUEST authorizer's event: no body."""
    return {"type": "REQUEST", "methodArn": arn, **known}
