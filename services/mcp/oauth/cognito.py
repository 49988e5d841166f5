"""The edge to Cognito's sign-in: the app client in whose name this gateway asks, and its token endpoint."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any
from urllib.parse import urlencode

from pennyworth.aws.error import AwsError
from pennyworth.errors import Problem
from pennyworth.logs import logger
from pennyworth.settings import settings
from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.metadata import SCOPE

_KEPT_S = 300  # a client made anew is known after so long
_AGAIN_S = 30  # after Cognito did not tell it: a request asks for it several times, and each may take its whole time
_TIMEOUT_S = 10


@dataclass(frozen=True, slots=True)
class AppClient:
    id: str
    secret: str


@dataclass(slots=True)
class SignIn:
    """Cognito's own pages at `url`, and the app client they know us by, asked of Cognito when first needed."""

    url: str  # https://PREFIX.auth.REGION.amazoncognito.com
    read: Callable[[], AppClient]
    clock: Callable[[], float] = time.monotonic
    _client: AppClient | None = None
    _until: float = float("-inf")  # when it is asked for anew

    @property
    def client(self) -> AppClient:
        """Raises Problem service_unavailable where Cognito has never told it."""
        if self._client is None or self.clock() >= self._until:
            try:
                self._client, self._until = self.read(), self.clock() + _KEPT_S
            except AwsError as error:
                logger.error("Cognito did not tell the app client", error=error.code)
                if self._client is None:
                    raise Problem("service_unavailable") from None
                self._until = self.clock() + _AGAIN_S
        return self._client

    def address(self, callback: str, number: str, challenge: str) -> str:
        """Where a browser signs in, to come back to `callback` with a code and the number as its `state`. The client's
        own PKCE challenge goes along: only who can answer it gets tokens for the code."""
        query = {
            "response_type": "code",
            "client_id": self.client.id,
            "redirect_uri": callback,
            "scope": SCOPE,
            "state": number,
            "code_challenge": challenge,
            "code_challenge_method": "S256",
        }
        return f"{self.url}/oauth2/authorize?{urlencode(query)}"

    def tokens(self, grant: Mapping[str, str]) -> dict[str, Any]:
        """The token endpoint's answer. Raises OAuthError invalid_grant, Problem service_unavailable.

        Neither what is sent nor what comes back is ever logged: both are secrets.
        """
        status, answer = self._post("token", grant)
        if status == 200 and "access_token" in answer:
            return answer
        if answer.get("error") == "invalid_grant":
            raise OAuthError("invalid_grant", "The code or refresh token was used before, is too old or was revoked.")
        raise _refused("token", status, answer)

    def revoke(self, refresh_token: str) -> None:
        """End a refresh token of Cognito's; one that has ended is none to it, and that is all the same here. Raises
        Problem service_unavailable."""
        status, answer = self._post("revoke", {"token": refresh_token})
        if status != 200:
            raise _refused("revoke", status, answer)

    def _post(self, endpoint: str, form: Mapping[str, str]) -> tuple[int, dict[str, Any]]:
        """The status, and the JSON object of the answer: an empty one where it is not to be read."""
        import requests

        basic = (self.client.id, self.client.secret)
        with requests.Session() as session:
            session.trust_env = False
            try:
                reply = session.post(
                    f"{self.url}/oauth2/{endpoint}",
                    data=dict(form),
                    auth=basic,
                    timeout=_TIMEOUT_S,
                    allow_redirects=False,
                )
            except requests.RequestException as error:
                logger.error("Cognito gave no answer", endpoint=endpoint, error=type(error).__name__)
                raise Problem("service_unavailable") from None
        try:
            answer = reply.json()
        except ValueError:
            answer = {}
        return reply.status_code, answer if isinstance(answer, dict) else {}


def _refused(endpoint: str, status: int, answer: Mapping[str, Any]) -> Problem:
    logger.error("Cognito refused", endpoint=endpoint, status=status, error=str(answer.get("error"))[:100])
    return Problem("service_unavailable")


@cache
def sign_in() -> SignIn:
    """The sign-in of this process."""
    from pennyworth.aws import Aws

    here = settings()
    aws = Aws(here.region)

    def read() -> AppClient:
        pool = {"UserPoolId": here.user_pool_id}
        listed = aws.json("cognito-idp", "ListUserPoolClients", {**pool, "MaxResults": 60})["UserPoolClients"]
        [known] = [each["ClientId"] for each in listed if each["ClientName"] == here.sign_in_client]
        found = aws.json("cognito-idp", "DescribeUserPoolClient", {**pool, "ClientId": known})["UserPoolClient"]
        return AppClient(found["ClientId"], found["ClientSecret"])

    return SignIn(here.sign_in_url, read)
