"""The Lambda authorizer: an API key or a Cognito token becomes a principal, or nothing."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from math import inf
from typing import Any

from pennyworth.aws import Aws, AwsError
from pennyworth.decisions import Decisions
from pennyworth.directory import Directory, User
from pennyworth.keys import PREFIX, KeyRecord, locate, pepper, shared_identifier
from pennyworth.logs import logger
from pennyworth.policy import BUDGET, Group, effective
from pennyworth.principal import Principal, Spent
from pennyworth.settings import settings
from pennyworth.tokens import Tokens
from pennyworth.tracing import subsegment

# Where API Gateway keeps no decision: the operations of auth `anthropic` in openapi.yaml.
UNCACHED = frozenset({"/messages", "/messages/count_tokens"})


class Unauthorized(Exception):  # noqa: N818 -- API Gateway answers 401 for exactly this message
    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """API Gateway's REQUEST authorizer event -> its policy and the principal as context.

    Raises Unauthorized (API Gateway: 401) for whatever proves no one; AwsError (API Gateway: 503) when Cognito does
    not answer. The policy allows every route of this stage because API Gateway caches it for all of them; which action
    the caller may do is the service's to say, with an error that names it. A token that an MCP client got for somebody
    opens the MCP endpoint alone.
    """
    ask = authorizer().recall if event.get("resource") in UNCACHED else authorizer().identify
    caller = ask(credential(event))
    request_id = event.get("requestContext", {}).get("requestId")
    if caller is None:
        logger.info("refused", request_id=request_id)
        raise Unauthorized
    logger.info("authorized", request_id=request_id, user_id=caller.user_id, key_id=caller.key_id, group=caller.group)
    return {
        "principalId": caller.user_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [
                {
                    "Action": "execute-api:Invoke",
                    "Effect": "Allow",
                    "Resource": stage(event["methodArn"], caller.audience),
                }
            ],
        },
        "context": caller.to_context(),
        "usageIdentifierKey": caller.counted_as,
    }


@dataclass(frozen=True, slots=True)
class Authorizer:
    """Whom a credential proves. `pepper` is read at the first key."""

    directory: Directory
    tokens: Tokens
    pepper: Callable[[], bytes]
    decisions: Decisions
    environment: str
    clock: Callable[[], float] = time.time

    def recall(self, credential: str) -> Principal | None:
        """`identify`, where nobody else keeps what it answered for the TTL."""
        return self.decisions.recent(credential, self.clock()) or self.identify(credential)

    def identify(self, credential: str) -> Principal | None:
        """Whom the key or token proves, with all they may do; None for anything that proves no one.

        While Cognito or SSM does not answer, whom it proved up to `decisions.OUTAGE_S` ago goes on; for everyone else
        that raises AwsError.
        """
        now = self.clock()
        try:
            caller = self._asked(credential, now)
        except AwsError as error:
            known = self.decisions.known(credential, now)
            if known is None:
                raise
            logger.warning("went on without Cognito", aws_code=error.code, user_id=known.user_id, key_id=known.key_id)
            return known
        self.decisions.keep(credential, caller, now)
        return caller

    def _asked(self, credential: str, now: float) -> Principal | None:
        if credential.startswith(PREFIX):
            return self._by_key(credential, now)
        # A JWT has three parts; anything else is refused before cryptography is imported.
        return self._by_token(credential, now) if credential.count(".") == 2 else None

    def _by_key(self, secret: str, now: float) -> Principal | None:
        address = locate(secret, self.pepper())
        user = self.directory.user(address.user_id) if address else None
        if address is None or user is None:
            return None
        record = user.key(address.slot)
        end = record.ends_at(secret) if record else None
        if record is None or end is None or now >= end:
            return None
        return self._principal(user, record, None if end == inf else int(end), now)

    def _by_token(self, token: str, now: float) -> Principal | None:
        proof = self.tokens.proof(token)
        user = self.directory.user(proof.user_id) if proof else None
        return self._principal(user, None, proof.expires_at, now, proof.audience) if proof and user else None

    def _principal(
        self, user: User, key: KeyRecord | None, expires_at: int | None, now: float, audience: str = ""
    ) -> Principal:
        group = effective(self.directory.groups(user))
        actions = group.policy.actions
        return Principal(
            user_id=user.id,
            name=user.name,
            key_id=key.id if key else "",
            group=group.name,
            role_arn=group.role_arn,
            actions=actions & frozenset(key.scopes) if key else actions,
            models=group.policy.models,
            key_models=key.models if key else ("*",),
            active=user.enabled,
            guardrail=group.policy.guardrail,
            guardrails=group.policy.guardrails,
            spent=_spent(user, group, key, now),
            tools=group.policy.tools,
            key_tools=key.tools if key else ("*",),
            expires_at=expires_at,
            counted_as=self._counted_as(group, key),
            audience=audience,
        )

    def _counted_as(self, group: Group, key: KeyRecord | None) -> str:
        """An API key that is in a usage plan: API Gateway refuses whom it does not know. The key's own where it was put
        into the plan that its group has now; else the one that the others of the group share."""
        plan = group.policy.plan
        if key and key.enrolment and plan and key.enrolment.plan == plan:
            return key.enrolment.value
        return shared_identifier(self.environment, group.name if plan else "")


def _spent(user: User, group: Group, key: KeyRecord | None, now: float) -> Spent | None:
    """The budget that is spent, by what the ledger told of this month."""
    policy = group.policy
    own = policy.budget_of(user.attributes.get(BUDGET, ""))
    of_key = key.budget_microusd if key else None
    if own is None and of_key is None and policy.budget_microusd is None:
        return None  # and nothing more to import
    from pennyworth.budgets import SPEND, Budgets

    budgets = Budgets(own, of_key, policy.budget_microusd)
    return budgets.spent(user.attributes.get(SPEND, ""), group.name, key.id if key else "", now)


def credential(event: dict[str, Any]) -> str:
    """What the Authorization header holds, with or without its scheme; where there is none, x-api-key.

    Where both are sent Authorization alone counts, as it does for API Gateway, which caches decisions by it.
    """
    headers: dict[str, str] = {name.lower(): value for name, value in (event.get("headers") or {}).items()}
    value = headers.get("authorization", "")
    if not value:  # white space is something: by it a decision may be cached, and what stood beside it is forgotten
        return headers.get("x-api-key", "").strip()
    value = value.strip()
    scheme, _, rest = value.partition(" ")
    return rest.strip() if scheme.lower() == "bearer" else value


def stage(method_arn: str, audience: str = "") -> str | list[str]:
    """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH` → the whole stage, or of it what the audience is."""
    api, name, *_ = method_arn.split("/")
    return f"{api}/{name}/*" if not audience else [f"{api}/{name}/*/{audience}", f"{api}/{name}/*/{audience}/*"]


@cache
def authorizer() -> Authorizer:
    """The authorizer of this process."""
    here = settings()
    aws = Aws(here.region, span=partial(subsegment, namespace="aws"))
    issuer = f"https://cognito-idp.{here.region}.amazonaws.com/{here.user_pool_id}"
    key_set = partial(aws.get, "cognito-idp", f"/{here.user_pool_id}/.well-known/jwks.json")

    @cache
    def read_pepper() -> bytes:
        request = {"Name": here.pepper_parameter, "WithDecryption": True}
        return pepper(aws.json("ssm", "GetParameter", request)["Parameter"]["Value"])

    return Authorizer(
        Directory(aws, here.user_pool_id, here.authorizer_ttl_s),
        Tokens(issuer, here.client_ids, key_set, mcp_scope="pennyworth/mcp" if here.sign_in_url else ""),
        read_pepper,
        Decisions(here.authorizer_ttl_s),
        here.environment,
    )
