"""The AWS account the shell's credentials belong to."""

import os
from dataclasses import dataclass
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    PartialCredentialsError,
    ProfileNotFound,
)

from tools.ops.environment import LOCAL, Environment, names
from tools.ops.errors import OpsError

_CONFIG = Config(retries={"total_max_attempts": 4, "mode": "standard"}, connect_timeout=10, read_timeout=60)
_HOW = "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
_EXPIRED = ("ExpiredToken", "ExpiredTokenException", "RequestExpired")


@dataclass(frozen=True, slots=True)
class Account:
    id: str
    region: str
    session: boto3.Session

    def client(self, service: str) -> Any:
        return self.session.client(service, config=_CONFIG)


def of(environment: Environment) -> Account:
    """The account to deploy an environment to. Raises OpsError when it cannot be this one."""
    if environment.name == LOCAL and not any(name.startswith("AWS_ENDPOINT_URL") for name in os.environ):
        raise OpsError(
            "ENV=local is for the stand-in of AWS, not for AWS: start it with `python -m local.aws` and set "
            "AWS_ENDPOINT_URL to where it listens; `make rehearse` does all of this."
        )
    account = signed_in(environment.region)
    if environment.account_id not in (None, account.id):
        raise OpsError(
            f"The shell's credentials are for account {account.id}, but {environment.file} says account_id "
            f"{environment.account_id}: switch AWS_PROFILE, or correct the values."
        )
    return account


def signed_in(region: str) -> Account:
    """Raises OpsError, saying how to sign in."""
    try:
        session = boto3.Session(region_name=region)
        account_id = session.client("sts", config=_CONFIG).get_caller_identity()["Account"]
    except NoCredentialsError:
        raise OpsError(f"There are no AWS credentials in this shell: {_HOW}.") from None
    except ProfileNotFound as error:
        raise OpsError(f"{error}: {_HOW}.") from None
    except PartialCredentialsError as error:
        raise OpsError(f"The AWS credentials are not complete: {error}. To sign in, {_HOW}.") from None
    except EndpointConnectionError as error:
        raise OpsError(f"AWS cannot be reached: {error}") from None
    except ClientError as error:
        raise OpsError(_refused(error)) from None
    except BotoCoreError as error:  # a sign-on that ran out, a credential process that failed, a broken configuration
        raise OpsError(f"The AWS credentials cannot be used: {error}. Sign in again (`aws sso login`?).") from None
    return Account(account_id, region, session)


def check_boundary(environment: Environment, account: Account) -> None:
    """Raises OpsError when the policy that bounds the environment's roles is not there: AWS would say so only once half
    of the environment is made."""
    if not environment.bounded:
        return
    name = f"pennyworth-bootstrap-boundary-{environment.name}-{account.region}"
    partition = account.session.get_partition_for_region(account.region)
    iam = account.client("iam")
    try:
        iam.get_policy(PolicyArn=f"arn:{partition}:iam::{account.id}:policy/{name}")
    except iam.exceptions.NoSuchEntityException:
        every = ",".join(each for each in names(environment.root) if each != LOCAL)
        raise OpsError(
            f"There is no policy {name}, which says what the roles of '{environment.name}' may do at most: run "
            f"`make bootstrap REGION={account.region} ENVIRONMENTS={every}`, or give up on it: "
            f'"permissions_boundary": false in {environment.file}.'
        ) from None


def _refused(error: ClientError) -> str:
    code, message = error.response["Error"].get("Code", ""), error.response["Error"].get("Message", "")
    if code in _EXPIRED:
        return "The AWS credentials of this shell have expired: sign in again (`aws sso login`, or new session keys)."
    return f"AWS does not take the credentials of this shell ({code}: {message}): {_HOW}."
