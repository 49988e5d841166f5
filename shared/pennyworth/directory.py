"""Cognito as the directory: what one authorization reads of a user."""

from dataclasses import dataclass
from typing import Any

from pennyworth.aws import Aws, AwsError
from pennyworth.keys import KeyRecord, attribute
from pennyworth.policy import Group, GroupPolicy


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
        try:
            answer = self._read("AdminGetUser", user_id)
        except AwsError as error:
            if error.code == "UserNotFoundException":
                return None
            raise
        attributes = {pair["Name"]: pair["Value"] for pair in answer["UserAttributes"]}
        return User(
            id=attributes.get("sub", answer["Username"]),
            name=attributes.get("email", answer["Username"]),
            enabled=answer["Enabled"],
            attributes=attributes,
        )

    def groups(self, user_id: str) -> list[Group]:
        """The user's groups with their policies. Raises AwsError when Cognito does not answer."""
        return [group(row) for row in self._read("AdminListGroupsForUser", user_id, Limit=60)["Groups"]]

    def _read(self, operation: str, user_id: str, **more: object) -> dict[str, Any]:
        request = {"UserPoolId": self._user_pool_id, "Username": user_id, **more}
        return self._aws.json("cognito-idp", operation, request)


def group(row: dict[str, Any]) -> Group:
    """Cognito's GroupType as a Group."""
    return Group(
        name=row["GroupName"],
        precedence=row.get("Precedence", 2**31),
        role_arn=row.get("RoleArn", ""),
        policy=GroupPolicy.parse(row.get("Description", "")),
    )
