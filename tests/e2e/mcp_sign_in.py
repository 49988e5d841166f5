"""An MCP client that signs somebody in: the official SDK's flow, and each of its steps alone."""

import asyncio
import hashlib
import secrets
from base64 import urlsafe_b64encode
from urllib.parse import parse_qs, urlencode, urlsplit

import httpx
import httpx2
from mcp import Client
from mcp.client.auth import OAuthClientProvider
from mcp.client.streamable_http import streamable_http_client
from mcp.shared.auth import AuthorizationCodeResult, OAuthClientMetadata

from tests.e2e.people import PASSWORD

REDIRECT = "http://127.0.0.1:45999/callback"
VERIFIER = secrets.token_urlsafe(48)
CHALLENGE = urlsafe_b64encode(hashlib.sha256(VERIFIER.encode()).digest()).decode().rstrip("=")


def person(gateway, cognito, email, group="developers"):
    user = gateway.user(email, group)
    cognito.idp.admin_set_user_password(**cognito.pool, Username=user, Password=PASSWORD, Permanent=True)
    return email


class Storage:
    tokens = client = None

    async def get_tokens(self):
        return self.tokens

    async def set_tokens(self, tokens):
        self.tokens = tokens

    async def get_client_info(self):
        return self.client

    async def set_client_info(self, client):
        self.client = client


def provider(gateway, browser, storage, redirect_uri=REDIRECT, name="A test"):
    """The SDK's own client of the flow; `browser.open(url)` tells the URL of the client's that the way ends at."""
    came_back = {}

    async def redirect(url):
        came_back.update(parse_qs(urlsplit(await asyncio.to_thread(browser.open, url)).query))

    async def returned():
        return AuthorizationCodeResult(
            code=came_back["code"][0], state=came_back["state"][0], iss=came_back.get("iss", [None])[0]
        )

    metadata = OAuthClientMetadata(client_name=name, redirect_uris=[redirect_uri], token_endpoint_auth_method="none")
    return OAuthClientProvider(gateway.mcp_url, metadata, storage, redirect, returned)


async def listed(gateway, auth):
    async with (
        httpx2.AsyncClient(auth=auth, timeout=20, trust_env=False) as http,
        Client(streamable_http_client(gateway.mcp_url, http_client=http)) as client,
    ):
        tools = await client.list_tools()
        called = await client.call_tool("list_models", {})
        return {tool.name for tool in tools.tools}, called


def register(gateway, *uris, name="A test"):
    with gateway.http() as http:
        body = {"client_name": name, "redirect_uris": list(uris or [REDIRECT])}
        return http.post("/oauth/register", json=body).raise_for_status().json()["client_id"]


def address(gateway, client_id, redirect_uri=REDIRECT, **changes):
    """Where a client sends a person."""
    query = {
        "response_type": "code",
        "client_id": client_id,
        "redirect_uri": redirect_uri,
        "code_challenge": CHALLENGE,
        "code_challenge_method": "S256",
        "state": "of the client",
        "resource": f"{gateway.base_url}/mcp",
    }
    sent = {name: value for name, value in (query | changes).items() if value is not None}
    return f"{gateway.base_url}/oauth/authorize?{urlencode(sent)}"


def answer(url):
    return {name: value for name, [value] in parse_qs(urlsplit(url).query).items()}


def token(gateway, **form):
    with httpx.Client(timeout=20, trust_env=False) as http:
        return http.post(f"{gateway.base_url}/oauth/token", data=form)


def code_for(gateway, client_id, **form):
    return {
        "grant_type": "authorization_code",
        "client_id": client_id,
        "redirect_uri": REDIRECT,
        "code_verifier": VERIFIER,
        **form,
    }
