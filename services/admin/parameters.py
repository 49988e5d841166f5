"""The edge to Systems Manager's Parameter Store: the pepper of the keys, and versions one can decide by."""

import time
from collections.abc import Callable
from functools import cache
from typing import Any, NamedTuple

from pennyworth import keys
from pennyworth.settings import settings
from services.admin.aws import Fault, call, client


class Parameter(NamedTuple):
    value: str
    version: int
    modified_at: float  # unix seconds, by AWS's clock


@cache
def parameters() -> "Parameters":
    """The parameters of this process."""
    return Parameters(client("ssm", attempts=1))


@cache
def pepper() -> bytes:
    """The pepper of the keys' MAC, read once a process."""
    answer = call(client("ssm"), "GetParameter", {"Name": settings().pepper_parameter, "WithDecryption": True})
    return keys.pepper(answer["Parameter"]["Value"])


_ABSENT = ("ParameterNotFound", "ParameterVersionNotFound")
_TAKEN = "ParameterAlreadyExists"


class Parameters:
    """Every method may raise the Problems of `aws.call`.

    The client must not send anything twice: a second write, after an answer that was lost, could undo what another
    wrote meanwhile. Reads are tried again here, over the same connections: one that died while the function slept
    shows itself at a read, which comes before every write.
    """

    def __init__(self, client: Any, sleep: Callable[[float], None] = time.sleep) -> None:
        self._client, self._sleep = client, sleep

    def read(self, name: str, version: int | None = None) -> Parameter | None:
        """The newest version, or the one asked for; None when there is none."""
        selector = name if version is None else f"{name}:{version}"
        for pause_s in (0.1, 0.4):
            try:
                return self._read(selector)
            except Fault as fault:
                if fault.retry_after_s is None:
                    raise
                self._sleep(pause_s)
        return self._read(selector)

    def _read(self, selector: str) -> Parameter | None:
        try:
            found = call(self._client, "GetParameter", {"Name": selector}, answers=_ABSENT)["Parameter"]
        except Fault as fault:
            if fault.aws_code in _ABSENT:
                return None
            raise
        return Parameter(found["Value"], found["Version"], found["LastModifiedDate"].timestamp())

    def create(self, name: str, value: str) -> int | None:
        """The version made; None when the parameter is there already, or AWS takes no write just now."""
        return self._put(name, value, overwrite=False)

    def overwrite(self, name: str, value: str) -> int | None:
        """The version made: every write gets a number of its own. None when AWS takes no write just now."""
        return self._put(name, value, overwrite=True)

    def _put(self, name: str, value: str, overwrite: bool) -> int | None:
        # The standard tier is free, whatever the account's default is.
        wanted = {"Name": name, "Value": value, "Type": "String", "Tier": "Standard", "Overwrite": overwrite}
        try:
            answer = call(self._client, "PutParameter", wanted, answers=(_TAKEN,))
        except Fault as fault:
            if fault.aws_code == _TAKEN or fault.code == "rate_limit_exceeded":
                return None
            raise
        version: int = answer["Version"]
        return version
