"""People of the gateway. For administrators."""

import secrets
import string
from enum import StrEnum
from typing import Annotated, Any

import typer

from pennyworth_cli import budgets, command, people
from pennyworth_cli.amounts import usd
from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.output import listed, moment
from pennyworth_cli.session import Session

group = command.group("People of the gateway. For administrators.")

_PASSWORD_GROUPS, _PASSWORD_GROUP = 4, 5  # letters and digits, joined by hyphens: symbols, for a pool that wants some
_GROUPS = "/organization/groups"
_USERS = "/organization/users"
_INVITES = "/organization/invites"


class Role(StrEnum):
    """`owner` for who may administer."""

    OWNER = "owner"
    READER = "reader"


User = Annotated[str, typer.Argument(metavar="USER", help="An id, or an e-mail address.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Do not ask whether this is meant.")]
Limit = Annotated[int | None, typer.Option("--limit", metavar="COUNT", min=1, help="So many at most; all otherwise.")]
Search = Annotated[str, typer.Option("--search", metavar="TEXT", help="Part of an address or a name.")]
Invited = Annotated[bool, typer.Option("--invited", help="Those who have not signed in with a password of their own.")]
Group = Annotated[
    str,
    typer.Option("--group", metavar="GROUP", help="The group to put them into; by default the one that fits the role."),
]
WantedRole = Annotated[Role, typer.Option("--role", metavar="owner|reader", help="`owner` may administer.")]
Name = Annotated[str, typer.Option("--name", metavar="TEXT", help="Their name.")]
ShowPassword = Annotated[
    bool,
    typer.Option("--show-password", help="Send no mail: make a temporary password here and print it, this once."),
]


Budget = Annotated[
    str | None,
    typer.Option("--budget-usd", metavar="USD", help="What they may spend in a calendar month of UTC; 0 for nothing."),
]
GroupBudget = Annotated[
    bool, typer.Option("--group-budget", help="No budget of their own any more: what their group gives each of them.")
]


@command.command(group, "list")
def list_users(session: Session, search: Search = "", invited: Invited = False, limit: Limit = None) -> None:
    """Who there is.

    BUDGET is what they may spend in a calendar month (UTC), by their own budget or by what their group gives each of
    its people, and empty for any amount; SPENT is what they spent in this one.
    """
    if invited and search:
        raise Failure("--search does not go with --invited. Leave one of them out.", Code.WRONG)
    with session.out.working("Listing people"):
        path, given = (_INVITES, {}) if invited else (_USERS, {"search": search})
        found = list(session.people.each(path, {**given, "limit": 60}, limit))
        groups = {} if invited or session.out.as_json else _policies(session)
    columns: dict[str, Any] = {
        "ID": lambda each: each["id"],
        "E-MAIL": lambda each: each["email"],
        "ROLE": lambda each: each["role"],
        "GROUPS": lambda each: listed(each["groups"]),
    }
    if invited:
        columns |= {"STATUS": lambda each: each["status"], "EXPIRES": lambda each: moment(each["expires_at"])}
    else:
        columns |= {
            "STATE": lambda each: "disabled" if each["disabled"] else "active",
            "BUDGET": lambda each: budgets.of_user(each, groups),
            "SPENT": lambda each: usd(each.get("spent_usd")),
            "ADDED": lambda each: moment(each["added_at"]),
        }
    session.out.rows(found, columns, "No invitation is open." if invited else "There is nobody.")


@command.command(group, "show")
def show(session: Session, user: User) -> None:
    """One person."""
    _shown(session, people.user(session.people, user))


@command.command(group, "invite")
def invite(
    session: Session,
    email: Annotated[str, typer.Argument(metavar="EMAIL", help="Their e-mail address, which they sign in with.")],
    role: WantedRole = Role.READER,
    group: Group = "",
    name: Name = "",
    show_password: ShowPassword = False,
) -> None:
    """Let somebody in. Cognito mails them a temporary password, good for 7 days."""
    password = _temporary_password() if show_password else ""
    body = {"email": email, "role": role.value, "group": group, "name": name, "temporary_password": password}
    with session.out.working("Inviting"):
        made = session.people.post(_INVITES, {key: value for key, value in body.items() if value})
    if session.out.as_json:
        session.out.json(made | ({"temporary_password": password} if password else {}))
        return
    session.out.note(f"Invited {made['email']} ({made['id']}) into {listed(made['groups'])}.")
    if password:
        session.out.note("Their temporary password, shown this once:")
        session.out.line(password)
    else:
        session.out.note("Cognito has mailed them a temporary password.")


@command.command(group, "update")
def update(
    session: Session,
    user: User,
    role: Annotated[Role | None, typer.Option("--role", metavar="owner|reader", help="`owner` may administer.")] = None,
    name: Annotated[str | None, typer.Option("--name", metavar="TEXT", help="Their name.")] = None,
    budget_usd: Budget = None,
    group_budget: GroupBudget = False,
) -> None:
    """Change somebody's role, name or monthly budget."""
    if budget_usd is not None and group_budget:
        raise Failure("--group-budget does not go with --budget-usd. Leave one of them out.", Code.WRONG)
    body: dict[str, object] = {"role": role.value} if role else {}
    body |= {} if name is None else {"name": name}
    body |= {"budget_usd": budgets.amount(budget_usd, "--budget-usd")} if budget_usd is not None else {}
    body |= {"budget_usd": None} if group_budget else {}
    if not body:
        raise Failure("There is nothing to change. Give --role, --name, --budget-usd or --group-budget.", Code.WRONG)
    _changed(session, user, body, "Changed")


@command.command(group, "disable")
def disable(session: Session, user: User) -> None:
    """Let somebody and their keys in no more, until `enable`."""
    _changed(session, user, {"disabled": True}, "Disabled")


@command.command(group, "enable")
def enable(session: Session, user: User) -> None:
    """Let somebody who was disabled in again."""
    _changed(session, user, {"disabled": False}, "Enabled")


@command.command(group, "delete")
def delete(session: Session, user: User, yes: Yes = False) -> None:
    """Remove somebody and all their keys, for good."""
    found = people.user(session.people, user)
    if not yes and not session.person.agrees(f"Delete {found['email']} and all their keys?"):
        raise Failure("Nothing was deleted.", Code.FAILED)
    gone = session.people.delete(f"{_USERS}/{found['id']}")
    session.out.done(gone, f"Deleted {found['email']}. Their keys are dead within {gone['effective_within_s']} s.")


def _changed(session: Session, user: str, body: dict[str, object], did: str) -> None:
    who = people.user_id(session.people, user)
    # Before anything is changed: what fails after it would seem not to be.
    groups = _policies(session) if "budget_usd" in body and not session.out.as_json else None
    found = session.people.post(f"{_USERS}/{who}", body)
    told = f"{did} {found['email']} ({found['role']})."
    if groups is not None:
        told += f" Budget: {budgets.told(found, groups)}."
    session.out.done(found, f"{told} It counts within {found['effective_within_s']} s.")


def _policies(session: Session) -> budgets.Policies:
    return budgets.policies(session.people.each(_GROUPS))


def _shown(session: Session, found: dict[str, Any]) -> None:
    budget = "" if session.out.as_json else budgets.told(found, _policies(session))
    session.out.one(
        found,
        {
            "id": found["id"],
            "e-mail": found["email"],
            "name": found["name"],
            "role": found["role"],
            "groups": listed(found["groups"]),
            "state": "disabled" if found["disabled"] else "active",
            "budget": budget,
            "spent": budgets.spending(found.get("spent_usd"), None),
            "added": moment(found["added_at"]),
        },
    )


def _temporary_password() -> str:
    """Within any policy of a user pool, and without characters that look alike."""
    letters = "".join(sorted(set(string.ascii_letters + string.digits) - set("lI1O0o")))
    while True:
        groups = ("".join(secrets.choice(letters) for _ in range(_PASSWORD_GROUP)) for _ in range(_PASSWORD_GROUPS))
        made = "-".join(groups)
        if any(map(str.islower, made)) and any(map(str.isupper, made)) and any(map(str.isdigit, made)):
            return made
