"""Signing in, as strict as Cognito: enabled flows only, secret hashes, real SRP, challenges bound to who began them.

moto then answers; what stands here decides whether it may.
"""

import time
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from hmac import digest
from typing import Any
from uuid import uuid4

import jwt
from moto.cognitoidp.exceptions import (
    InvalidParameterException,
    NotAuthorizedError,
    ResourceNotFoundError,
    UserNotFoundError,
)
from moto.cognitoidp.models import CognitoIdpBackend, CognitoIdpUser, CognitoIdpUserPoolClient
from moto.cognitoidp.utils import check_secret_hash

from local.aws import srp
from local.aws.user_pool import UserPool

Parameters = dict[str, str]

# What has to stand in a client's ExplicitAuthFlows for a flow; the second name of a pair is the older one.
_FLOWS = {
    "ADMIN_USER_PASSWORD_AUTH": {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"},
    "ADMIN_NO_SRP_AUTH": {"ALLOW_ADMIN_USER_PASSWORD_AUTH", "ADMIN_NO_SRP_AUTH"},
    "USER_PASSWORD_AUTH": {"ALLOW_USER_PASSWORD_AUTH", "USER_PASSWORD_AUTH"},
    "USER_SRP_AUTH": {"ALLOW_USER_SRP_AUTH"},
    "CUSTOM_AUTH": {"ALLOW_CUSTOM_AUTH", "CUSTOM_AUTH_FLOW_ONLY"},
    "REFRESH_TOKEN_AUTH": {"ALLOW_REFRESH_TOKEN_AUTH"},
    "REFRESH_TOKEN": {"ALLOW_REFRESH_TOKEN_AUTH"},
}
_REFRESH = {"REFRESH_TOKEN_AUTH", "REFRESH_TOKEN"}
_BY_DEFAULT = {"ALLOW_REFRESH_TOKEN_AUTH", "ALLOW_USER_SRP_AUTH", "ALLOW_CUSTOM_AUTH"}
_WRONG = "Incorrect username or password."


@dataclass(frozen=True)
class Challenge:
    """What a session waits for, and from whom."""

    name: str
    user_id: str
    client_id: str
    expires_at: float  # unix seconds
    moto_session: str
    exchange: srp.Exchange | None = None
    proved: bool = False  # a code of the factor that is being set up was seen


class SignIn(CognitoIdpBackend):
    """Guards in front of moto's own sign-in."""

    def __init__(self, region_name: str, account_id: str) -> None:
        super().__init__(region_name, account_id)
        self.challenges: dict[str, Challenge] = {}  # by the session a client holds

    def admin_initiate_auth(
        self, user_pool_id: str, client_id: str, auth_flow: str, auth_parameters: Parameters
    ) -> dict[str, Any]:
        pool: UserPool = self.describe_user_pool(user_pool_id)
        client = self.describe_user_pool_client(user_pool_id, client_id)
        _check_flow(client, auth_flow, "Auth flow not enabled for this client")
        user, parameters = self._checked(pool, client, auth_flow, auth_parameters or {})
        answer = super().admin_initiate_auth(user_pool_id, client_id, auth_flow, parameters)
        return self._challenged(answer, pool, client, user)

    def initiate_auth(self, client_id: str, auth_flow: str, auth_parameters: Parameters) -> dict[str, Any]:
        pool, client = self._of_client(client_id)
        _check_flow(client, auth_flow, f"{auth_flow} flow not enabled for this client")
        user, parameters = self._checked(pool, client, auth_flow, auth_parameters or {})
        exchange = _exchange(pool, user, parameters) if auth_flow == "USER_SRP_AUTH" else None
        answer = super().initiate_auth(client_id, auth_flow, parameters)
        return self._challenged(answer, pool, client, user, exchange)

    def respond_to_auth_challenge(
        self, session: str, client_id: str, challenge_name: str, challenge_responses: Parameters
    ) -> dict[str, Any]:
        pool, client = self._of_client(client_id)
        proof = challenge_name == "PASSWORD_VERIFIER"
        held = challenge_responses.get("PASSWORD_CLAIM_SECRET_BLOCK", "") if proof else session
        challenge = self.challenges.get(held)
        user = pool._get_user(challenge_responses.get("USERNAME", ""))
        known = challenge and (challenge.name, challenge.client_id) == (challenge_name, client_id)
        if not challenge or not known or not user or user.id != challenge.user_id or challenge.expires_at < time.time():
            raise NotAuthorizedError("Invalid session for the user.")
        _check_secret_hash(client, user, challenge_responses)
        if proof:
            del self.challenges[held]  # one attempt
            _check_proof(challenge, challenge_responses)
        responses = {**challenge_responses, "USERNAME": user.username, **_hash_for_moto(client, user)}
        if proof:
            responses["PASSWORD_CLAIM_SECRET_BLOCK"] = challenge.moto_session
        answer = super().respond_to_auth_challenge(challenge.moto_session, client_id, challenge_name, responses)
        self.challenges.pop(held, None)
        return self._challenged(answer, pool, client, user)

    def _of_client(self, client_id: str) -> tuple[UserPool, CognitoIdpUserPoolClient]:
        for pool in self.user_pools.values():
            if client_id in pool.clients:
                return pool, pool.clients[client_id]
        raise ResourceNotFoundError(f"User pool client {client_id} does not exist.")

    def _checked(
        self, pool: UserPool, client: CognitoIdpUserPoolClient, flow: str, given: Parameters
    ) -> tuple[CognitoIdpUser, Parameters]:
        """The user, and the parameters with the name moto knows them by."""
        if flow in _REFRESH:
            user = of_refresh_token(pool, client, given.get("REFRESH_TOKEN", ""))
        else:
            user = _named(pool, client, given.get("USERNAME", ""))
        _check_secret_hash(client, user, given)
        if "PASSWORD" in flow or flow == "ADMIN_NO_SRP_AUTH":
            _check_password(user, given.get("PASSWORD"))
        if not user.enabled:
            raise NotAuthorizedError("User is disabled.")
        return user, {**given, "USERNAME": user.username, **_hash_for_moto(client, user)}

    def _challenged(
        self,
        answer: dict[str, Any],
        pool: UserPool,
        client: CognitoIdpUserPoolClient,
        user: CognitoIdpUser,
        exchange: srp.Exchange | None = None,
    ) -> dict[str, Any]:
        """moto's answer; a challenge in it is remembered with whom it was put to."""
        if "ChallengeName" not in answer:
            return answer
        minutes = client.extended_config.get("AuthSessionValidity") or 3
        held = exchange.secret_block if exchange else str(uuid4())
        self.challenges[held] = Challenge(
            answer["ChallengeName"], user.id, client.id, time.time() + minutes * 60, answer["Session"], exchange
        )
        parameters = dict(answer["ChallengeParameters"])
        if exchange:
            parameters |= {"SALT": exchange.salt, "SRP_B": exchange.srp_b, "SECRET_BLOCK": held}
        if answer["ChallengeName"] == "NEW_PASSWORD_REQUIRED":
            parameters |= {"USER_ID_FOR_SRP": user.id, "requiredAttributes": "[]"}
        return {**answer, "ChallengeParameters": parameters, "Session": held}


def _check_flow(client: CognitoIdpUserPoolClient, flow: str, refusal: str) -> None:
    configured = set(client.extended_config.get("ExplicitAuthFlows") or ())
    if not any(name.startswith("ALLOW_") for name in configured):
        configured |= _BY_DEFAULT
    if flow in _FLOWS and not _FLOWS[flow] & configured:
        raise InvalidParameterException(refusal)


def _named(pool: UserPool, client: CognitoIdpUserPoolClient, name: str) -> CognitoIdpUser:
    user = pool._get_user(name)
    if user is None:
        if client.extended_config.get("PreventUserExistenceErrors") == "ENABLED":
            raise NotAuthorizedError(_WRONG)
        raise UserNotFoundError("User does not exist.")
    return user


def of_refresh_token(pool: UserPool, client: CognitoIdpUserPoolClient, token: str) -> CognitoIdpUser:
    """Whose it is. Raises NotAuthorizedException: unknown, of another client, revoked, expired."""
    if token not in pool.refresh_tokens:
        raise NotAuthorizedError("Invalid Refresh Token")
    held = pool.refresh_tokens[token]
    if held is None:
        raise NotAuthorizedError("Refresh Token has been revoked")
    client_id, username, _ = held
    if client_id != client.id:
        raise NotAuthorizedError("Invalid Refresh Token")
    if pool.refresh_expires_at.get(token, 0) < time.time():
        raise NotAuthorizedError("Refresh Token has expired")
    user = pool._get_user(username)
    if user is None:
        raise NotAuthorizedError("Invalid Refresh Token")
    return user


def end_of_refresh_token(pool: UserPool, token: str) -> None:
    """With it end the access tokens that it gave."""
    held = pool.refresh_tokens[token]
    pool.refresh_tokens[token] = None
    for access_token in list(pool.access_tokens):
        if held and _origin(access_token) == held[2]:
            del pool.access_tokens[access_token]


def _origin(token: str) -> str | None:
    with suppress(jwt.PyJWTError):
        return jwt.decode(token, options={"verify_signature": False}).get("origin_jti")
    return None


def _check_password(user: CognitoIdpUser, password: str | None) -> None:
    # Without a password of their own nobody signs in: moto would take None for None.
    if not password or user.password != password:
        raise NotAuthorizedError(_WRONG)


def _check_secret_hash(client: CognitoIdpUserPoolClient, user: CognitoIdpUser, given: Parameters) -> None:
    """A client with a secret proves it: HMAC over the name that was sent (any the user goes by, on a refresh)."""
    if not client.generate_secret:
        return
    if "SECRET_HASH" not in given:
        raise NotAuthorizedError(f"Client {client.id} is configured with secret but SECRET_HASH was not received")
    names = {given["USERNAME"]} if given.get("USERNAME") else {user.username, user.attribute_lookup.get("email", "")}
    if not any(check_secret_hash(client.secret, client.id, name, given["SECRET_HASH"]) for name in names):
        raise NotAuthorizedError(f"Unable to verify secret hash for client {client.id}")


def _hash_for_moto(client: CognitoIdpUserPoolClient, user: CognitoIdpUser) -> Parameters:
    """The hash over the name handed on: moto checks it again."""
    if not client.generate_secret:
        return {}
    return {"SECRET_HASH": secret_hash(client.secret, client.id, user.username)}


def secret_hash(secret: str, client_id: str, username: str) -> str:
    return b64encode(digest(secret.encode(), f"{username}{client_id}".encode(), "sha256")).decode()


def _exchange(pool: UserPool, user: CognitoIdpUser, parameters: Parameters) -> srp.Exchange:
    try:
        return srp.Exchange(pool.id.split("_")[1], user.id, user.password or str(uuid4()), parameters["SRP_A"])
    except (KeyError, ValueError):
        raise InvalidParameterException("Missing or invalid SRP_A") from None


def _check_proof(challenge: Challenge, given: Parameters) -> None:
    claimed = (given.get(f"PASSWORD_CLAIM_{part}", "") for part in ("SIGNATURE", "SECRET_BLOCK"))
    if not challenge.exchange or not challenge.exchange.proves(*claimed, given.get("TIMESTAMP", "")):
        raise NotAuthorizedError(_WRONG)
