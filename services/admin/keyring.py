"""The changes to a person's keys: each under the lock, each looked at again before it is called done."""

import secrets
import time
from collections.abc import Callable
from typing import Any, NamedTuple

from pennyworth import keys
from pennyworth.budgets import Spend
from pennyworth.errors import Problem
from pennyworth.keys import KeyRecord, attribute
from pennyworth.logs import logger
from pennyworth.policy import GroupPolicy
from pennyworth.settings import settings
from services.admin import apikeys
from services.admin.bodies import ApiKeyRequest, ApiKeyUpdate, RotationRequest
from services.admin.directory import Directory, directory
from services.admin.enrolments import Enrolments, enrolments
from services.admin.lock import Lock
from services.admin.parameters import parameters, pepper
from services.admin.people import policy, user


class NewKey(NamedTuple):
    secret: str  # shown once: neither stored nor logged
    record: KeyRecord
    owner: dict[str, Any]  # as the API shows the user
    spend: Spend = Spend()


def keyring() -> "Keyring":
    """The keyring of this process. The locks lie beside the pepper, in the installation's own path."""
    path = settings().pepper_parameter.rpartition("/")[0]
    return Keyring(directory(), Lock(parameters(), f"{path}/locks"), pepper, enrolments())


class Keyring:
    def __init__(
        self,
        directory: Directory,
        lock: Lock,
        pepper: Callable[[], bytes],
        enrolments: Enrolments,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._directory, self._lock, self._pepper, self._clock = directory, lock, pepper, clock
        self._enrolments = enrolments

    def mint(self, user_id: str, request: ApiKeyRequest) -> NewKey:
        """A new key in a slot of its own, stored and seen to be stored."""
        person, groups = self._directory.person(user_id), self._directory.groups_of(user_id)
        scopes = apikeys.permitted(request, policy(groups), self._clock())
        owner = user(person, groups)  # now: nothing may fail between the write and the answer with the secret
        pepper = self._pepper()
        with self._lock.hold(user_id) as hold:
            slots = self._directory.person(user_id).slots
            slot = apikeys.vacancy(slots, self._clock())
            secret = keys.mint(user_id, slot, pepper)
            record = apikeys.record(request, scopes, secret, secrets.token_bytes(10), self._clock())
            hold.check()
            self._write(user_id, attribute(slot), record.dump())
            self._enrolments.release(key.record for key in apikeys.stored(slots) if key.slot == slot)
            record = self._enrolments.enrol(user_id, apikeys.StoredKey(slot, record), policy(groups), hold)
        return NewKey(secret, record, owner)

    def update(self, user_id: str, key_id: str, request: ApiKeyUpdate) -> KeyRecord:
        """Rename the key or cut what it may do. Raises Problem not_found, and those of `apikeys.narrowed`."""
        allowed = policy(self._directory.groups_of(user_id))
        return self._change(
            user_id, key_id, lambda key: apikeys.narrowed(key.record, request, allowed, self._clock()), allowed
        )

    def rotate(self, user_id: str, key_id: str, request: RotationRequest) -> NewKey:
        """A new secret for the key, in its own slot: one write, so that either both secrets work or only the old one.

        Raises Problem not_found, and those of `apikeys.rotated`.
        """
        person, groups = self._directory.person(user_id), self._directory.groups_of(user_id)
        owner = user(person, groups)
        pepper, made = self._pepper(), []

        def rotated(key: apikeys.StoredKey) -> KeyRecord:
            made.append(keys.mint(user_id, key.slot, pepper))
            return apikeys.rotated(key.record, request, made[-1], self._clock())

        record = self._change(user_id, key_id, rotated, policy(groups))
        return NewKey(made[-1], record, owner, person.spend)

    def _change(
        self, user_id: str, key_id: str, changed: Callable[[apikeys.StoredKey], KeyRecord], allowed: GroupPolicy
    ) -> KeyRecord:
        """What is refused of the key as it stands is refused before the lock; under it the key is read again."""
        changed(apikeys.find(self._directory.person(user_id).slots, key_id))
        with self._lock.hold(user_id) as hold:
            key = apikeys.find(self._directory.person(user_id).slots, key_id)
            record = changed(key)
            hold.check()
            self._write(user_id, attribute(key.slot), record.dump())
            return self._enrolments.enrol(user_id, apikeys.StoredKey(key.slot, record), allowed, hold)

    def _write(self, user_id: str, slot: str, value: str) -> None:
        try:
            self._directory.write(user_id, slot, value)
        except Problem:
            # It may be the answer that was lost, and not the write.
            if self._directory.person(user_id).slots.get(slot) != value:
                raise
            return
        if self._directory.person(user_id).slots.get(slot) != value:
            logger.error("key not stored", user_id=user_id, slot=slot)
            raise Problem("service_unavailable", retry_after_s=1)

    def revoke(self, user_id: str, key_id: str) -> None:
        """Clear the key's slot. Raises Problem not_found.

        Under the lock too: between our look and our write another could revoke the same key and a mint fill its slot.
        """
        apikeys.find(self._directory.person(user_id).slots, key_id)
        with self._lock.hold(user_id) as hold:
            key = apikeys.find(self._directory.person(user_id).slots, key_id)
            slot = attribute(key.slot)
            hold.check()
            self._directory.clear(user_id, slot)
            if slot in self._directory.person(user_id).slots:
                logger.error("key not cleared", user_id=user_id, slot=slot)
                raise Problem("service_unavailable", retry_after_s=1)
            self._enrolments.release([key.record])
