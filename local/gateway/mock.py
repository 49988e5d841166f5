"""What API Gateway answers by MOCK integrations, as terraform/modules/api/mocks.tf writes them: the CORS preflight, a
wrong method on a known path, and an unknown path."""

import json

from local.gateway.refusal import Refusal, Response
from local.gateway.request import Request
from local.gateway.routes import Resource

# A MOCK answers by the request's media type; any other is refused, whatever was asked for.
MEDIA_TYPES = (
    "application/json",
    "application/octet-stream",
    "application/x-www-form-urlencoded",
    "multipart/form-data",
    "text/plain",
)
_CORS = [("access-control-allow-origin", "*"), ("access-control-expose-headers", "*")]


def answer(request: Request, resource: Resource | None) -> Response:
    """What no function answers. `resource`: the path's, None for an unknown path. Raises Refusal for that, and for a
    media type that no MOCK knows."""
    if request.header("content-type").partition(";")[0].strip().lower() not in ("", *MEDIA_TYPES):
        raise Refusal("UNSUPPORTED_MEDIA_TYPE")
    if resource is None:
        # The MOCK's answer is this gateway response's, word for word.
        raise Refusal("MISSING_AUTHENTICATION_TOKEN")
    return _preflight(request, resource) if request.method == "OPTIONS" else _method_not_allowed(request, resource)


def _preflight(request: Request, resource: Resource) -> Response:
    headers = [
        ("access-control-allow-origin", "*"),
        ("access-control-allow-methods", ", ".join(resource.methods)),
        # The wildcard does not cover Authorization (Fetch standard, CORS non-wildcard request-header name).
        ("access-control-allow-headers", "authorization, *"),
        ("access-control-max-age", "7200"),
        ("x-request-id", request.id),
    ]
    return Response(204, headers, b"")


def _method_not_allowed(request: Request, resource: Resource) -> Response:
    allowed = ", ".join(resource.methods)
    error = {
        "message": f"{request.method} is not allowed on {request.raw_path}. Allowed: {allowed}.",
        "type": "invalid_request_error",
        "param": None,
        "code": "method_not_allowed",
    }
    headers = [("content-type", "application/json"), ("allow", allowed), ("x-request-id", request.id), *_CORS]
    return Response(405, headers, json.dumps({"type": "error", "error": error}).encode())
