"""What API Gateway answers by MOCK integrations: the CORS preflight, and a wrong method on a known path."""

import json

from local.gateway.refusal import Response
from local.gateway.request import Request
from local.gateway.routes import Resource

_CORS = [("access-control-allow-origin", "*"), ("access-control-expose-headers", "*")]


def preflight(resource: Resource) -> Response:
    headers = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", ", ".join(resource.methods)),
        # The wildcard does not cover Authorization (Fetch standard, CORS non-wildcard request-header name).
        ("access-control-allow-headers", "authorization, *"),
        ("access-control-max-age", "7200"),
    ]
    return Response(204, headers, b"")


def method_not_allowed(request: Request, resource: Resource) -> Response:
    allowed = ", ".join(resource.methods)
    error = {
        "message": f"{request.method} is not allowed on {request.raw_path}. Allowed: {allowed}.",
        "type": "invalid_request_error",
        "param": None,
        "code": "method_not_allowed",
    }
    headers = [("content-type", "application/json"), ("allow", allowed), *_CORS]
    return Response(405, headers, json.dumps({"error": error}).encode())
