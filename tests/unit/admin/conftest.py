"""A user pool in memory, with the methods of services.admin.directory.Directory."""

from contextlib import nullcontext
from dataclasses import replace
from types import SimpleNamespace
from uuid import UUID

import pytest

from pennyworth.keys import Enrolment
from pennyworth.policy import Group, GroupPolicy
from services.admin.aws import FAULTS, Fault
from services.admin.enrolments import Enrolments
from services.admin.memberships import Memberships
from services.admin.people import Person

GROUPS = {
    "admins": Group("admins", 10, "", GroupPolicy(frozenset({"inference", "mcp", "usage", "admin"}), ("*",))),
    "developers": Group("developers", 20, "", GroupPolicy(frozenset({"inference", "mcp", "usage"}), ("*",))),
}


def failure(code, subject="them"):
    return Fault(code, FAULTS[code], subject)


class Pool:
    """`faults`: method → an exception it raises instead, or after (a tuple with True) doing its work."""

    def __init__(self):
        self.members, self.joined, self.faults, self.calls = {}, {}, {}, []

    def add(self, number, groups=(), **fields):
        user_id = str(UUID(int=number))
        fields = {
            "email": f"user{number}@example.com",
            "name": "",
            "added_at": 1,
            "enabled": True,
            "slots": {},
        } | fields
        self.members[user_id] = Person(user_id, **fields)
        self.joined[user_id] = [GROUPS[name] for name in groups]
        return user_id

    def _did(self, method, after=False):
        if not after:
            self.calls.append(method)
        fault = self.faults.get(method)
        done, error = fault if isinstance(fault, tuple) else (False, fault)
        if error is not None and done == after:
            raise error

    def _there(self, user_id):
        if user_id not in self.members:
            raise failure("UserNotFoundException", user_id)
        return self.members[user_id]

    def person(self, user_id):
        self._did("person")
        return self._there(user_id)

    def find(self, username):
        self._did("find")
        return next((who for who in self.members.values() if username in (who.id, who.email)), None)

    def people(self):
        self._did("people")
        yield from list(self.members.values())

    def groups(self):
        return list(GROUPS.values())

    def groups_of(self, user_id):
        self._did("groups_of")
        self._there(user_id)
        return self.joined[user_id]

    def create(self, email, name, temporary_password):
        self._did("create")
        user_id = self.add(len(self.members) + 1, email=email, name=name)
        self._did("create", after=True)
        return self.members[user_id]

    def join(self, user_id, group):
        self._did("join")
        self.joined[user_id].append(GROUPS[group])

    def leave(self, user_id, group):
        self._did("leave")
        self.joined[user_id].remove(GROUPS[group])
        self._did("leave", after=True)

    def delete(self, user_id):
        self._did("delete")
        self._there(user_id)
        del self.members[user_id]

    def write(self, user_id, attribute, value):
        self._did("write")
        person = self._there(user_id)
        self.members[user_id] = replace(person, slots={**person.slots, attribute: value})
        self._did("write", after=True)

    def clear(self, user_id, attribute):
        self._did("clear")
        person = self._there(user_id)
        slots = {name: value for name, value in person.slots.items() if name != attribute}
        self.members[user_id] = replace(person, slots=slots)
        self._did("clear", after=True)


@pytest.fixture
def pool():
    return Pool()


class Plans:
    """API Gateway's usage plans in memory, with the methods of services.admin.usageplans.UsagePlans."""

    def __init__(self):
        self.keys, self.held, self.faults, self.calls = {}, {}, {}, []  # id → name, id → plan

    def _did(self, *call):
        self.calls.append(call)
        if error := self.faults.get(call[0]):
            raise error

    def create(self, name):
        self._did("create", name)
        key_id = f"id{len(self.calls)}"
        self.keys[key_id] = name
        return Enrolment("", key_id, f"value of {key_id}")

    def add(self, plan, key_id):
        self._did("add", plan, key_id)
        if key_id not in self.keys or key_id in self.held:
            return False
        self.held[key_id] = plan
        return True

    def remove(self, plan, key_id):
        self._did("remove", plan, key_id)
        if self.held.get(key_id) == plan:
            del self.held[key_id]

    def delete(self, key_id):
        self._did("delete", key_id)
        self.keys.pop(key_id, None)
        self.held.pop(key_id, None)


@pytest.fixture
def plans():
    return Plans()


@pytest.fixture
def enrolments(pool, plans):
    return Enrolments(pool, plans)


@pytest.fixture
def memberships(pool, enrolments):
    """The pool's, under a lock that is always free."""
    hold = SimpleNamespace(check=lambda: None)
    return Memberships(pool, SimpleNamespace(hold=lambda _: nullcontext(hold)), enrolments)


@pytest.fixture
def fails():
    """An AWS error code as the Problem `aws.call` makes of it."""
    return failure
