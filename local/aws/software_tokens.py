"""Second factors and the end of sign-ins, as strict as Cognito: a secret of one's own, codes that work once, refresh
tokens that can be revoked. moto has one secret for everybody, takes every code, and revokes nothing.
"""

import json
import re
import time
from dataclasses import replace
from typing import Any
from uuid import uuid4

from moto.cognitoidp.exceptions import (
    CodeMismatchException,
    ExpiredCodeException,
    InvalidParameterException,
    NotAuthorizedError,
    ResourceNotFoundError,
)
from moto.cognitoidp.models import CognitoIdpUser, CognitoIdpUserPoolClient, cognitoidp_backends
from moto.core.exceptions import JsonRESTError
from moto.core.responses import ActionResult, EmptyResult

from local.aws import totp
from local.aws.directory import Directory, DirectoryActions
from local.aws.sign_in import Challenge, Parameters, end_of_refresh_token
from local.aws.user_pool import UserPool

_TOKEN = "SOFTWARE_TOKEN_MFA"  # noqa: S105 -- a challenge's name
_AFTER_PASSWORD = {"PASSWORD_VERIFIER", "NEW_PASSWORD_REQUIRED"}
_CODE = re.compile(r"[0-9]{6}")


class SoftwareTokens(Directory):
    def respond_to_auth_challenge(
        self, session: str, client_id: str, challenge_name: str, challenge_responses: Parameters
    ) -> dict[str, Any]:
        held = self.challenges.get(session)
        if held and held.name == challenge_name:
            pool, _ = self._of_client(client_id)
            user = pool._get_user(challenge_responses.get("USERNAME", ""))
            if user and user.id == held.user_id:  # of anybody else nothing is said: what follows refuses it
                _check_factor(held, user, challenge_responses)
        answer = super().respond_to_auth_challenge(session, client_id, challenge_name, challenge_responses)
        if challenge_name not in _AFTER_PASSWORD:
            return answer
        return self._with_factor(answer, client_id, challenge_responses["USERNAME"])

    def _with_factor(self, answer: dict[str, Any], client_id: str, name: str) -> dict[str, Any]:
        """A code is asked of who set it as their preference, or had to, and of nobody else."""
        pool, client = self._of_client(client_id)
        user = pool._get_user(name)
        wanted = user.software_token_mfa_enabled or (pool.mfa_config == "ON" and user.token_verified)
        if wanted and "AuthenticationResult" in answer:
            moto_session = str(uuid4())
            self.sessions[moto_session] = (user.username, pool)
            asked = {"ChallengeName": _TOKEN, "ChallengeParameters": {}, "Session": moto_session}
            return self._challenged(asked, pool, client, user)
        if not wanted and answer.get("ChallengeName") == _TOKEN:
            self.challenges.pop(answer["Session"])
            return self._log_user_in(pool, client, user.username)
        return answer

    def associate_software_token(self, access_token: str | None, session: str | None) -> dict[str, str]:
        """A new secret; that in use goes on until the new one is verified."""
        user, challenge = self._proved(access_token, session)
        user.pending_secret = totp.new_secret()
        answer = {"SecretCode": user.pending_secret}
        return answer | ({"Session": self._moved(session, challenge)} if challenge else {})

    def verify_software_token(
        self, access_token: str | None, session: str | None, user_code: str, friendly_device_name: str | None
    ) -> dict[str, str]:
        user, challenge = self._proved(access_token, session)
        if not _CODE.fullmatch(user_code or ""):
            raise InvalidParameterException(
                "1 validation error detected: Value at 'userCode' failed to satisfy constraint: Member must satisfy "
                "regular expression pattern: [0-9]+"
            )
        pending = getattr(user, "pending_secret", None)
        if pending is None:
            raise ResourceNotFoundError("Software token MFA has not been associated.")
        step = totp.step_of(pending, user_code, time.time())
        if step is None:
            raise JsonRESTError("EnableSoftwareTokenMFAException", "Code mismatch")
        user.totp_secret, user.pending_secret, user.used_step = pending, None, step
        user.token_verified = True
        answer = {"Status": "SUCCESS"}
        return answer | ({"Session": self._moved(session, replace(challenge, proved=True))} if challenge else {})

    def set_user_mfa_preference(
        self, access_token: str, software_token_mfa_settings: dict[str, bool], sms_mfa_settings: dict[str, bool]
    ) -> None:
        pool, _, user = self.of_access_token(access_token)
        self.admin_set_user_mfa_preference(pool.id, user.username, software_token_mfa_settings, sms_mfa_settings)

    def revoke_token(self, token: str, client_id: str) -> None:
        """With the refresh token end the access tokens that it gave."""
        pool, client = self._of_client(client_id)
        if not client.extended_config.get("EnableTokenRevocation", True):
            raise JsonRESTError("UnsupportedOperationException", "Token revocation is not enabled for this client.")
        if token in pool.access_tokens or token in pool.id_tokens:
            raise JsonRESTError("UnsupportedTokenTypeException", "Only refresh tokens can be revoked.")
        if token not in pool.refresh_tokens:
            raise InvalidParameterException("Invalid Refresh Token")
        if pool.refresh_tokens[token] is None:
            return
        owner, *_ = pool.refresh_tokens[token]
        if owner != client.id:
            raise JsonRESTError("UnauthorizedException", "The token was issued to another client.")
        end_of_refresh_token(pool, token)

    def _proved(self, access_token: str | None, session: str | None) -> tuple[CognitoIdpUser, Challenge | None]:
        """Who asks: by an access token, or by a session that is to set a factor up."""
        if bool(access_token) == bool(session):
            raise InvalidParameterException("Exactly one of AccessToken and Session has to be given.")
        if access_token:
            return self.of_access_token(access_token)[2], None
        challenge = self.challenges.get(session)
        if challenge is None or challenge.name != "MFA_SETUP" or challenge.expires_at < time.time():
            raise NotAuthorizedError("Invalid session for the user.")
        pool, _ = self._of_client(challenge.client_id)
        return next(each for each in pool.users.values() if each.id == challenge.user_id), challenge

    def _moved(self, session: str, challenge: Challenge) -> str:
        """The challenge under a new session; the old one is of no use any more."""
        del self.challenges[session]
        self.challenges[moved := str(uuid4())] = challenge
        return moved

    def _challenged(
        self,
        answer: dict[str, Any],
        pool: UserPool,
        client: CognitoIdpUserPoolClient,
        user: CognitoIdpUser,
        *more: Any,
    ) -> dict[str, Any]:
        parameters = answer.get("ChallengeParameters", {})
        if isinstance(parameters.get("MFAS_CAN_SETUP"), list):  # Cognito's parameters are all strings
            parameters["MFAS_CAN_SETUP"] = json.dumps(parameters["MFAS_CAN_SETUP"])
        return super()._challenged(answer, pool, client, user, *more)


class SoftwareTokenActions(DirectoryActions):
    """Unsigned requests, which name no Region: the backend is the one that knows the session, token or client."""

    def associate_software_token(self) -> ActionResult:
        given = self._given("AccessToken", "Session")
        return ActionResult(self._knowing().associate_software_token(*given))

    def verify_software_token(self) -> ActionResult:
        given = self._given("AccessToken", "Session", "UserCode", "FriendlyDeviceName")
        return ActionResult(self._knowing().verify_software_token(*given))

    def set_user_mfa_preference(self) -> ActionResult:
        given = self._given("AccessToken", "SoftwareTokenMfaSettings", "SMSMfaSettings")
        self._knowing().set_user_mfa_preference(*given)
        return EmptyResult()

    def revoke_token(self) -> ActionResult:
        client_id = self._get_param("ClientId")
        agnostic = self._get_region_agnostic_backend()
        agnostic._find_backend_for_clientid(client_id).revoke_token(self._get_param("Token"), client_id)
        return EmptyResult()

    def _given(self, *names: str) -> list[Any]:
        return [self._get_param(name) for name in names]

    def _knowing(self) -> SoftwareTokens:
        session = self._get_param("Session")
        backends = [each for regions in cognitoidp_backends.values() for each in regions.values()]
        return next((each for each in backends if session in each.challenges), self.directory)


def _check_factor(challenge: Challenge, user: CognitoIdpUser, given: Parameters) -> None:
    if challenge.name == "MFA_SETUP" and not challenge.proved:
        raise NotAuthorizedError("The software token has not been verified in this session.")
    if challenge.name != _TOKEN:
        return
    step = totp.step_of(getattr(user, "totp_secret", None) or totp.new_secret(), _given_code(given), time.time())
    if step is None:
        raise CodeMismatchException("Invalid code received for user")
    if step <= getattr(user, "used_step", -1):
        raise ExpiredCodeException("Your software token has already been used once.")
    user.used_step = step


def _given_code(given: Parameters) -> str:
    found = given.get(f"{_TOKEN}_CODE", "")
    if not _CODE.fullmatch(found):
        raise InvalidParameterException(f"Missing or invalid {_TOKEN}_CODE")
    return found
