"""The queries of the lists, checked. Pure."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from heapq import nlargest, nsmallest
from typing import TypeVar

from pennyworth.errors import Problem
from services.admin.bodies import email
from services.admin.people import is_user_id

LIMIT = 20
MOST = 60  # people a page, each a call to Cognito; openapi.yaml's parameter Limit
MOST_ENTRIES = 100  # a page of what costs no call each; openapi.yaml's parameter EntryLimit
MOST_EMAILS = 60  # each is a call to Cognito

Parameters = Mapping[str, Sequence[str]]
Entry = TypeVar("Entry")


@dataclass(frozen=True, slots=True)
class Query:
    """Of GET /organization/users."""

    limit: int
    after: str  # a user's id; empty for the first page
    emails: tuple[str, ...] = ()
    search: str = ""  # in lower case


@dataclass(frozen=True, slots=True)
class Paging:
    limit: int
    after: str = ""  # the id of an entry; empty for the first page
    descending: bool = False


def parse(parameters: Parameters) -> Query:
    """Raises Problem naming the parameter."""
    only(parameters, ("limit", "after", "emails[]", "search"))
    return Query(
        limit=integer(parameters, "limit", LIMIT, MOST),
        after=_person(parameters),
        emails=emails(parameters, "emails[]"),
        search=_search(parameters),
    )


def paging(
    parameters: Parameters,
    *,
    limit: int = LIMIT,
    most: int = MOST_ENTRIES,
    people: bool = False,
    also: Sequence[str] = (),
) -> Paging:
    """`people`: the entries are people, by their ids. Raises Problem naming the parameter."""
    only(parameters, ("limit", "after", *also))
    order = choice(parameters, "order", ("asc", "desc"))
    after = _person(parameters) if people else text(parameters, "after")
    return Paging(integer(parameters, "limit", limit, most), after, order == "desc")


def cut(entries: Iterable[Entry], key: Callable[[Entry], str], paging: Paging) -> tuple[list[Entry], bool]:
    """The page of the entries that `paging` asks for, in the order of their ids, and whether there are more.

    An id that is gone is as good a place to go on from as any: a loop that lists and deletes reaches everything.
    """
    wanted = paging.limit + 1
    if paging.descending:
        found = nlargest(wanted, (each for each in entries if not paging.after or key(each) < paging.after), key=key)
    else:
        found = nsmallest(wanted, (each for each in entries if key(each) > paging.after), key=key)
    return found[: paging.limit], len(found) == wanted


def only(parameters: Collection[str], known: Sequence[str] = ()) -> None:
    """Raises Problem for a parameter that would be silently without effect."""
    for name in parameters:
        if name not in known:
            reason = f"This URL takes {', '.join(known)}." if known else "This URL takes no parameters."
            raise Problem("unsupported_parameter", param=name, reason=reason)


def text(parameters: Parameters, name: str) -> str:
    """A parameter's last value; empty when it is not there. Raises Problem for one that is there and empty."""
    values = parameters.get(name, ())
    if values and not values[-1]:
        raise Problem("invalid_value", param=name, reason="it must not be empty. Leave it out")
    return values[-1] if values else ""


def choice(parameters: Parameters, name: str, choices: Sequence[str]) -> str:
    """One of the choices, the first when the parameter is not there. Raises Problem."""
    value = text(parameters, name) or choices[0]
    if value not in choices:
        raise Problem("invalid_value", param=name, reason=f"it must be one of {', '.join(choices)}")
    return value


def integer(parameters: Parameters, name: str, default: int, most: int) -> int:
    """From 1 to `most`. Raises Problem."""
    values = parameters.get(name, ())
    text = values[-1] if values else str(default)
    # isdecimal alone also holds for digits of other scripts
    if not (text.isascii() and text.isdecimal() and len(text) <= len(str(most)) and 1 <= int(text) <= most):
        raise Problem("invalid_value", param=name, reason=f"it must be an integer from 1 to {most}")
    return int(text)


def emails(parameters: Parameters, name: str) -> tuple[str, ...]:
    """Addresses in lower case, each once. Raises Problem."""
    values = parameters.get(name, ())
    if len(values) > MOST_EMAILS:
        raise Problem("invalid_value", param=name, reason=f"it may name at most {MOST_EMAILS} addresses")
    try:
        return tuple(dict.fromkeys(map(email, values)))
    except ValueError as error:
        raise Problem("invalid_value", param=name, reason=str(error)) from None


def _person(parameters: Parameters) -> str:
    values = parameters.get("after", ())
    if values and not is_user_id(values[-1]):
        raise Problem(
            "invalid_value", param="after", reason="it must be the id of a user: `last_id` of the page before"
        )
    return values[-1] if values else ""


def _search(parameters: Parameters) -> str:
    wanted = text(parameters, "search").lower()
    if wanted and parameters.get("emails[]"):
        raise Problem("invalid_value", param="search", reason="it cannot go with emails[]. Leave one of them out")
    return wanted
