"""Cognito identity pools over moto: one identity per login, tokens that are tokens, roles, and no credentials for less.

A token is the JWT AWS issues (RS512; `aud` the pool, `sub` the identity, `amr` how it was proven), so that STS can
hold a role's trust policy against it.
"""

import json
import re
import time
from typing import Any
from uuid import uuid4

import jwt
from moto.cognitoidentity import urls
from moto.cognitoidentity.exceptions import ResourceNotFoundError
from moto.cognitoidentity.models import (
    CognitoIdentityBackend,
    CognitoIdentityPool,
    cognitoidentity_backends,
)
from moto.cognitoidentity.responses import CognitoIdentityResponse
from moto.cognitoidp.models import cognitoidp_backends
from moto.core.exceptions import JsonRESTError
from moto.sts.models import sts_backends

from local.aws.signing import SigningKey
from local.aws.user_pool import ALGORITHM as USER_POOL_ALGORITHM

ISSUER = "https://cognito-identity.amazonaws.com"
PROVIDER = "cognito-identity.amazonaws.com"
ALGORITHM = "RS512"
TAGS_CLAIM = "https://aws.amazon.com/tags"
_DEFAULT_DURATION_S = 900
_MAX_DURATION_S = 86400
# What moto's pool does not keep, and what the API answers for it.
_MORE = {"AllowClassicFlow": False, "Roles": {}, "RoleMappings": {}}


class IdentityError(JsonRESTError):
    pass


class IdentityPools(CognitoIdentityBackend):
    _url_module = urls

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.signing_key = SigningKey(f"{region_name}1")
        self.identities: dict[tuple[str, str, str], str] = {}  # (pool, provider, user there) → identity
        self.pool_of: dict[str, str] = {}  # identity → pool
        self.more: dict[str, dict[str, Any]] = {}  # pool → _MORE

    def pool(self, pool_id: str) -> CognitoIdentityPool:
        if pool_id not in self.identity_pools:
            raise ResourceNotFoundError(f"IdentityPool '{pool_id}' not found.")
        return self.identity_pools[pool_id]

    def describe_identity_pool(self, identity_pool_id: str) -> str:
        return self.described(self.pool(identity_pool_id).to_json())

    def described(self, pool: str) -> str:
        """moto's JSON of a pool, with what moto leaves out."""
        fields = json.loads(pool)
        classic = self.more_of(fields["IdentityPoolId"])["AllowClassicFlow"]
        return json.dumps(fields | {"AllowClassicFlow": classic})

    def more_of(self, pool_id: str) -> dict[str, Any]:
        return self.more.setdefault(pool_id, dict(_MORE))

    def identity(self, pool_id: str, provider: str, user: str) -> str:
        """The identity of a login; the same login always has the same one."""
        known = self.identities.get((pool_id, provider, user))
        if known is None:
            known = self.identities[pool_id, provider, user] = self.new_identity(pool_id)
        return known

    def new_identity(self, pool_id: str) -> str:
        identity_id = f"{self.region_name}:{uuid4()}"
        self.pool_of[identity_id] = pool_id
        self.pools_identities[pool_id]["Identities"].append({"IdentityId": identity_id})
        return identity_id

    def known_identity(self, identity_id: str) -> str:
        """The pool of an identity."""
        if identity_id not in self.pool_of:
            raise ResourceNotFoundError(f"Identity '{identity_id}' not found.")
        return self.pool_of[identity_id]

    def token(
        self,
        identity_id: str,
        logins: list[str],
        duration_s: int = _DEFAULT_DURATION_S,
        tags: dict[str, str] | None = None,
    ) -> str:
        """An OpenID token. `logins`: what follows "authenticated" in `amr`; empty for a guest."""
        pool_id = self.pool_of[identity_id]
        now = int(time.time())
        arn = f"arn:{self.partition}:cognito-identity:{self.region_name}:{self.account_id}:identitypool/{pool_id}"
        claims: dict[str, Any] = {
            "sub": identity_id,
            "aud": pool_id,
            "amr": ["authenticated", *logins] if logins else ["unauthenticated"],
            "iss": ISSUER,
            f"{ISSUER}/identity-pool-arn": arn,
            "iat": now,
            "exp": now + duration_s,
        }
        if tags:
            claims[TAGS_CLAIM] = {"principal_tags": {name: [value] for name, value in tags.items()}}
        return self.signing_key.sign(claims, ALGORITHM)

    def verified(self, token: str) -> dict[str, Any]:
        """The claims of a token made here. Raises jwt.InvalidTokenError, jwt.ExpiredSignatureError."""
        claims = self.signing_key.claims(token, ALGORITHM, issuer=ISSUER, options={"verify_aud": False})
        if claims["aud"] not in self.identity_pools:
            raise jwt.InvalidTokenError("no such identity pool")
        return claims


def backend_of(region_and_rest: str, account_id: str) -> IdentityPools:
    """Pools and identities begin with their region; unsigned requests name no other."""
    region = region_and_rest.split(":")[0]
    if not re.fullmatch(r"[a-z]{2}(-[a-z]+)+-\d", region):
        raise ResourceNotFoundError(f"'{region_and_rest}' not found.")
    return cognitoidentity_backends[account_id][region]


class IdentityPoolActions(CognitoIdentityResponse):
    @property
    def backend(self) -> IdentityPools:
        return super().backend

    def create_identity_pool(self) -> str:
        created = json.loads(super().create_identity_pool())
        return self._with_classic_flow(created)

    def update_identity_pool(self) -> str:
        self.backend.pool(self._get_param("IdentityPoolId"))
        return self._with_classic_flow(json.loads(super().update_identity_pool()))

    def _with_classic_flow(self, fields: dict[str, Any]) -> str:
        allowed = bool(self._get_param("AllowClassicFlow", False))
        self.backend.more_of(fields["IdentityPoolId"])["AllowClassicFlow"] = allowed
        return self.backend.described(json.dumps(fields))

    def set_identity_pool_roles(self) -> str:
        pool_id = self._get_param("IdentityPoolId")
        self.backend.pool(pool_id)
        roles = {name: self._get_param(name, {}) for name in ("Roles", "RoleMappings")}
        self.backend.more_of(pool_id).update(roles)
        return ""

    def get_identity_pool_roles(self) -> str:
        pool_id = self._get_param("IdentityPoolId")
        self.backend.pool(pool_id)
        more = self.backend.more_of(pool_id)
        return json.dumps({"IdentityPoolId": pool_id, "Roles": more["Roles"], "RoleMappings": more["RoleMappings"]})

    def get_id(self) -> str:
        pool_id = self._get_param("IdentityPoolId")
        backend = backend_of(pool_id, self.current_account)
        pool = backend.pool(pool_id)
        logins = self._get_param("Logins") or {}
        if not logins:
            if not pool.allow_unauthenticated_identities:
                raise _refused("Unauthenticated access is not supported for this identity pool.")
            return json.dumps({"IdentityId": backend.new_identity(pool_id)})
        provider, user = _user_pool_login(pool, logins, self.current_account)
        return json.dumps({"IdentityId": backend.identity(pool_id, provider, user)})

    def get_open_id_token_for_developer_identity(self) -> str:
        pool_id = self._get_param("IdentityPoolId")
        pool = self.backend.pool(pool_id)
        logins = self._get_param("Logins") or {}
        provider = pool.developer_provider_name
        if not provider or list(logins) != [provider]:
            raise IdentityError("InvalidParameterException", "Please provide a login of the developer provider")
        duration_s = self._get_param("TokenDuration") or _DEFAULT_DURATION_S
        if not 1 <= duration_s <= _MAX_DURATION_S:
            raise IdentityError("InvalidParameterException", f"TokenDuration is 1 to {_MAX_DURATION_S} seconds")
        identity_id = self.backend.identity(pool_id, provider, logins[provider])
        if self._get_param("IdentityId") not in (None, identity_id):
            raise IdentityError("ResourceConflictException", "The login belongs to another identity")
        amr = [provider, f"{provider}:{pool_id}:{logins[provider]}"]
        token = self.backend.token(identity_id, amr, duration_s, self._get_param("PrincipalTags"))
        return json.dumps({"IdentityId": identity_id, "Token": token})

    def get_open_id_token(self) -> str:
        backend, identity_id, amr = self._proven()
        if not backend.more_of(backend.pool_of[identity_id])["AllowClassicFlow"]:
            raise IdentityError(
                "InvalidParameterException", "Basic (classic) flow is not enabled, please use enhanced flow."
            )
        return json.dumps({"IdentityId": identity_id, "Token": backend.token(identity_id, amr)})

    def get_credentials_for_identity(self) -> str:
        """The enhanced flow: credentials of the role the pool names, for whoever proves to be the identity."""
        backend, identity_id, amr = self._proven()
        roles = backend.more_of(backend.pool_of[identity_id])["Roles"]
        role_arn = roles.get("authenticated" if amr else "unauthenticated")
        if not role_arn:
            raise IdentityError(
                "InvalidIdentityPoolConfigurationException",
                "Invalid identity pool configuration. Check assigned IAM roles for this pool.",
            )
        role = sts_backends[self.current_account]["aws"].assume_role(
            backend.region_name, "CognitoIdentityCredentials", role_arn, "", 3600, ""
        )
        credentials = {
            "AccessKeyId": role.access_key_id,
            "SecretKey": role.secret_access_key,
            "SessionToken": role.session_token,
            "Expiration": role.expiration.timestamp(),
        }
        return json.dumps({"IdentityId": identity_id, "Credentials": credentials})

    def _proven(self) -> tuple[IdentityPools, str, list[str]]:
        """The backend, the identity, and its `amr`. Raises NotAuthorizedException when the logins do not prove it."""
        identity_id = self._get_param("IdentityId")
        backend = backend_of(identity_id, self.current_account)
        pool_id = backend.known_identity(identity_id)
        logins = self._get_param("Logins") or {}
        if PROVIDER in logins:
            return backend, identity_id, _own_login(backend, pool_id, identity_id, logins[PROVIDER])
        if logins:
            provider, user = _user_pool_login(backend.pool(pool_id), logins, self.current_account)
            if backend.identities.get((pool_id, provider, user)) != identity_id:
                raise _refused("Logins don't match. Please include at least one valid login for this identity.")
            return backend, identity_id, [provider, f"{provider}:CognitoSignIn:{user}"]
        if identity_id in backend.identities.values():
            raise _refused(f"Access to Identity '{identity_id}' is forbidden.")
        return backend, identity_id, []


def _own_login(backend: IdentityPools, pool_id: str, identity_id: str, token: str) -> list[str]:
    """`amr` of a developer identity's token, presented back."""
    try:
        claims = backend.verified(token)
    except jwt.ExpiredSignatureError:
        raise _refused("Invalid login token. Token is expired.") from None
    except jwt.InvalidTokenError:
        raise _refused("Invalid login token. Not a Cognito token.") from None
    if (claims["aud"], claims["sub"]) != (pool_id, identity_id):
        raise _refused("Invalid login token. Token is not for this identity.")
    return list(claims["amr"][1:])


def _user_pool_login(pool: CognitoIdentityPool, logins: dict[str, str], account_id: str) -> tuple[str, str]:
    """Provider and `sub` of a user pool's ID token, of a provider that the identity pool lists."""
    [(provider, token)] = logins.items()
    found = re.fullmatch(r"cognito-idp\.([a-z0-9-]+)\.amazonaws\.com/(.+)", provider)
    clients = {
        each["ClientId"] for each in pool.cognito_identity_providers or () if each.get("ProviderName") == provider
    }
    if not found or not clients:
        raise _refused("Token is not from a supported provider of this identity pool.")
    user_pool = cognitoidp_backends[account_id][found[1]].user_pools.get(found[2])
    if user_pool is None:
        raise _refused("Invalid login token. Issuer doesn't match providerName")
    try:
        claims = user_pool.signing_key.claims(
            token, USER_POOL_ALGORITHM, issuer=user_pool.issuer, audience=sorted(clients)
        )
    except jwt.ExpiredSignatureError:
        raise _refused("Invalid login token. Token expired") from None
    except jwt.InvalidTokenError:
        raise _refused("Invalid login token. Not a valid OpenId Connect identity token.") from None
    return provider, claims["sub"]


def _refused(message: str) -> IdentityError:
    return IdentityError("NotAuthorizedException", message)
