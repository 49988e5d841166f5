"""The two people of a fresh installation: an administrator, made where an operator would make the first one, and a
developer with a key, made by that administrator through the gateway's own REST API."""

import asyncio
import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from local.private import read, write
from local.provision import Aws, Installation

ADMIN = "admin@example.com"
DEVELOPER = "developer@example.com"
_KEY_NAME = "make run"
_LIMIT_S = 60  # the first requests start the functions


class PeopleError(Exception):
    """The gateway did not do what it was asked; the message quotes its answer."""


@dataclass(frozen=True, slots=True)
class Developer:
    key: str
    reused: bool  # a key from an earlier run that still works


class Administrator:
    """Signs in with a password that lies in the local folder, so that other clients can too."""

    def __init__(self, aws: Aws, installation: Installation, folder: Path) -> None:
        self._idp, self._installation = aws("cognito-idp"), installation
        self._file = folder / "admin-password"

    def ensure(self) -> None:
        """The administrator exists, is in the group of administrators, and has this password."""
        pool = {"UserPoolId": self._installation.user_pool_id}
        try:
            attributes = [{"Name": "email_verified", "Value": "true"}, {"Name": "name", "Value": "Administrator"}]
            self._idp.admin_create_user(**pool, Username=ADMIN, UserAttributes=attributes, MessageAction="SUPPRESS")
        except self._idp.exceptions.UsernameExistsException:
            self._idp.admin_enable_user(**pool, Username=ADMIN)
        self._idp.admin_set_user_password(**pool, Username=ADMIN, Password=self._password(), Permanent=True)
        self._idp.admin_add_user_to_group(**pool, Username=ADMIN, GroupName="admins")

    def token(self) -> str:
        """A new ID token."""
        answer = self._idp.admin_initiate_auth(
            UserPoolId=self._installation.user_pool_id,
            ClientId=self._installation.client_id,
            AuthFlow="ADMIN_USER_PASSWORD_AUTH",
            AuthParameters={"USERNAME": ADMIN, "PASSWORD": self._password()},
        )
        return str(answer["AuthenticationResult"]["IdToken"])

    def _password(self) -> str:
        kept = read(self._file)
        if not kept:
            kept = new_password()
            write(self._file, kept)
        return kept


async def developer(base_url: str, admin_token: str, known_key: str) -> Developer:
    """The developer's key: the one known from before (may be empty) if the gateway still takes it, else a new one.

    Raises PeopleError and httpx.HTTPError.
    """
    async with httpx.AsyncClient(base_url=base_url, timeout=_LIMIT_S, trust_env=False) as client, _warm(client):
        if known_key and (await client.get("/models", headers=_bearer(known_key))).status_code == 200:
            return Developer(known_key, reused=True)
        client.headers.update(_bearer(admin_token))
        keys = f"/organization/users/{await _developer_id(client)}/api_keys"
        # An earlier run's key whose secret is lost would hold its slot for nothing.
        for key in (await _asked(client, "GET", keys))["data"]:
            if key["name"] == _KEY_NAME:
                await _asked(client, "DELETE", f"{keys}/{key['id']}")
        minted = await _asked(client, "POST", keys, {"name": _KEY_NAME})
        # Seen to work before it is shown.
        client.headers.update(_bearer(minted["value"]))
        await _asked(client, "GET", "/models")
        return Developer(minted["value"], reused=False)


@asynccontextmanager
async def _warm(client: httpx.AsyncClient) -> AsyncIterator[None]:
    """Start the inference function meanwhile: a newcomer's first request shall not wait for it."""
    health = asyncio.create_task(_asked(client, "GET", "/health"))
    try:
        yield
        await health
    finally:
        health.cancel()


async def _developer_id(client: httpx.AsyncClient) -> str:
    found = (await _asked(client, "GET", f"/organization/users?emails[]={DEVELOPER}"))["data"]
    if found:
        return str(found[0]["id"])
    person = {"email": DEVELOPER, "name": "Developer", "group": "developers", "temporary_password": new_password()}
    return str((await _asked(client, "POST", "/organization/users", person))["id"])


async def _asked(client: httpx.AsyncClient, method: str, path: str, body: Any = None) -> Any:
    answer = await client.request(method, path, json=body)
    if answer.status_code != 200:
        raise PeopleError(f"{method} {path} answered {answer.status_code}: {answer.text[:500]}")
    return answer.json()


def _bearer(token: str) -> dict[str, str]:
    return {"authorization": f"Bearer {token}"}


def new_password() -> str:
    """Random, and with a character of every kind a password policy may ask for."""
    return secrets.token_urlsafe(24) + "-aA1"
