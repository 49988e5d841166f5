"""sts:AssumeRoleWithWebIdentity with a Cognito identity token: its signature, its expiry, the role's trust policy."""

import json
import re
from typing import Any

import jwt
from moto.cognitoidentity.exceptions import ResourceNotFoundError
from moto.core.exceptions import AccessDeniedError
from moto.core.responses import ActionResult
from moto.iam.exceptions import NotFoundException
from moto.iam.models import Role, iam_backends
from moto.sts.exceptions import STSClientError, STSValidationError
from moto.sts.responses import TokenResponse

from local.aws import trust
from local.aws.identity_pool import PROVIDER, TAGS_CLAIM, backend_of

_SESSION_NAME = re.compile(r"[\w+=,.@-]{2,64}", re.ASCII)
_DEFAULT_MAX_S = 3600  # of a role that says nothing else


class _DeniedError(AccessDeniedError):
    def __init__(self) -> None:
        super().__init__("", "")
        self.message = f"Not authorized to perform {trust.ACTION}"
        self.description = self.description.replace("User:  is not authorized to perform: ", self.message)


class WebIdentityActions(TokenResponse):
    def assume_role_with_web_identity(self) -> ActionResult:
        claims = self._claims(self._get_param("WebIdentityToken") or "")
        role = self._role(self._get_param("RoleArn"))
        session_name, duration_s = self._session(role)
        tagged = TAGS_CLAIM in claims
        policy = json.loads(role.assume_role_policy_document)
        if not trust.admits(policy, PROVIDER, claims, tagged=tagged):
            raise _DeniedError
        assumed = self.backend.assume_role(
            region_name=self.region,
            role_session_name=session_name,
            role_arn=role.arn,
            policy=self._get_param("Policy"),
            duration=duration_s,
            external_id="",
        )
        # moto keeps no tags of a session; policies speak of them, and whoever asks whose an access key is.
        assumed.tags = {name: value for name, [value] in claims.get(TAGS_CLAIM, {}).get("principal_tags", {}).items()}
        return ActionResult(
            {
                "Credentials": assumed,
                "SubjectFromWebIdentityToken": claims["sub"],
                "AssumedRoleUser": {"AssumedRoleId": assumed.user_id, "Arn": assumed.arn},
                "Provider": PROVIDER,
                "Audience": claims["aud"],
                "PackedPolicySize": 6,
            }
        )

    def _claims(self, token: str) -> dict[str, Any]:
        """What the identity pool signed, of a pool that still allows the classic flow."""
        try:
            pool_id = jwt.decode(token, options={"verify_signature": False})["aud"]
            backend = backend_of(pool_id, self.current_account)
            claims = backend.verified(token)
        except jwt.ExpiredSignatureError:
            raise STSClientError("ExpiredTokenException", "Token expired") from None
        except (jwt.InvalidTokenError, ResourceNotFoundError, KeyError, TypeError):
            message = "The ID Token provided is not a valid JWT. (You may see this error if you sent an Access Token)"
            raise STSClientError("InvalidIdentityToken", message) from None
        if not backend.more_of(claims["aud"])["AllowClassicFlow"]:
            raise _DeniedError
        return claims

    def _role(self, arn: str) -> Role:
        try:
            return iam_backends[self.current_account][self.partition].get_role_by_arn(arn)
        except NotFoundException:
            raise _DeniedError from None  # AWS does not say which roles exist

    def _session(self, role: Role) -> tuple[str, int]:
        name = self._get_param("RoleSessionName") or ""
        if not _SESSION_NAME.fullmatch(name):
            raise STSValidationError(f"1 validation error detected: Value '{name}' at 'roleSessionName' is not valid")
        duration_s = self._get_int_param("DurationSeconds", _DEFAULT_MAX_S)
        longest = int(role.max_session_duration or _DEFAULT_MAX_S)
        if not 900 <= duration_s <= longest:
            raise STSValidationError(
                "The requested DurationSeconds exceeds the MaxSessionDuration set for this role, or is under 900."
            )
        return name, duration_s
