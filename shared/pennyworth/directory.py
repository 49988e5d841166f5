"""Cognito as the directory: what one authorization reads of a user."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from pennyworth import membership
from pennyworth.aws import Aws, AwsError
from pennyworth.keys import KeyRecord, attribute
from pennyworth.policy import Group

_TIMEOUT_S = 3.0  # with retries; the caller waits for an answer, and for a known one even while Cognito is down
_PAGE = 60  # the most groups Cognito lists at once; a user may be in 100


@dataclass(frozen=True, slots=True)
class User:
    id: str  # `sub`, which is the user name too
    name: str  # e-mail address, else the user name
    enabled: bool
    attributes: dict[str, str]

    def key(self, slot: int) -> KeyRecord | None:
        """The record in a slot, if there is one."""
        return KeyRecord.parse(self.attributes.get(attribute(slot), ""))


class Directory:
    """Reads of one user pool, on the hot path: one for a user, and every `ttl_s` one for the policies of all groups."""

    def __init__(self, aws: Aws, user_pool_id: str, ttl_s: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._aws, self._user_pool_id, self._ttl_s, self._clock = aws, user_pool_id, ttl_s, clock
        self._policies: dict[str, Group] = {}
        self._absent: set[str] = set()  # names that were asked for since and are no group's
        self._listed_at = float("-inf")

    def user(self, user_id: str) -> User | None:
        """None for a user who is not there. Raises AwsError when Cognito does not answer."""
        answer = self._read("AdminGetUser", Username=user_id)
        if answer is None:
            return None
        attributes = {pair["Name"]: pair.get("Value", "") for pair in answer["UserAttributes"]}
        return User(
            id=attributes.get("sub", answer["Username"]),
            name=attributes.get("email", answer["Username"]),
            enabled=answer["Enabled"],
            attributes=attributes,
        )

    def groups(self, user: User) -> list[Group]:
        """All groups of the user with their policies; none for a user who was deleted just now. Raises AwsError when
        Cognito does not answer.

        A group that was declared after the policies were listed is looked for once; of one that is not there nothing is
        allowed.
        """
        names = membership.parse(user.attributes.get(membership.ATTRIBUTE, ""))
        if names is None:
            return self._pages("AdminListGroupsForUser", Username=user.id)
        old = self._clock() - self._listed_at >= self._ttl_s
        if old or not self._policies.keys() | self._absent >= set(names):
            self._policies = {group.name: group for group in self._pages("ListGroups")}
            self._absent = (set() if old else self._absent) | (set(names) - self._policies.keys())
            self._listed_at = self._clock()
        return [self._policies[name] for name in names if name in self._policies]

    def group(self, name: str) -> Group | None:
        """The one group as it is now; None for one that is not there. Raises AwsError when Cognito does not answer."""
        whole = {"UserPoolId": self._user_pool_id, "GroupName": name}
        try:
            return Group.of(self._aws.json("cognito-idp", "GetGroup", whole, timeout_s=_TIMEOUT_S)["Group"])
        except AwsError as error:
            if error.code == "ResourceNotFoundException":
                return None
            raise

    def _pages(self, operation: str, **request: object) -> list[Group]:
        found: list[Group] = []
        where: dict[str, str] = {}
        while answer := self._read(operation, Limit=_PAGE, **request, **where):
            found += map(Group.of, answer["Groups"])
            if not answer.get("NextToken"):
                break
            where = {"NextToken": answer["NextToken"]}
        return found

    def _read(self, operation: str, **request: object) -> dict[str, Any] | None:
        """None for a user who is not there."""
        try:
            whole = {"UserPoolId": self._user_pool_id, **request}
            return self._aws.json("cognito-idp", operation, whole, timeout_s=_TIMEOUT_S)
        except AwsError as error:
            if error.code == "UserNotFoundException":
                return None
            raise
