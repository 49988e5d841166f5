"""What Cognito demands of a domain, of a resource server and of an app client that people sign in through on pages."""

import re
from collections.abc import Mapping
from typing import Any

from moto.cognitoidp.exceptions import InvalidParameterException, ResourceNotFoundError
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUserPoolDomain, CognitoResourceServer

from local.aws.user_pool import SELF_SERVICE, UserPool

_PREFIX = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?")
_RESERVED = ("aws", "amazon", "cognito")
_CALLBACK = re.compile(r"https://[^/#\s]+[^#\s]*|http://(localhost|127\.0\.0\.1|\[::1\])(:\d+)?(/[^#\s]*)?")
_APP = re.compile(r"(?!http|javascript|data)[a-z][a-z0-9+.-]*://[^#\s]+")
_SCOPES = {"phone", "email", "openid", "profile", SELF_SERVICE}
_FLOWS = {"code", "implicit", "client_credentials"}


class AuthorizationServers(CognitoIdpBackend):
    """Guards in front of moto's own, which takes anything."""

    def create_user_pool_domain(
        self, user_pool_id: str, domain: str, custom_domain_config: dict[str, str] | None = None
    ) -> CognitoIdpUserPoolDomain:
        pool = self.describe_user_pool(user_pool_id)
        if not _PREFIX.fullmatch(domain) or any(word in domain for word in _RESERVED):
            raise InvalidParameterException(f"Domain is not valid or contains a reserved word: {domain}")
        if pool.domain is not None:
            raise InvalidParameterException("User pool already has a domain configured.")
        if domain in self.user_pool_domains:
            raise InvalidParameterException("Domain already exists.")
        return super().create_user_pool_domain(user_pool_id, domain, custom_domain_config)

    def delete_user_pool(self, user_pool_id: str) -> None:
        if self.describe_user_pool(user_pool_id).domain is not None:
            raise InvalidParameterException(
                "User pool cannot be deleted. It has a domain configured that should be deleted first."
            )
        super().delete_user_pool(user_pool_id)

    def create_user_pool_client(self, user_pool_id: str, generate_secret: bool, extended_config: dict[str, Any]) -> Any:
        _check_client(self.describe_user_pool(user_pool_id), extended_config)
        return super().create_user_pool_client(user_pool_id, generate_secret, extended_config)

    def update_user_pool_client(self, user_pool_id: str, client_id: str, extended_config: dict[str, Any]) -> Any:
        _check_client(self.describe_user_pool(user_pool_id), extended_config)
        return super().update_user_pool_client(user_pool_id, client_id, extended_config)

    def update_resource_server(
        self, user_pool_id: str, identifier: str, name: str, scopes: list[dict[str, str]]
    ) -> CognitoResourceServer:
        server = self.describe_resource_server(user_pool_id, identifier)
        server.name, server.scopes = name, scopes
        return server

    def delete_resource_server(self, user_pool_id: str, identifier: str) -> None:
        self.describe_resource_server(user_pool_id, identifier)
        del self.describe_user_pool(user_pool_id).resource_servers[identifier]


def _check_client(pool: UserPool, config: Mapping[str, Any]) -> None:
    flows, scopes, urls = (
        config.get(name) or [] for name in ("AllowedOAuthFlows", "AllowedOAuthScopes", "CallbackURLs")
    )
    if (flows or scopes or urls) and not config.get("AllowedOAuthFlowsUserPoolClient"):
        raise InvalidParameterException("AllowedOAuthFlowsUserPoolClient must be true for OAuth settings to be set.")
    if bool(flows) != bool(scopes):
        raise InvalidParameterException(
            "AllowedOAuthFlows and AllowedOAuthScopes are required if user pool client is allowed to use OAuth flows."
        )
    if not set(flows) <= _FLOWS or ("client_credentials" in flows and len(flows) > 1):
        raise InvalidParameterException("AllowedOAuthFlows is not valid.")
    own = {
        f"{server.identifier}/{scope['ScopeName']}"
        for server in pool.resource_servers.values()
        for scope in server.scopes or ()
    }
    if unknown := sorted(set(scopes) - _SCOPES - own):
        raise ResourceNotFoundError(f"ScopeDoesNotExistException: Invalid scope requested: {unknown[0]}")
    for url in urls:
        if not _CALLBACK.fullmatch(url) and not _APP.fullmatch(url):
            raise InvalidParameterException(f"{url} is not a valid redirect URI: https, or http on this machine.")
    if {"code", "implicit"} & set(flows) and not urls:
        raise InvalidParameterException("CallbackURLs are required for the code and implicit flows.")
