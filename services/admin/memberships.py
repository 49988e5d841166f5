"""Who is in which group: Cognito's membership, and its mirror that the authorizer reads with the user.

The mirror must never say more than Cognito does. So it is removed before a change and written after it from what
Cognito lists then: whatever fails in between leaves none, and without one the authorizer asks Cognito for the groups.
"""

from collections.abc import Callable

from pennyworth import membership
from pennyworth.errors import Problem
from pennyworth.logs import logger
from pennyworth.policy import Group
from pennyworth.settings import settings
from services.admin.directory import Directory, directory
from services.admin.enrolments import Enrolments, enrolments
from services.admin.lock import Hold, Lock
from services.admin.parameters import parameters
from services.admin.people import policy


def memberships() -> "Memberships":
    """The memberships of this process. Their locks are those of the keys."""
    path = settings().pepper_parameter.rpartition("/")[0]
    return Memberships(directory(), Lock(parameters(), f"{path}/locks"), enrolments())


class Memberships:
    """Every change of a membership goes through here. Each method raises the Problems of `aws.call` and of the lock."""

    def __init__(self, directory: Directory, lock: Lock, enrolments: Enrolments) -> None:
        self._directory, self._lock, self._enrolments = directory, lock, enrolments

    def join(self, user_id: str, group: str) -> None:
        self._change(user_id, lambda: self._directory.join(user_id, group))

    def leave(self, user_id: str, group: str) -> None:
        self._change(user_id, lambda: self._directory.leave(user_id, group))

    def settle(self, user_id: str) -> None:
        """Mirror what Cognito has, after a change that was made past this service."""
        self._change(user_id, lambda: None)

    def _change(self, user_id: str, act: Callable[[], None]) -> None:
        with self._lock.hold(user_id) as hold:
            self._directory.clear(user_id, membership.ATTRIBUTE)
            act()
            groups = self._mirror(user_id, hold)
            self._enrolments.settle(user_id, policy(groups), hold)

    def _mirror(self, user_id: str, hold: Hold) -> list[Group]:
        """The groups that Cognito lists; none where it does not. The change is made by now: that it has no mirror costs
        the authorizer a call, and is no failure."""
        groups: list[Group] = []
        try:
            groups = self._directory.groups_of(user_id)
            value = membership.dump(group.name for group in groups)
            hold.check()
            if value:
                self._directory.write(user_id, membership.ATTRIBUTE, value)
        except Problem as problem:
            logger.warning("groups not mirrored", user_id=user_id, code=problem.code)
        return groups
