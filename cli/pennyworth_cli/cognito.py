"""Amazon Cognito's public operations, as an app client without a secret calls them: without credentials of AWS."""

from typing import Any, NamedTuple

import requests

from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.http import Http

_TARGET = "AWSCognitoIdentityProviderService."
_TYPE = "application/x-amz-json-1.1"


class Row(NamedTuple):
    message: str
    code: Code


# By Cognito's exception; what is absent is shown by its name. Cognito's own text is shown where it says more than we
# can: what a password lacks.
_FAULTS = {
    "NotAuthorizedException": Row("The e-mail address or the password is wrong.", Code.NOT_SIGNED_IN),
    "UserNotFoundException": Row("The e-mail address or the password is wrong.", Code.NOT_SIGNED_IN),
    "UserNotConfirmedException": Row(
        "This account is not confirmed. Ask an administrator to invite you anew.", Code.NOT_SIGNED_IN
    ),
    "PasswordResetRequiredException": Row(
        "The password has to be reset. Ask an administrator to invite you anew.", Code.NOT_SIGNED_IN
    ),
    "CodeMismatchException": Row("The code is wrong.", Code.NOT_SIGNED_IN),
    "EnableSoftwareTokenMFAException": Row("The code is wrong.", Code.NOT_SIGNED_IN),
    "ExpiredCodeException": Row("The code was used already or is too old. Wait for the next one.", Code.NOT_SIGNED_IN),
    "TooManyRequestsException": Row("Cognito is asked too often just now. Wait a little.", Code.LIMITED),
    "LimitExceededException": Row("Too many attempts. Wait a while.", Code.LIMITED),
    "ResourceNotFoundException": Row(
        "The app client that the gateway names is not there. Tell who runs the gateway.", Code.FAILED
    ),
    "InternalErrorException": Row("Cognito failed. Try again.", Code.FAILED),
}
# What Cognito says of an account is worth more than the row: one text of its own for several cases.
_SAID = {
    "User is disabled.": Row("This account is disabled. Ask an administrator.", Code.REFUSED),
    "Password attempts exceeded": Row("Too many wrong passwords. Wait a while and try again.", Code.LIMITED),
    "Temporary password has expired and must be reset by an administrator.": Row(
        "The temporary password has expired. Ask an administrator to invite you anew.", Code.NOT_SIGNED_IN
    ),
    "Invalid session for the user.": Row("The sign-in took too long. Begin again.", Code.NOT_SIGNED_IN),
}


class CognitoFailure(Failure):
    """`aws_code`: Cognito's name for it; `said`: its own text."""

    def __init__(self, aws_code: str, said: str) -> None:
        known = _SAID.get(said.partition(", session")[0]) or _FAULTS.get(aws_code)
        row = known or Row(f"Cognito refused: {aws_code or 'without a reason'}.", Code.FAILED)
        super().__init__(row.message, row.code)
        self.aws_code, self.said = aws_code, said


class Cognito:
    """One user pool's app client at one address."""

    def __init__(self, http: Http, url: str, client_id: str) -> None:
        self._http, self._url, self._client_id = http, url, client_id

    def initiate(self, flow: str, **parameters: str) -> dict[str, Any]:
        """Raises CognitoFailure, as all here."""
        return self._client("InitiateAuth", AuthFlow=flow, AuthParameters=parameters)

    def respond(self, challenge: str, session: str | None, answers: dict[str, str]) -> dict[str, Any]:
        given: dict[str, Any] = {"ChallengeName": challenge, "ChallengeResponses": answers}
        return self._client("RespondToAuthChallenge", **given, **({"Session": session} if session else {}))

    def revoke(self, refresh_token: str) -> None:
        self._client("RevokeToken", Token=refresh_token)

    def associate(self, **proof: str) -> dict[str, Any]:
        """A new secret for one-time codes; `proof` is an AccessToken or a Session."""
        return self._call("AssociateSoftwareToken", proof)

    def verify(self, code: str, **proof: str) -> dict[str, Any]:
        return self._call("VerifySoftwareToken", {"UserCode": code, "FriendlyDeviceName": "pennyworth", **proof})

    def prefer(self, access_token: str, *, one_time_codes: bool) -> None:
        wanted = {"Enabled": one_time_codes, "PreferredMfa": one_time_codes}
        self._call("SetUserMFAPreference", {"AccessToken": access_token, "SoftwareTokenMfaSettings": wanted})

    def _client(self, operation: str, **body: Any) -> dict[str, Any]:
        return self._call(operation, {"ClientId": self._client_id, **body})

    def _call(self, operation: str, body: dict[str, Any]) -> dict[str, Any]:
        headers = {"X-Amz-Target": _TARGET + operation, "Content-Type": _TYPE}
        response = self._http.send("POST", self._url, headers=headers, json=body)
        found = _object(response)
        if response.status_code == requests.codes.ok:
            return found
        aws_code = str(found.get("__type", "")).rpartition("#")[2]
        raise CognitoFailure(aws_code, str(found.get("message") or found.get("Message") or ""))


def _object(response: requests.Response) -> dict[str, Any]:
    try:
        found = response.json() if response.content else {}
    except ValueError:
        found = None
    if not isinstance(found, dict):
        raise Failure(f"Cognito answered {response.status_code} and no JSON. Try again.", Code.FAILED)
    return found
