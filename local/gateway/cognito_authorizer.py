"""COGNITO_USER_POOLS: API Gateway's own check of an ID token."""

import asyncio
import time
from collections.abc import Callable
from typing import Any

import httpx
import jwt

from local.gateway.event import Event
from local.gateway.refusal import Refusal

REFETCH_S = 10.0  # a token with an unknown key id fetches the key set again, but not more often than this
_USE = "token_use"
_REQUIRED = ["exp", "iat", "iss", "aud", "sub", _USE]
_DATES = frozenset({"exp", "iat"})


class CognitoAuthorizer:
    """Trusts RS256 and the pool's own keys, whatever a token says of itself."""

    def __init__(
        self, *, pool_id: str, client_ids: tuple[str, ...], region: str, aws_url: str, clock: Callable[[], float]
    ) -> None:
        self._issuer = f"https://cognito-idp.{region}.amazonaws.com/{pool_id}"
        self._client_ids = client_ids
        self._url = f"{aws_url.rstrip('/')}/{pool_id}/.well-known/jwks.json"
        self._clock = clock
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")
        self._fetching = asyncio.Lock()

    async def authorize(self, header: str) -> Event:
        """The `requestContext.authorizer` of the event. `header` is the Authorization header. Raises Refusal:
        UNAUTHORIZED, or AUTHORIZER_FAILURE when the pool's keys cannot be had."""
        token = header.removeprefix("Bearer ").strip()
        try:
            key = await self._key(jwt.get_unverified_header(token).get("kid"))
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                audience=self._client_ids,
                options={"require": _REQUIRED},
            )
        except jwt.PyJWTError:
            raise Refusal("UNAUTHORIZED") from None
        if claims[_USE] != "id":
            raise Refusal("UNAUTHORIZED")
        return {"claims": {name: _text(name, value) for name, value in claims.items()}}

    async def _key(self, key_id: object) -> Any:
        if not isinstance(key_id, str):
            raise Refusal("UNAUTHORIZED")
        if key_id not in self._keys:
            await self._fetch(key_id)
        if key_id not in self._keys:
            raise Refusal("UNAUTHORIZED")
        return self._keys[key_id]

    async def _fetch(self, key_id: str) -> None:
        async with self._fetching:
            if key_id in self._keys or self._clock() - self._fetched_at < REFETCH_S:
                return
            try:
                async with httpx.AsyncClient(trust_env=False, timeout=5) as client:
                    reply = (await client.get(self._url)).raise_for_status()
                found = {entry["kid"]: jwt.PyJWK(entry, "RS256").key for entry in reply.json()["keys"]}
            except (httpx.HTTPError, ValueError, KeyError, TypeError, jwt.PyJWTError):
                raise Refusal("AUTHORIZER_FAILURE") from None
            self._keys, self._fetched_at = found, self._clock()


def _text(name: str, value: Any) -> str:
    """A claim as API Gateway's REST APIs hand it on: lists joined by commas, times as Java prints a date."""
    if name in _DATES and isinstance(value, int | float):
        return time.strftime("%a %b %d %H:%M:%S UTC %Y", time.gmtime(value))
    if isinstance(value, list):
        return ",".join(map(str, value))
    return str(value).lower() if isinstance(value, bool) else str(value)
