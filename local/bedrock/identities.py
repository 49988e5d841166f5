"""Access keys and whose they are, as the AWS stand-in knows them."""

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

import httpx

from local.aws.policy import Access, access
from local.bedrock.errors import AwsError

REMEMBERED = 1000  # keys; temporary ones never stop coming
FRESH_S = 5.0  # a policy that was changed is in force that soon; AWS, too, takes some seconds
TIMEOUT_S = 5


@dataclass(frozen=True)
class Identity:
    arn: str
    secret_access_key: str
    session_token: str | None
    expires_at: float | None  # unix seconds; None for a key that does not expire
    tags: Mapping[str, str]  # of the principal
    access: Access
    asked_at: float  # time.monotonic()

    @property
    def has_ended(self) -> bool:
        return self.expires_at is not None and self.expires_at <= time.time()

    @property
    def is_stale(self) -> bool:
        return self.asked_at < time.monotonic() - FRESH_S and not self.has_ended


@dataclass
class Identities:
    """Asks `aws_url` who an access key belongs to.

    Only answers are remembered, for seconds and while the key is good: an unknown one may exist a moment later.
    """

    aws_url: str
    known: dict[str, Identity] = field(default_factory=dict)
    client: httpx.AsyncClient = field(default_factory=lambda: httpx.AsyncClient(timeout=TIMEOUT_S, trust_env=False))

    async def of(self, access_key_id: str) -> Identity:
        """AwsError: ExpiredTokenException and UnrecognizedClientException for an expired and an unknown key,
        InternalServerException when nobody can be asked."""
        identity = self.known.get(access_key_id)
        if identity is None or identity.is_stale:  # what has ended is known to have, and by nobody else
            identity = await self.asked(access_key_id)
            self.known.pop(access_key_id, None)
            if len(self.known) >= REMEMBERED:
                del self.known[next(iter(self.known))]
            self.known[access_key_id] = identity
        if identity.has_ended:
            raise AwsError("ExpiredTokenException", "The security token included in the request is expired", 403)
        return identity

    async def asked(self, access_key_id: str) -> Identity:
        try:
            answer = await self.client.get(f"{self.aws_url}/_stand_in/access-keys/{quote(access_key_id)}")
        except httpx.HTTPError as error:
            raise AwsError("InternalServerException", f"No answer from {self.aws_url}: {error!r}", 500) from error
        if answer.status_code == 404:
            message = "The security token included in the request is invalid."
            raise AwsError("UnrecognizedClientException", message, 403)
        if answer.status_code != 200:
            raise AwsError("InternalServerException", f"{self.aws_url} answered {answer.status_code}", 500)
        found = answer.json()
        tags = found["tags"]
        return Identity(
            found["arn"],
            found["secret_access_key"],
            found["session_token"],
            found["expires_at"],
            tags,
            access(found["policies"], found["boundary"], tags),
            time.monotonic(),
        )
