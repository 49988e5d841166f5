"""The edge to the pepper: what the states of requests of several rounds are signed with."""

from functools import cache

from pennyworth import keys
from pennyworth.errors import Problem
from pennyworth.settings import settings
from services.mcp.inference import lambda_api


@cache
def pepper() -> bytes:
    """The installation's pepper, read once a process, and only by one that has a state to sign or to open.

    Raises Problem service_unavailable when Parameter Store does not hand it over.
    """
    from pennyworth.aws import AwsError

    request = {"Name": settings().pepper_parameter, "WithDecryption": True}
    try:
        return keys.pepper(lambda_api().json("ssm", "GetParameter", request)["Parameter"]["Value"])
    except AwsError:
        raise Problem("service_unavailable") from None
