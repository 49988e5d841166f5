"""The edge to API Gateway's usage plans: an API key of its own for a key of ours, and the plan that it is in."""

from collections.abc import Callable
from functools import cache
from typing import Any

from pennyworth.keys import Enrolment
from pennyworth.settings import settings
from services.admin.aws import Fault, call, client

_GONE = "NotFoundException"
_ELSEWHERE = "ConflictException"


@cache
def usage_plans() -> "UsagePlans":
    """The usage plans of this process. Whoever waits for a new key shall not wait long for its limit."""
    return UsagePlans(
        lambda: client("apigateway", attempts=2, connect_timeout_s=1, read_timeout_s=3), settings().environment
    )


class UsagePlans:
    """Every method may raise the Problems of `aws.call`. A client is made when one is called: where no group has a rate
    none is."""

    def __init__(self, client: Callable[[], Any], environment: str) -> None:
        self._client = client
        # By them the role knows what is its own: an API key's id is API Gateway's to choose.
        self._tags = {"application": "pennyworth", "environment": environment}

    def create(self, name: str) -> Enrolment:
        """A new API key, in no plan, with a value that API Gateway draws."""
        wanted = {"name": name, "enabled": True, "tags": self._tags}
        made = call(self._client(), "CreateApiKey", wanted)
        return Enrolment("", made["id"], made["value"])

    def add(self, plan: str, key_id: str) -> bool:
        """Whether this put it into the plan: not where one of the two is no more, nor where it is in one already."""
        wanted = {"usagePlanId": plan, "keyId": key_id, "keyType": "API_KEY"}
        try:
            call(self._client(), "CreateUsagePlanKey", wanted, answers=(_GONE, _ELSEWHERE))
        except Fault as fault:
            if fault.aws_code not in (_GONE, _ELSEWHERE):
                raise
            return False
        return True

    def remove(self, plan: str, key_id: str) -> None:
        """Nothing, where it is in that plan no more."""
        try:
            call(self._client(), "DeleteUsagePlanKey", {"usagePlanId": plan, "keyId": key_id}, answers=(_GONE,))
        except Fault as fault:
            if fault.aws_code != _GONE:
                raise

    def delete(self, key_id: str) -> None:
        """Out of its plan as well. Nothing, where it is no more."""
        try:
            call(self._client(), "DeleteApiKey", {"apiKey": key_id}, answers=(_GONE,))
        except Fault as fault:
            if fault.aws_code != _GONE:
                raise
