"""The documents by which MCP clients find out how to get a token."""

from typing import Any

from services.mcp.headers import joined

SCOPE = "pennyworth/mcp"  # as Cognito writes it: the resource server's identifier, and its one scope


def base_url(event: dict[str, Any]) -> str:
    """What clients call this API by: the issuer. API Gateway itself says under which name it was called."""
    scheme = joined(event["multiValueHeaders"]).get("x-forwarded-proto", "https")
    return f"{scheme}://{event['requestContext']['domainName']}/{event['requestContext']['stage']}"


def protected_resource(base_url: str, *, signs_in: bool) -> dict[str, Any]:
    """RFC 9728. Without sign-in it names no authorization server: keys are handed out by people, not by a flow."""
    flow = {"authorization_servers": [base_url], "scopes_supported": [SCOPE]} if signs_in else {}
    return {
        "resource": resource(base_url),
        "resource_name": "Pennyworth",
        "bearer_methods_supported": ["header"],
        **flow,
    }


def resource(base_url: str) -> str:
    """What RFC 8707 calls this MCP server by; /mcp/{server} lies below it."""
    return f"{base_url}/mcp"


def authorization_server(base_url: str, jwks_uri: str, *, documents: bool) -> dict[str, Any]:
    """RFC 8414, and at /.well-known/openid-configuration too: of the three addresses that clients try for an issuer
    with a path it is the one below that path, and an API Gateway stage has no others. `documents`: whether a client id
    may be the address of a document.

    No ID token is ever given out; the members that speak of them are there because OpenID's discovery requires them and
    the TypeScript SDK checks for them.
    """
    return {
        "issuer": base_url,
        "authorization_endpoint": f"{base_url}/oauth/authorize",
        "token_endpoint": f"{base_url}/oauth/token",
        "revocation_endpoint": f"{base_url}/oauth/revoke",
        "registration_endpoint": f"{base_url}/oauth/register",
        "jwks_uri": jwks_uri,
        "scopes_supported": [SCOPE],
        "response_types_supported": ["code"],
        "response_modes_supported": ["query"],
        "grant_types_supported": ["authorization_code", "refresh_token"],
        "token_endpoint_auth_methods_supported": ["none"],
        "revocation_endpoint_auth_methods_supported": ["none"],
        "code_challenge_methods_supported": ["S256"],
        "client_id_metadata_document_supported": documents,
        "authorization_response_iss_parameter_supported": True,
        "request_uri_parameter_supported": False,  # of which OpenID's discovery assumes otherwise
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": ["RS256"],
    }
