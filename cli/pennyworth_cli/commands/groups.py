"""Groups, which Terraform declares, and who is in them. For administrators."""

from typing import Annotated, Any

import typer

from pennyworth_cli import command, people
from pennyworth_cli.amounts import dollars, number, usd
from pennyworth_cli.commands.users import User
from pennyworth_cli.output import listed, moment
from pennyworth_cli.session import Session

group = command.group("Groups, which Terraform declares, and who is in them. For administrators.")

_GROUPS = "/organization/groups"

Group = Annotated[str, typer.Argument(metavar="GROUP", help="The group's name.")]


@command.command(group, "list")
def list_groups(session: Session) -> None:
    """All groups.

    Of a person's groups the one of the lowest precedence counts. BUDGET is what all its people together may spend in a
    calendar month (UTC), EACH what each of them may; empty for any amount.
    """
    found = list(session.people.each(_GROUPS))
    session.out.rows(
        found,
        {
            "NAME": lambda each: each["name"],
            "PRECEDENCE": lambda each: each["precedence"],
            "ACTIONS": lambda each: listed(each["policy"]["actions"]),
            "MODELS": lambda each: listed(each["policy"]["models"]),
            "BUDGET": lambda each: usd(each["policy"].get("budget_usd")),
            "EACH": lambda each: usd(each["policy"].get("user_budget_usd")),
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
            **_allowed(found["policy"]),
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


def _allowed(policy: dict[str, Any]) -> dict[str, str]:
    """A policy by its lines; what it does not limit has none."""
    tools, rate = policy.get("tools") or {}, policy.get("rate")
    own = "allow" in tools and tools["allow"] is None
    return {
        "actions": listed(policy["actions"]),
        "models": listed(policy["models"]),
        "tools": "the gateway's own" if own else listed(tools.get("allow")),
        "tools denied": listed(tools.get("deny")),
        "guardrail": _guardrail(policy.get("guardrail")),
        "guardrails": listed(policy.get("guardrails")),
        "rate of each key": f"{number(rate['per_s'])} requests a second, {number(rate['burst'])} at once"
        if rate
        else "",
        "budget": _monthly(policy.get("budget_usd"), "of all its people together"),
        "budget of each": _monthly(policy.get("user_budget_usd"), "of who has none of their own"),
    }


def _guardrail(found: dict[str, Any] | None) -> str:
    return f"{found['id']}, version {found['version']}" if found else ""


def _monthly(budget: object, whose: str) -> str:
    return "" if budget is None else f"{dollars(usd(budget))} a month, {whose}"
