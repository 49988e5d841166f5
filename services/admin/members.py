"""People and the groups they are in: create one, list them."""

from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from heapq import nsmallest
from typing import Any

from pennyworth.errors import Problem
from pennyworth.logs import logger
from pennyworth.policy import Group
from services.admin.aws import Fault
from services.admin.bodies import UserRequest
from services.admin.directory import Directory
from services.admin.memberships import Memberships
from services.admin.people import Person, page, user
from services.admin.query import Query


def create(directory: Directory, memberships: Memberships, request: UserRequest) -> dict[str, Any]:
    """A new person in a group that exists, or a Problem and nobody; where that fails too, the Problem says who is
    left."""
    groups = {group.name: group for group in directory.groups()}
    if request.group not in groups:
        known = ", ".join(sorted(groups)) or "none"
        raise Problem("invalid_value", param="group", reason=f"there is no such group. The groups are: {known}")
    person = _added(directory, request)
    try:
        memberships.join(person.id, request.group)
    except Problem:
        _take_back(directory, person)
        raise
    return user(person, [groups[request.group]])


def _added(directory: Directory, request: UserRequest) -> Person:
    try:
        return directory.create(request.email, request.name, request.temporary_password)
    except Fault as fault:
        # Cognito keeps a user whose invitation could not be mailed, and does not name them in the error.
        # Source: github.com/aws/aws-sdk/issues/438
        if fault.aws_code == "CodeDeliveryFailureException":
            left = directory.find(request.email)
            if left is not None and not directory.groups_of(left.id):
                _take_back(directory, left)
        raise


def _take_back(directory: Directory, person: Person) -> None:
    try:
        directory.delete(person.id)
    except Problem as problem:
        logger.error("half-made user", user_id=person.id, code=problem.code)
        raise Problem(
            "conflict",
            reason=f"The user '{person.id}' was made but could be put into no group and not be removed again. "
            "They may do nothing. Delete them and try again.",
        ) from problem


def listing(directory: Directory, query: Query) -> dict[str, Any]:
    """A page of people in the order of their ids, after the id `query.after`.

    OpenAI's clients go on with the last id they saw, and Cognito only with a token of its own. So every page reads the
    whole pool, one ListUsers call for each 60 people, and keeps the smallest ids after the one given. That needs no
    memory between calls, and stays right when the person named was deleted meanwhile, as in a loop that lists and
    deletes. A page of 20 then costs 21 calls more for their groups.
    """
    after, wanted = query.after, query.limit + 1
    while True:
        people = _named(directory, query.emails) if query.emails else directory.people()
        found = (who for who in people if who.id > after and query.search in f"{who.email} {who.name}".lower())
        candidates = nsmallest(wanted, found, key=lambda who: who.id)
        data = [user(who, groups) for who, groups in with_groups(directory, candidates)][: query.limit]
        has_more = len(candidates) == wanted
        # A page that was deleted under our eyes is no end of the list: clients stop at an empty one.
        if data or not has_more:
            return page(data, has_more)
        after = candidates[-1].id


def _named(directory: Directory, emails: Iterable[str]) -> Iterator[Person]:
    for email in emails:
        person = directory.find(email)
        if person is not None:
            yield person


# Cognito's quotas count the calls of all of an account a second. So many lanes make a page several times as fast, and
# are few enough for the client's own retries to absorb what a crowded second refuses.
_LANES = 5


def with_groups(directory: Directory, people: Sequence[Person]) -> list[tuple[Person, list[Group]]]:
    """Each with their groups, one call for each; without those who were deleted since ListUsers saw them, which lags a
    little."""
    if not people:
        return []
    with ThreadPoolExecutor(_LANES) as lanes:
        found = lanes.map(partial(_groups, directory), people)
        return [(who, groups) for who, groups in zip(people, found, strict=True) if groups is not None]


def _groups(directory: Directory, person: Person) -> list[Group] | None:
    try:
        return directory.groups_of(person.id)
    except Fault as fault:
        if fault.aws_code == "UserNotFoundException":
            return None
        raise
