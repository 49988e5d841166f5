"""A Cognito user pool: its own signing key, its users by id or e-mail address, and its tokens as Cognito words them."""

import secrets
import time
from base64 import b64encode
from typing import Any
from uuid import uuid4

from moto.cognitoidp.exceptions import NotAuthorizedError
from moto.cognitoidp.models import CognitoIdpGroup, CognitoIdpUser, CognitoIdpUserPool, CognitoIdpUserPoolClient

from local.aws.signing import SigningKey

ALGORITHM = "RS256"
SELF_SERVICE = "aws.cognito.signin.user.admin"  # the scope that opens GetUser and its like
# Of a password policy, what is not asked for: left out it is false at AWS, and true in moto's check of passwords.
_REQUIREMENTS = ("RequireLowercase", "RequireNumbers", "RequireSymbols", "RequireUppercase")
_UNITS_S = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}
# Client setting → (default unit, default lifetime in that unit). Source: Cognito's UserPoolClientType.
_LIFETIMES = {
    "AccessToken": ("hours", 1),
    "IdToken": ("hours", 1),
    "RefreshToken": ("days", 30),
}


class UserPool(CognitoIdpUserPool):
    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        del self.json_web_key  # moto's: the same for every pool
        self.signing_key = SigningKey(b64encode(secrets.token_bytes(32)).decode())
        self.refresh_expires_at: dict[str, float] = {}  # refresh token → unix seconds
        self.scopes: dict[str, tuple[str, ...]] = {}  # refresh token of the pages → what was granted there

    def update_extended_config(self, extended_config: dict[str, Any]) -> None:
        policies = (extended_config or {}).get("Policies", {})
        if "PasswordPolicy" in policies:
            whole = {**dict.fromkeys(_REQUIREMENTS, False), **policies["PasswordPolicy"]}
            extended_config = {**extended_config, "Policies": {**policies, "PasswordPolicy": whole}}
        super().update_extended_config(extended_config)

    @property
    def issuer(self) -> str:
        return f"https://cognito-idp.{self.region}.amazonaws.com/{self.id}"

    def _get_user(self, username: str) -> CognitoIdpUser | None:
        """By user name (which is the `sub` in a pool whose people sign in by e-mail), else by such an attribute."""
        if username in self.users:
            return self.users[username]
        fold = not self.extended_config.get("UsernameConfiguration", {}).get("CaseSensitive", True)
        wanted = username.lower() if fold else username
        for user in self.users.values():
            for name in self.extended_config.get("UsernameAttributes") or ():
                value = user.attribute_lookup.get(name)
                if value is not None and (value.lower() if fold else value) == wanted:
                    return user
        return None

    def lifetime_s(self, client: CognitoIdpUserPoolClient, token: str) -> int:
        """Seconds a client's AccessToken, IdToken or RefreshToken is good for."""
        default_unit, default = _LIFETIMES[token]
        unit = client.extended_config.get("TokenValidityUnits", {}).get(token, default_unit)
        return int(client.extended_config.get(f"{token}Validity") or default) * _UNITS_S[unit]

    def readable(self, client_id: str, user: CognitoIdpUser) -> dict[str, str]:
        """The attributes this client may read. A client without a list, or with an empty one, reads all of them."""
        allowed = self.clients[client_id].extended_config.get("ReadAttributes")
        return {k: v for k, v in user.attribute_lookup.items() if not allowed or k == "sub" or k in allowed}

    def create_id_token(self, client_id: str, username: str, origin_jti: str) -> tuple[str, int]:
        user = self._known(username)
        attributes: dict[str, Any] = self.readable(client_id, user)
        for flag in ("email_verified", "phone_number_verified"):
            if flag in attributes:
                attributes[flag] = attributes[flag] == "true"
        roles = [group.role_arn for group in ranked(user) if group.role_arn]
        claims = {**attributes, "cognito:username": user.username, "aud": client_id}
        if roles:
            claims |= {"cognito:roles": roles, "cognito:preferred_role": roles[0]}
        token, expires_in = self._token(client_id, user, "id", "IdToken", origin_jti, claims)
        self.id_tokens[token] = (client_id, user.username)
        return token, expires_in

    def create_access_token(
        self, client_id: str, username: str, origin_jti: str, scopes: tuple[str, ...] = (SELF_SERVICE,)
    ) -> tuple[str, int]:
        user = self._known(username)
        claims = {"client_id": client_id, "username": user.username, "scope": " ".join(scopes)}
        token, expires_in = self._token(client_id, user, "access", "AccessToken", origin_jti, claims)
        self.access_tokens[token] = (client_id, user.username)
        return token, expires_in

    def create_refresh_token(self, client_id: str, username: str) -> tuple[str, str]:
        token, origin_jti = super().create_refresh_token(client_id, self._known(username).username)
        self.refresh_expires_at[token] = time.time() + self.lifetime_s(self.clients[client_id], "RefreshToken")
        return token, origin_jti

    def _known(self, username: str) -> CognitoIdpUser:
        user = self._get_user(username)
        if user is None:
            raise NotAuthorizedError("Incorrect username or password.")
        return user

    def _token(
        self,
        client_id: str,
        user: CognitoIdpUser,
        use: str,
        kind: str,
        origin_jti: str,
        claims: dict[str, Any],
    ) -> tuple[str, int]:
        now = int(time.time())
        expires_in = self.lifetime_s(self.clients[client_id], kind)
        common = {
            "sub": user.id,
            "iss": self.issuer,
            "token_use": use,
            "origin_jti": origin_jti,
            "event_id": str(uuid4()),
            "auth_time": now,
            "iat": now,
            "exp": now + expires_in,
            "jti": str(uuid4()),
        }
        groups = [group.group_name for group in ranked(user)]
        if groups:
            common["cognito:groups"] = groups
        return self.signing_key.sign(claims | common, ALGORITHM), expires_in


def ranked(user: CognitoIdpUser) -> list[CognitoIdpGroup]:
    """A user's groups, the one with the lowest precedence first; those without one last."""
    return sorted(user.groups, key=lambda group: (group.precedence is None, group.precedence or 0, group.group_name))
