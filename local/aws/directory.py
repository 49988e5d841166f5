"""Cognito's user directory over moto: the pools of `user_pool`, writes by the rules of `attributes`, our sign-in."""

import json
import secrets
import string
from typing import Any

import jwt
from moto.cognitoidp import urls
from moto.cognitoidp.exceptions import (
    InvalidParameterException,
    NotAuthorizedError,
    UsernameExistsException,
)
from moto.cognitoidp.models import (
    CognitoIdpGroup,
    CognitoIdpUser,
    CognitoIdpUserPoolClient,
    UserStatus,
    cognitoidp_backends,
)
from moto.cognitoidp.responses import CognitoIdpResponse
from moto.core.responses import ActionResult, EmptyResult

from local.aws.attributes import Attributes, check_client_writes, check_known, check_schema, split
from local.aws.oauth import AuthorizationServers
from local.aws.sign_in import SignIn
from local.aws.user_pool import ALGORITHM, SELF_SERVICE, UserPool

_GROUP_DESCRIPTION = 2048  # characters


class Directory(SignIn, AuthorizationServers):
    _url_module = urls  # moto derives it from the name of the module

    def create_user_pool(self, name: str, extended_config: dict[str, Any]) -> UserPool:
        pool = UserPool(self.account_id, self.region_name, name, extended_config)
        self.user_pools[pool.id] = pool
        return pool

    def create_group(
        self, user_pool_id: str, group_name: str, description: str, role_arn: str, precedence: int
    ) -> CognitoIdpGroup:
        _check_description(description)
        return super().create_group(user_pool_id, group_name, description, role_arn, precedence)

    def update_group(
        self, user_pool_id: str, group_name: str, description: str, role_arn: str, precedence: int
    ) -> CognitoIdpGroup:
        _check_description(description)
        return super().update_group(user_pool_id, group_name, description, role_arn, precedence)

    def admin_create_user(
        self,
        user_pool_id: str,
        username: str,
        message_action: str,
        temporary_password: str,
        attributes: Attributes,
    ) -> CognitoIdpUser:
        pool: UserPool = self.describe_user_pool(user_pool_id)
        check_schema(pool, attributes, creating=True)
        if temporary_password:
            self._validate_password(user_pool_id, temporary_password)
        if message_action == "RESEND":
            return self.admin_get_user(user_pool_id, username)  # moto would make a second one
        if pool._get_user(username):
            raise UsernameExistsException("User account already exists")
        password = temporary_password or _password()
        return super().admin_create_user(user_pool_id, username, message_action, password, attributes)

    def admin_update_user_attributes(self, user_pool_id: str, username: str, attributes: Attributes) -> None:
        pool: UserPool = self.describe_user_pool(user_pool_id)
        self._write(pool, self.admin_get_user(user_pool_id, username), attributes)

    def admin_delete_user_attributes(self, user_pool_id: str, username: str, attributes: list[str]) -> None:
        pool: UserPool = self.describe_user_pool(user_pool_id)
        check_known(pool, attributes)
        _remove(self.admin_get_user(user_pool_id, username), attributes)

    def update_user_attributes(self, access_token: str, attributes: Attributes) -> None:
        pool, client, user = self.of_access_token(access_token)
        check_known(pool, [attribute["Name"] for attribute in attributes])
        check_client_writes(client, [attribute["Name"] for attribute in attributes])
        self._write(pool, user, attributes)

    def delete_user_attributes(self, access_token: str, names: list[str]) -> None:
        pool, client, user = self.of_access_token(access_token)
        check_known(pool, names)
        check_client_writes(client, names)
        _remove(user, names)

    def of_access_token(self, token: str) -> tuple[UserPool, CognitoIdpUserPoolClient, CognitoIdpUser]:
        """Whose token this is. Raises NotAuthorizedException: unknown, expired, signed out, disabled or deleted."""
        for pool in self.user_pools.values():
            if token in pool.access_tokens:
                client_id, username = pool.access_tokens[token]
                user = pool._get_user(username)
                if user is None or client_id not in pool.clients:
                    break
                _check_token(pool, token)
                if not user.enabled:
                    raise NotAuthorizedError("User is disabled.")
                if user.status is not UserStatus.CONFIRMED:
                    break
                return pool, pool.clients[client_id], user
        raise NotAuthorizedError("Invalid Access Token")

    def _write(self, pool: UserPool, user: CognitoIdpUser, attributes: Attributes) -> None:
        check_schema(pool, attributes, creating=False)
        values, blank = split(attributes)
        email = self._find_attr("email", values)
        if email != user.attribute_lookup.get("email"):
            self._verify_email_is_not_used(pool.id, email)
        user.update_attributes(values)
        _remove(user, blank)


class DirectoryActions(CognitoIdpResponse):
    @property
    def directory(self) -> Directory:
        """The backend that knows the token of an unsigned request, which names no region."""
        token = self._get_param("AccessToken")
        agnostic = self._get_region_agnostic_backend()
        return agnostic._find_backend_by_access_token(token)

    def get_user(self) -> ActionResult:
        pool, client, user = self.directory.of_access_token(self._get_param("AccessToken"))
        readable = pool.readable(client.id, user)
        attributes = [{"Name": name, "Value": value} for name, value in readable.items()]
        return ActionResult(user.to_json(extended=True) | {"UserAttributes": attributes})

    def update_resource_server(self) -> ActionResult:
        said = (self._get_param(name) for name in ("UserPoolId", "Identifier", "Name", "Scopes"))
        return ActionResult({"ResourceServer": self.backend.update_resource_server(*said).to_json()})

    def delete_resource_server(self) -> ActionResult:
        self.backend.delete_resource_server(self._get_param("UserPoolId"), self._get_param("Identifier"))
        return EmptyResult()

    def delete_user_attributes(self) -> ActionResult:
        self.directory.delete_user_attributes(self._get_param("AccessToken"), self._get_param("UserAttributeNames"))
        return EmptyResult()


def serve_keys(request: Any, full_url: str, headers: Any) -> tuple[int, dict[str, str], str]:
    """GET /{user_pool_id}/.well-known/jwks.json: that pool's own key, and nothing for a pool that is not there."""
    pool_id = request.path.strip("/").split("/")[0]
    for account in cognitoidp_backends.values():
        for backend in account.values():
            pool = backend.user_pools.get(pool_id)
            if pool is not None:
                keys = {"keys": [pool.signing_key.jwk(ALGORITHM)]}
                return 200, {"Content-Type": "application/json"}, json.dumps(keys)
    message = f"User pool {pool_id} does not exist."
    return 400, {"Content-Type": "application/json"}, json.dumps({"message": message})


def _check_description(description: str | None) -> None:
    if description and len(description) > _GROUP_DESCRIPTION:
        raise InvalidParameterException(
            "1 validation error detected: Value at 'description' failed to satisfy constraint: "
            f"Member must have length less than or equal to {_GROUP_DESCRIPTION}"
        )


def _check_token(pool: UserPool, token: str) -> None:
    """One that a client got on the sign-in pages opens the user pool's own API only if that was asked for there."""
    try:
        claims = pool.signing_key.claims(token, ALGORITHM)
    except jwt.ExpiredSignatureError:
        raise NotAuthorizedError("Access Token has expired") from None
    if SELF_SERVICE not in claims["scope"].split():
        raise NotAuthorizedError("Access Token does not have required scopes")


def _remove(user: CognitoIdpUser, names: list[str]) -> None:
    """Removing what is not set is no error in Cognito; moto makes it one."""
    user.delete_attributes([name for name in names if name in user.attribute_lookup])


def _password() -> str:
    """What Cognito would mail: nobody here reads it."""
    return "".join(secrets.choice(string.ascii_letters + string.digits) for _ in range(24)) + "aA1!"
