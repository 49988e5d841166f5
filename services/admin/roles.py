"""OpenAI's two roles, `owner` and `reader`, in terms of our groups. Pure."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from pennyworth.errors import Problem
from pennyworth.policy import Group
from services.admin.people import role


class Move(NamedTuple):
    """Groups to join and to leave, by name."""

    join: tuple[str, ...] = ()
    leave: tuple[str, ...] = ()

    def after(self, current: Iterable[Group], every: Iterable[Group]) -> list[Group]:
        """The groups someone is in then."""
        kept = [group for group in current if group.name not in self.leave]
        return kept + [group for group in every if group.name in self.join]


def administers(group: Group) -> bool:
    return "admin" in group.policy.actions


def named(name: str, groups: Sequence[Group], param: str = "group") -> Group:
    """Raises Problem invalid_value."""
    for group in groups:
        if group.name == name:
            return group
    known = ", ".join(sorted(group.name for group in groups)) or "none"
    raise Problem("invalid_value", param=param, reason=f"there is no such group. The groups are: {known}")


def group_for(wanted: str, groups: Sequence[Group], name: str | None = None) -> Group:
    """The group a role means: the one named, where it agrees, else of those that do the one that counts last, which is
    the least powerful as Terraform orders them. Raises Problem invalid_value."""
    fitting = [group for group in groups if administers(group) == (wanted == "owner")]
    if name is not None:
        group = named(name, groups)
        if group not in fitting:
            other = "lets its people administer" if wanted == "reader" else "does not let its people administer"
            raise Problem("invalid_value", param="group", reason=f"it {other}, which is not the role '{wanted}'")
        return group
    if not fitting:
        whose = "with" if wanted == "owner" else "without"
        reason = f"no group stands for it: there is none {whose} the action 'admin'. Declare one in Terraform"
        raise Problem("invalid_value", param="role", reason=reason)
    return max(fitting, key=lambda group: (group.precedence, group.name))


def move(wanted: str, current: Sequence[Group], every: Sequence[Group]) -> Move:
    """What makes a person in these groups an `owner` or a `reader`.

    An owner-to-be joins one group; a reader-to-be leaves all that administer, and joins one where none would be left.
    Raises Problem where that is not enough.
    """
    if role(list(current)) == wanted:
        return Move()
    target = group_for(wanted, every)
    if wanted == "owner":
        made = Move(join=(target.name,))
    else:
        leave = tuple(group.name for group in current if administers(group))
        made = Move((target.name,) if len(leave) == len(current) else (), leave)
    if role(made.after(current, every)) != wanted:
        raise Problem(
            "conflict",
            reason=f"In the group '{target.name}' too, another group of this user would count first. "
            "Take them out of that with DELETE /organization/groups/{group_id}/users/{user_id}.",
        )
    return made
