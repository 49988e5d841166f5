"""The edge to Cognito: the only module here that knows how the user pool spells things."""

import time
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any, NamedTuple

from pennyworth.budgets import SPEND, Spend
from pennyworth.errors import Problem
from pennyworth.policy import BUDGET, Group
from pennyworth.settings import settings
from services.admin.aws import Fault, call, client
from services.admin.people import ACCOUNTS, INVITED, Person, is_user_id

_PAGE = 60  # the most ListUsers and the group lists give at once
_KEYS = "custom:key_"


class DeclaredGroup(NamedTuple):
    group: Group
    created_at: int  # unix seconds


@cache
def directory() -> "Directory":
    """The directory of this process."""
    return Directory(client("cognito-idp"), settings().user_pool_id)


class Directory:
    """One user pool. Every method may raise the Problems of `aws.call`.

    AdminGetUser shows what was written just now; ListUsers is eventually consistent (Cognito API reference, ListUsers:
    "To validate the existence or configuration of an individual user, use AdminGetUser").
    """

    def __init__(self, client: Any, pool_id: str) -> None:
        self._client, self._pool_id = client, pool_id

    def person(self, user_id: str) -> Person:
        """Raises Problem not_found, also for what is no id."""
        answer = self._on_user("AdminGetUser", user_id)
        return _person(answer, answer["UserAttributes"])

    def find(self, username: str) -> Person | None:
        """The person with an id or an e-mail address."""
        try:
            answer = self._call("AdminGetUser", {"Username": username}, username)
        except Fault as fault:
            if fault.aws_code == "UserNotFoundException":
                return None
            raise
        return _person(answer, answer["UserAttributes"])

    def people(self, matching: str = "") -> Iterator[Person]:
        """Everyone, or those a filter of ListUsers finds, in Cognito's own order, one call for every 60."""
        where: dict[str, str] = {}
        wanted = {"Limit": _PAGE} | ({"Filter": matching} if matching else {})
        while True:
            answer = self._call("ListUsers", {**wanted, **where})
            for entry in answer["Users"]:
                yield _person(entry, entry.get("Attributes", []))
            if not answer.get("PaginationToken"):
                return
            where = {"PaginationToken": answer["PaginationToken"]}

    def invited(self) -> Iterator[Person]:
        """Whoever has not signed in with a password of their own yet."""
        return self.people(f'cognito:user_status = "{INVITED}"')

    def service_accounts(self) -> Iterator[Person]:
        return (who for who in self.people(f'email ^= "{ACCOUNTS}"') if who.is_service_account)

    def members(self, group: str) -> Iterator[Person]:
        """Everyone in a group that is there, one call for every 60."""
        where: dict[str, str] = {}
        while True:
            answer = self._call("ListUsersInGroup", {"GroupName": group, "Limit": _PAGE, **where}, group)
            for entry in answer["Users"]:
                yield _person(entry, entry.get("Attributes", []))
            if not answer.get("NextToken"):
                return
            where = {"NextToken": answer["NextToken"]}

    def declared(self) -> list[DeclaredGroup]:
        """All groups of the pool, and since when there are."""
        return [
            DeclaredGroup(Group.of(entry), int(entry["CreationDate"].timestamp()))
            for entry in self._entries("ListGroups")
        ]

    def groups(self) -> list[Group]:
        """All groups of the pool."""
        return [each.group for each in self.declared()]

    def groups_of(self, user_id: str) -> list[Group]:
        """The groups a person is in. Raises Problem not_found."""
        return list(map(Group.of, self._entries("AdminListGroupsForUser", user_id, Username=user_id)))

    def create(self, email: str, name: str, temporary_password: str, verified: bool = True) -> Person:
        """A new person; without a temporary password Cognito mails an invitation with one of its own. `verified`: the
        address is one a password may be reset by."""
        attributes = {"email": email, "email_verified": str(verified).lower()} | ({"name": name} if name else {})
        welcome: dict[str, object] = {"DesiredDeliveryMediums": ["EMAIL"]}
        if temporary_password:
            welcome = {"TemporaryPassword": temporary_password, "MessageAction": "SUPPRESS"}
        wanted = {"Username": email, "UserAttributes": _pairs(attributes), **welcome}
        made = self._call("AdminCreateUser", wanted, email)["User"]
        return _person(made, made["Attributes"])

    def join(self, user_id: str, group: str) -> None:
        self._on_user("AdminAddUserToGroup", user_id, GroupName=group)

    def leave(self, user_id: str, group: str) -> None:
        self._on_user("AdminRemoveUserFromGroup", user_id, GroupName=group)

    def enable(self, user_id: str) -> None:
        self._on_user("AdminEnableUser", user_id)

    def disable(self, user_id: str) -> None:
        self._on_user("AdminDisableUser", user_id)

    def delete(self, user_id: str) -> None:
        """Raises Problem not_found, also for what is no id."""
        self._on_user("AdminDeleteUser", user_id)

    def write(self, user_id: str, attribute: str, value: str) -> None:
        self._on_user("AdminUpdateUserAttributes", user_id, UserAttributes=_pairs({attribute: value}))

    def clear(self, user_id: str, attribute: str) -> None:
        self._on_user("AdminDeleteUserAttributes", user_id, UserAttributeNames=[attribute])

    def _on_user(self, operation: str, user_id: str, **parameters: object) -> dict[str, Any]:
        if not is_user_id(user_id):
            raise Problem("not_found", thing="user", id=user_id)
        return self._call(operation, {"Username": user_id, **parameters}, user_id)

    def _entries(self, operation: str, subject: str = "", **parameters: str) -> Iterator[dict[str, Any]]:
        """Cognito's GroupType, one by one."""
        where: dict[str, str] = {}
        while True:
            answer = self._call(operation, {**parameters, "Limit": _PAGE, **where}, subject)
            yield from answer["Groups"]
            if not answer.get("NextToken"):
                return
            where = {"NextToken": answer["NextToken"]}

    def _call(self, operation: str, parameters: Mapping[str, object], subject: str = "") -> dict[str, Any]:
        return call(self._client, operation, {"UserPoolId": self._pool_id, **parameters}, subject=subject)


def _person(entry: dict[str, Any], pairs: list[dict[str, str]]) -> Person:
    attributes = {pair["Name"]: pair.get("Value", "") for pair in pairs}
    return Person(
        id=entry["Username"],
        email=attributes.get("email", ""),
        name=attributes.get("name", ""),
        added_at=int(entry["UserCreateDate"].timestamp()),
        enabled=entry["Enabled"],
        status=entry["UserStatus"],
        slots={name: value for name, value in attributes.items() if name.startswith(_KEYS) and value},
        own_budget=attributes.get(BUDGET, ""),
        spend=Spend.parse(attributes.get(SPEND, ""), time.time()),
    )


def _pairs(attributes: dict[str, str]) -> list[dict[str, str]]:
    return [{"Name": name, "Value": value} for name, value in attributes.items()]
