"""People and the groups they are in: create one, list them."""

import re
import secrets
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from heapq import nsmallest
from typing import Any

from pennyworth.errors import Problem
from pennyworth.logs import logger
from pennyworth.policy import Group
from services.admin import apikeys
from services.admin.aws import Fault
from services.admin.bodies import UserRequest
from services.admin.directory import Directory
from services.admin.enrolments import Enrolments
from services.admin.memberships import Memberships
from services.admin.people import ACCOUNTS, NOWHERE, Person, page, user
from services.admin.query import Query
from services.admin.roles import named


def create(directory: Directory, memberships: Memberships, request: UserRequest) -> dict[str, Any]:
    """A new person in a group that exists, or a Problem and nobody; where that fails too, the Problem says who is
    left."""
    group = named(request.group, directory.groups())
    person = _added(directory, request)
    _join(directory, memberships, person, group)
    return user(person, [group])


def create_account(directory: Directory, memberships: Memberships, name: str, group: Group) -> Person:
    """A user nobody can sign in as: their password is told to no one and ends by itself, and their address is nowhere,
    so that it cannot be reset. Raises as `create` does."""
    slug = re.sub("[^a-z0-9]+", "-", name.lower()).strip("-")[:30] or "account"
    address = f"{ACCOUNTS}{slug}.{secrets.token_hex(4)}{NOWHERE}"
    person = directory.create(address, name, f"{secrets.token_urlsafe(32)}-aA1", verified=False)
    _join(directory, memberships, person, group)
    return person


def _join(directory: Directory, memberships: Memberships, person: Person, group: Group) -> None:
    try:
        memberships.join(person.id, group.name)
    except Problem:
        take_back(directory, person)
        raise


def _added(directory: Directory, request: UserRequest) -> Person:
    try:
        return directory.create(request.email, request.name, request.temporary_password)
    except Fault as fault:
        # Cognito keeps a user whose invitation could not be mailed, and does not name them in the error.
        # Source: github.com/aws/aws-sdk/issues/438
        if fault.aws_code == "CodeDeliveryFailureException":
            left = directory.find(request.email)
            if left is not None and not directory.groups_of(left.id):
                take_back(directory, left)
        raise


def remove(directory: Directory, enrolments: Enrolments, person: Person) -> None:
    """Delete a person, and all their keys with them."""
    directory.delete(person.id)
    enrolments.release(key.record for key in apikeys.stored(person.slots))


def take_back(directory: Directory, person: Person) -> None:
    """Delete who was made a moment ago. Raises Problem naming them where that fails."""
    try:
        directory.delete(person.id)
    except Problem as problem:
        logger.error("half-made user", user_id=person.id, code=problem.code)
        raise Problem(
            "conflict",
            reason=f"The user '{person.id}' was made, could not be made ready, and not be removed again. "
            "Delete them and try again.",
        ) from problem


Shape = Callable[[Person, list[Group]], dict[str, Any]]


def listing(directory: Directory, query: Query, shape: Shape = user) -> dict[str, Any]:
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
        data = [shape(who, groups) for who, groups in with_groups(directory, candidates)][: query.limit]
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
