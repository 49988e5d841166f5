"""Groups, which Terraform declares, and who is in them. For administrators."""

from typing import Annotated

import typer

from pennyworth_cli import command, people
from pennyworth_cli.commands.users import User
from pennyworth_cli.output import listed, moment
from pennyworth_cli.session import Session

group = command.group("Groups, which Terraform declares, and who is in them. For administrators.")

_GROUPS = "/organization/groups"

Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name.")]


@command.command(group, "list")
def list_groups(session: Session) -> None:
    """All groups; of a person's groups the one of the lowest precedence counts."""
    found = list(session.people.each(_GROUPS))
    session.out.rows(
        found,
        {
            "NAME": lambda each: each["name"],
            "PRECEDENCE": lambda each: each["precedence"],
            "ACTIONS": lambda each: listed(each["policy"]["actions"]),
            "MODELS": lambda each: listed(each["policy"]["models"]),
        },
        "There is no group. Declare one in terraform.tfvars.json.",
    )


@command.command(group, "show")
def show(session: Session, group: Group) -> None:
    """What a group allows."""
    found = session.people.get(f"{_GROUPS}/{people.segment(group)}")
    session.out.one(
        found,
        {
            "name": found["name"],
            "precedence": found["precedence"],
            **{name: listed(value) if isinstance(value, list) else value for name, value in found["policy"].items()},
            "role": found["role_arn"],
            "created": moment(found["created_at"]),
        },
    )


@command.command(group, "members")
def members(session: Session, group: Group) -> None:
    """Who is in a group."""
    with session.out.working("Listing members"):
        found = list(session.people.each(f"{_GROUPS}/{people.segment(group)}/users", {"limit": 60}))
    session.out.rows(
        found,
        {"ID": lambda each: each["id"], "E-MAIL": lambda each: each["email"], "NAME": lambda each: each["name"]},
        f"Nobody is in {group}.",
    )


@command.command(group, "add")
def add(session: Session, group: Group, user: User) -> None:
    """Put somebody into a group."""
    body = {"user_id": people.user_id(session.people, user)}
    found = session.people.post(f"{_GROUPS}/{people.segment(group)}/users", body)
    session.out.done(found, f"{user} is in {group}. It counts within {found['effective_within_s']} s.")


@command.command(group, "remove")
def remove(session: Session, group: Group, user: User) -> None:
    """Take somebody out of a group."""
    who = people.user_id(session.people, user)
    found = session.people.delete(f"{_GROUPS}/{people.segment(group)}/users/{who}")
    session.out.done(found, f"{user} is no longer in {group}. It counts within {found['effective_within_s']} s.")
