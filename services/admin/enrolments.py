"""Which keys API Gateway counts by themselves: each in its group's usage plan, once the group declares a rate.

The authorizer names a key's own API key only while the record says that it is in the plan of the group that speaks for
its owner, and else the one that the rest of the group shares. So a record says so after it is true, and no more before
it ends to be: whatever fails in between leaves a key that works, and shares.
docs/decisions/0014-rates-by-usage-plans.md has the reasons.
"""

from collections.abc import Iterable
from dataclasses import replace

from pennyworth.errors import Problem
from pennyworth.keys import Enrolment, KeyRecord, attribute
from pennyworth.logs import logger
from pennyworth.policy import GroupPolicy
from services.admin import apikeys
from services.admin.directory import Directory, directory
from services.admin.lock import Hold
from services.admin.usageplans import UsagePlans, usage_plans


def enrolments() -> "Enrolments":
    """The enrolments of this process."""
    return Enrolments(directory(), usage_plans())


def shares(record: KeyRecord, policy: GroupPolicy) -> bool:
    """Whether the key shares a limit that it should have for itself."""
    plan = record.enrolment.plan if record.enrolment else ""
    return policy.rate_per_s is not None and bool(policy.plan) and plan != policy.plan


class Enrolments:
    """No method raises a Problem: a key without a limit of its own is no failure of what was asked for."""

    def __init__(self, directory: Directory, plans: UsagePlans) -> None:
        self._directory, self._plans = directory, plans

    def enrol(self, user_id: str, key: apikeys.StoredKey, policy: GroupPolicy, hold: Hold) -> KeyRecord:
        """The record of the key, which is in its group's plan now if the group has a rate. Under the lock."""
        if not shares(key.record, policy):
            return key.record
        try:
            return self._enrolled(user_id, key, policy.plan, hold)
        except Problem as problem:
            logger.warning("key not enrolled", user_id=user_id, key_id=key.record.id, code=problem.code)
            return key.record

    def settle(self, user_id: str, allowed: GroupPolicy, hold: Hold) -> None:
        """The same for all keys of a person. Without a rate they may stay where they are: nobody names them there."""
        if allowed.rate_per_s is None:
            return
        try:
            for key in apikeys.stored(self._directory.person(user_id).slots):
                self.enrol(user_id, key, allowed, hold)
        except Problem as problem:
            logger.warning("keys not enrolled", user_id=user_id, code=problem.code)

    def release(self, records: Iterable[KeyRecord]) -> None:
        """Delete the API keys of keys that are no more. What is left of one that fails is named by nobody."""
        for record in records:
            try:
                if record.enrolment:
                    self._plans.delete(record.enrolment.id)
            except Problem as problem:
                left = record.enrolment.id if record.enrolment else ""
                logger.warning("enrolment left", key_id=record.id, api_key_id=left, code=problem.code)

    def _enrolled(self, user_id: str, key: apikeys.StoredKey, plan: str, hold: Hold) -> KeyRecord:
        record, own = key.record, key.record.enrolment
        apikeys.storable(record)
        if own and own.plan:
            record = self._write(user_id, key.slot, record, own._replace(plan=""), hold)
            self._plans.remove(own.plan, own.id)
        if own and not self._plans.add(plan, own.id):
            self.release([key.record])  # nobody names it: another takes its place
            own = None
        own = own or self._made(record, plan)
        return self._write(user_id, key.slot, record, own._replace(plan=plan), hold)

    def _made(self, record: KeyRecord, plan: str) -> Enrolment:
        """A new API key in the plan. Raises Problem, and then there is none."""
        made = self._plans.create(record.id)
        try:
            if self._plans.add(plan, made.id):
                return made
        except Problem:
            self.release([replace(record, enrolment=made)])
            raise
        self.release([replace(record, enrolment=made)])
        raise Problem("internal_error")  # the plan that the group's policy names is no more

    def _write(self, user_id: str, slot: int, record: KeyRecord, own: Enrolment, hold: Hold) -> KeyRecord:
        changed = replace(record, enrolment=own)
        hold.check()
        self._directory.write(user_id, attribute(slot), changed.dump())
        return changed
