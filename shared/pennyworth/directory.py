"""Cognito as the directory: what one authorization reads of a user."""

from dataclasses import dataclass
from typing import Any

from pennyworth.aws import Aws, AwsError
from pennyworth.keys import KeyRecord, attribute
from pennyworth.policy import Group

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
    """Reads of one user pool, on the hot path."""

    def __init__(self, aws: Aws, user_pool_id: str) -> None:
        self._aws, self._user_pool_id = aws, user_pool_id

    def user(self, user_id: str) -> User | None:
        """None for a user who is not there. Raises AwsError when Cognito does not answer."""
        answer = self._read("AdminGetUser", user_id)
        if answer is None:
            return None
        attributes = {pair["Name"]: pair.get("Value", "") for pair in answer["UserAttributes"]}
        return User(
            id=attributes.get("sub", answer["Username"]),
            name=attributes.get("email", answer["Username"]),
            enabled=answer["Enabled"],
            attributes=attributes,
        )

    def groups(self, user_id: str) -> list[Group]:
        """All groups of the user with their policies; none for a user who was deleted just now. Raises AwsError when
        Cognito does not answer."""
        found: list[Group] = []
        where: dict[str, str] = {}
        while answer := self._read("AdminListGroupsForUser", user_id, Limit=_PAGE, **where):
            found += map(Group.of, answer["Groups"])
            if not answer.get("NextToken"):
                break
            where = {"NextToken": answer["NextToken"]}
        return found

    def _read(self, operation: str, user_id: str, **more: object) -> dict[str, Any] | None:
        """None for a user who is not there."""
        request = {"UserPoolId": self._user_pool_id, "Username": user_id, **more}
        try:
            return self._aws.json("cognito-idp", operation, request)
        except AwsError as error:
            if error.code == "UserNotFoundException":
                return None
            raise
