"""The open routes by which an MCP client gets a token for the person in front of it.

What answers them is imported when one is first asked: calls of tools never need it.
"""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

from pennyworth.http import Event
from pennyworth.settings import settings
from services.mcp.oauth.metadata import base_url, protected_resource

router = Router()  # type: ignore[no-untyped-call]  # Powertools' own


@router.get("/.well-known/oauth-protected-resource")
def get_protected_resource_metadata() -> dict[str, Any]:
    return protected_resource(base_url(_event()), signs_in=bool(settings().sign_in_url))


@router.get("/.well-known/oauth-authorization-server")
@router.get("/.well-known/openid-configuration")
def get_authorization_server_metadata() -> Response[Any]:
    return _step("server")


@router.post("/oauth/register")
def register_client() -> Response[Any]:
    return _step("register")


@router.get("/oauth/authorize")
def authorize() -> Response[Any]:
    return _step("authorize")


@router.post("/oauth/consent")
def consent() -> Response[Any]:
    return _step("consent")


@router.get("/oauth/callback")
def callback() -> Response[Any]:
    return _step("callback")


@router.post("/oauth/token")
def token() -> Response[Any]:
    return _step("token")


@router.post("/oauth/revoke")
def revoke() -> Response[Any]:
    return _step("revoke")


def _step(name: str) -> Response[Any]:
    from services.mcp.oauth import steps

    answer: Response[Any] = getattr(steps, name)(_event())
    return answer


def _event() -> Event:
    raw: Event = router.current_event.raw_event
    return raw
