"""The Lambda authorizer: an API key or a Cognito token becomes a principal, or nothing."""

import time
from functools import cache, partial
from typing import Any

from pennyworth.aws import Aws
from pennyworth.directory import Directory, User
from pennyworth.keys import PREFIX, KeyRecord, locate, pepper
from pennyworth.logs import logger
from pennyworth.policy import effective
from pennyworth.principal import Principal
from pennyworth.settings import settings
from pennyworth.tokens import Tokens
from pennyworth.tracing import subsegment


class Unauthorized(Exception):  # noqa: N818 -- API Gateway answers 401 for exactly this message
    def __init__(self) -> None:
        super().__init__("Unauthorized")


def handler(event: dict[str, Any], _: object) -> dict[str, Any]:
    """API Gateway's REQUEST authorizer event -> its policy and the principal as context.

    Raises Unauthorized (API Gateway: 401) for whatever proves no one; AwsError (API Gateway: 503) when Cognito does
    not answer. The policy allows every route of this stage because API Gateway caches it for all of them; which action
    the caller may do is the service's to say, with an error that names it.
    """
    caller = identify(_credential(event))
    if caller is None:
        logger.info("refused", request_id=event.get("requestContext", {}).get("requestId"))
        raise Unauthorized
    logger.info(
        "authorized",
        request_id=event.get("requestContext", {}).get("requestId"),
        user_id=caller.user_id,
        key_id=caller.key_id,
        group=caller.group,
    )
    return {
        "principalId": caller.user_id,
        "policyDocument": {
            "Version": "2012-10-17",
            "Statement": [{"Action": "execute-api:Invoke", "Effect": "Allow", "Resource": _stage(event["methodArn"])}],
        },
        "context": caller.to_context(),
    }


def identify(credential: str) -> Principal | None:
    """Whom the key or token proves, with all they may do; None for anything that proves no one."""
    if credential.startswith(PREFIX):
        return _by_key(credential)
    # A JWT has three parts; anything else is refused before cryptography is imported.
    return _by_token(credential) if credential.count(".") == 2 else None


def _by_key(secret: str) -> Principal | None:
    address = locate(secret, _pepper())
    if address is None:
        return None
    user = _directory().user(address.user_id)
    record = user.key(address.slot) if user else None
    if user is None or record is None or not record.matches(secret) or record.expired(time.time()):
        return None
    return _principal(user, record)


def _by_token(token: str) -> Principal | None:
    subject = _tokens().subject(token)
    user = _directory().user(subject) if subject else None
    return _principal(user, None) if user else None


def _principal(user: User, key: KeyRecord | None) -> Principal:
    group = effective(_directory().groups(user.id))
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
    )


def _credential(event: dict[str, Any]) -> str:
    """What the Authorization header holds, with or without its scheme."""
    value = next((v for name, v in (event.get("headers") or {}).items() if name.lower() == "authorization"), "")
    scheme, _, credential = value.strip().partition(" ")
    return credential.strip() if scheme.lower() == "bearer" else value.strip()


def _stage(method_arn: str) -> str:
    """`arn:aws:execute-api:REGION:ACCOUNT:API/STAGE/METHOD/PATH` → the whole stage."""
    api, stage, *_ = method_arn.split("/")
    return f"{api}/{stage}/*"


@cache
def _aws() -> Aws:
    return Aws(settings().region, span=partial(subsegment, namespace="aws"))


@cache
def _directory() -> Directory:
    return Directory(_aws(), settings().user_pool_id)


@cache
def _pepper() -> bytes:
    request = {"Name": settings().pepper_parameter, "WithDecryption": True}
    return pepper(_aws().json("ssm", "GetParameter", request)["Parameter"]["Value"])


@cache
def _tokens() -> Tokens:
    here = settings()
    issuer = f"https://cognito-idp.{here.region}.amazonaws.com/{here.user_pool_id}"
    return Tokens(
        issuer, here.client_ids, lambda: _aws().get("cognito-idp", f"/{here.user_pool_id}/.well-known/jwks.json")
    )
