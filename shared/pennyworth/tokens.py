"""Cognito's ID and access tokens."""

import time
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

_REFETCH_S = 60  # an unknown key id may be a rotation, or a flood of forgeries: ask again at most this often


class Proof(NamedTuple):
    user_id: str  # `sub`
    expires_at: int  # unix seconds
    audience: str = ""  # "mcp" for a token that opens the MCP endpoint alone


class Tokens:
    """Verifies the tokens of one user pool. RS256 alone: the algorithm is fixed here, never taken from a token.

    `key_set` answers the pool's JSON Web Key Set; `mcp_scope` is the scope in the access tokens that MCP clients hold,
    or empty where they get none; `clock` is injected for tests.
    """

    def __init__(
        self,
        issuer: str,
        client_ids: tuple[str, ...],
        key_set: Callable[[], Mapping[str, Any]],
        clock: Callable[[], float] = time.time,
        mcp_scope: str = "",
    ) -> None:
        self._mcp_scope = mcp_scope
        self._issuer, self._client_ids, self._key_set, self._clock = issuer, client_ids, key_set, clock
        self._keys: dict[str, Any] = {}
        self._fetched_at = float("-inf")

    def proof(self, token: str) -> Proof | None:
        """Whom a token of this pool proves, for one of its clients, not expired; None for any other text."""
        import jwt  # cryptography takes longer to import than the rest of the authorizer: only tokens pay for it

        try:
            header = jwt.get_unverified_header(token)
            key = self._key(str(header.get("kid")))
            if key is None:
                return None
            claims = jwt.decode(
                token,
                key,
                algorithms=["RS256"],
                issuer=self._issuer,
                options={"require": ["exp", "iss", "sub"], "verify_aud": False},
            )
        except jwt.PyJWTError:
            return None
        use = str(claims.get("token_use"))
        # On Cognito's Lite plan an access token has no `aud`: whom it is for says the scope of a resource server, which
        # the one app client may ask for that MCP clients sign in through. Such a token never counts as more than that.
        if use == "access" and self._mcp_scope and self._mcp_scope in str(claims.get("scope", "")).split():
            return Proof(claims["sub"], int(claims["exp"]), "mcp")
        # Cognito writes the client into `aud` of an ID token and into `client_id` of an access token.
        client = {"id": claims.get("aud"), "access": claims.get("client_id")}.get(use)
        return Proof(claims["sub"], int(claims["exp"])) if client in self._client_ids else None

    def _key(self, key_id: str) -> Any:
        if key_id not in self._keys and self._clock() - self._fetched_at >= _REFETCH_S:
            from jwt import PyJWKSet

            # Should this fail, the next token asks again: good ones are not refused for it.
            key_set = dict(self._key_set())
            self._fetched_at = self._clock()
            self._keys = {str(key.key_id): key for key in PyJWKSet.from_dict(key_set).keys}
        return self._keys.get(key_id)
