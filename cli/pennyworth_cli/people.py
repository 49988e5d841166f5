"""People as a command names them: by id or by e-mail address."""

import re
from collections.abc import Iterable, Iterator
from typing import Any
from urllib.parse import quote

from pennyworth_cli.failure import Code, Failure
from pennyworth_cli.gateway import Gateway

_MOST = 100  # people whose addresses are looked up
_ID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def user_id(gateway: Gateway, name: str) -> str:
    """Of an id or an address. Raises Failure NOT_FOUND for an address that nobody has."""
    return name if _ID.fullmatch(name) else str(user(gateway, name)["id"])


def user(gateway: Gateway, name: str) -> dict[str, Any]:
    """The person themselves."""
    if _ID.fullmatch(name):
        return gateway.get(f"/organization/users/{name}")
    if "@" not in name:
        raise Failure(f"{name!r} is neither a user's id nor an e-mail address.", Code.WRONG)
    found = gateway.get("/organization/users", {"emails[]": name})["data"]
    if not found:
        raise Failure(f"Nobody has the address {name!r}. `pennyworth users list` shows who there is.", Code.NOT_FOUND)
    return dict(found[0])


def addresses(gateway: Gateway, ids: Iterable[str]) -> dict[str, str]:
    """Of those who are still there, by id. One question for each: a page of the list reads the whole user pool. None
    where there are more than a hundred, whom nobody waits for; and none of those after one that the gateway does not
    answer, for what is named by them is known without."""
    wanted = set(filter(None, ids))
    return dict(_addressed(gateway, wanted)) if len(wanted) <= _MOST else {}


def _addressed(gateway: Gateway, ids: Iterable[str]) -> Iterator[tuple[str, str]]:
    for each in ids:
        try:
            yield each, str(user(gateway, each)["email"])
        except Failure as failure:
            if failure.code is not Code.NOT_FOUND:
                return


def segment(name: str) -> str:
    """A name as a part of a path: none can reach another route. Raises Failure."""
    if name in ("", ".", ".."):
        raise Failure(f"{name!r} is no name.", Code.WRONG)
    return quote(name, safe="")
