"""What a request is signed with."""

import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import inf

from pennyworth.aws.error import AwsError


@dataclass(frozen=True, slots=True)
class Credentials:
    """Keys of one IAM principal. The secrets stay out of its repr."""

    access_key_id: str
    secret_access_key: str = field(repr=False)
    session_token: str = field(default="", repr=False)
    expires_at: float = inf  # unix seconds


UNSIGNED = Credentials("", "")  # for the few operations that take no signature


def environment_credentials(environ: Mapping[str, str] = os.environ) -> Credentials:
    """The function's role, as Lambda hands it over: they outlive the sandbox, so no expiry is known or needed.

    Raises AwsError NoCredentialsError.
    """
    try:
        return Credentials(
            environ["AWS_ACCESS_KEY_ID"], environ["AWS_SECRET_ACCESS_KEY"], environ.get("AWS_SESSION_TOKEN", "")
        )
    except KeyError as missing:
        raise AwsError("NoCredentialsError", message=f"{missing.args[0]} is not set") from None
