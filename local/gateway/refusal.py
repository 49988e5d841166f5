"""What API Gateway answers itself, from the contract's x-amazon-apigateway-gateway-responses."""

import json
import re
from collections.abc import Mapping
from typing import Any, NamedTuple

# Type: (default status, default message). Amazon API Gateway developer guide, "Gateway response types".
_TYPES: dict[str, tuple[int, str]] = {
    "ACCESS_DENIED": (403, "User is not authorized to access this resource"),
    "AUTHORIZER_CONFIGURATION_ERROR": (500, "Internal server error"),
    "AUTHORIZER_FAILURE": (500, "Internal server error"),
    "BAD_REQUEST_BODY": (400, "Invalid request body"),
    "INVALID_API_KEY": (403, "Forbidden"),
    "INTEGRATION_FAILURE": (504, "Internal server error"),
    "INTEGRATION_TIMEOUT": (504, "Endpoint request timed out"),
    "MISSING_AUTHENTICATION_TOKEN": (403, "Missing Authentication Token"),
    "THROTTLED": (429, "Too Many Requests"),
    "UNAUTHORIZED": (401, "Unauthorized"),
    "UNSUPPORTED_MEDIA_TYPE": (415, "Unsupported Media Type"),
    "DEFAULT_4XX": (400, "Bad Request"),
    "DEFAULT_5XX": (502, "Internal server error"),
}
_CONTENT_TYPE = "application/json"
# What API Gateway answers whatever the contract says of REQUEST_TOO_LARGE: over its own limit, and over Lambda's. Its
# guide calls the customisation unsupported (quoted at zenn.dev/august/articles/67c76de854cb6d); so it was seen by
# reapit/foundations (issue 4338) and, with both answers, by koki-develop/lgtm-generator (issue 10). Read 2026-11.
_FIXED = {
    "REQUEST_TOO_LARGE": ("text/plain; charset=utf-8", b"HTTP content length exceeded 10485760 bytes."),
    "EVENT_TOO_LARGE": (_CONTENT_TYPE, b'{"message":"Request Too Long"}'),
}
_DEFAULT_TEMPLATE = '{"message":$context.error.messageString}'
_VARIABLE = re.compile(r"\$context\.([A-Za-z0-9_]+(?:\.[A-Za-z0-9_]+)*)")
_HEADER = "gatewayresponse.header."

Context = Mapping[str, Any]
Headers = list[tuple[str, str]]


class Refusal(Exception):  # noqa: N818 -- an answer, not a fault
    """A request that ends at the gateway; the type names its response."""

    def __init__(self, type_: str) -> None:
        super().__init__(type_)
        self.type = type_


class Response(NamedTuple):
    status: int
    headers: Headers
    body: bytes


class GatewayResponses:
    """Raises ValueError for a contract that names a parameter nobody here can compute."""

    def __init__(self, contract: Mapping[str, Any]) -> None:
        self._entries: Mapping[str, Any] = contract.get("x-amazon-apigateway-gateway-responses", {})
        self._base_path: str = contract.get("servers", [{"url": ""}])[0]["url"]
        for entry in self._entries.values():
            for name, value in entry.get("responseParameters", {}).items():
                if not name.startswith(_HEADER) or not (_static(value) or value.startswith("context.")):
                    raise ValueError(f"gateway response parameter {name}: {value} is not understood")

    def render(self, type_: str, context: Context) -> Response:
        """The answer of a type. `context` is the request's `$context`, without its error."""
        if type_ in _FIXED:
            content_type, text = _FIXED[type_]
            return Response(413, [("content-type", content_type)], text)
        default_status, message = _TYPES[type_]
        entry = self._entry(type_, default_status)
        error = {"message": message, "messageString": json.dumps(message), "responseType": type_}
        known = {**context, "error": error}
        templates = entry.get("responseTemplates") or {_CONTENT_TYPE: _DEFAULT_TEMPLATE}
        content_type = _CONTENT_TYPE if _CONTENT_TYPE in templates else next(iter(templates))
        body = _VARIABLE.sub(lambda found: _lookup(known, found[1]), templates[content_type])
        headers = [("content-type", content_type)]
        for name, value in entry.get("responseParameters", {}).items():
            text = value[1:-1] if _static(value) else _lookup(known, value.removeprefix("context."))
            # Terraform knows the address beforehand; here it is the one the client used.
            text = text.replace("{base_url}", f"http://{_lookup(known, 'domainName')}{self._base_path}")
            headers.append((name.removeprefix(_HEADER), text))
        return Response(int(entry.get("statusCode") or default_status), headers, body.encode())

    def _entry(self, type_: str, status: int) -> Mapping[str, Any]:
        """The type's own, or the default of its class, which keeps the type's status."""
        if type_ in self._entries:
            own: Mapping[str, Any] = self._entries[type_]
            return own
        default: Mapping[str, Any] = self._entries.get("DEFAULT_5XX" if status >= 500 else "DEFAULT_4XX", {})
        return default


def _static(value: str) -> bool:
    return len(value) >= 2 and value[0] == value[-1] == "'"


def _lookup(context: Context, path: str) -> str:
    """A variable's text; one that is not there is empty, as in API Gateway."""
    value: Any = context
    for step in path.split("."):
        value = value.get(step) if isinstance(value, Mapping) else None
    return "" if value is None else str(value)
