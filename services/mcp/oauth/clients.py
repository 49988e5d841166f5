"""The programs that ask for tokens: whom a client id names, and where a code may be sent. Nothing is stored.

A registration (RFC 7591) is the client id itself, sealed: it says what the program calls itself and which redirect URIs
it may use. Anyone may register; what keeps codes from strangers is that the URIs are those of the person's own machine
or ones that this installation lists.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote_plus, urlsplit

from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.name import plain
from services.mcp.oauth.seal import Seal

# The person's own machine, any port (RFC 8252, section 7.3). Matched as a whole, so that no two parsers can differ on
# whose host it is.
_LOOPBACK = re.compile(
    r"http://(?P<host>127\.0\.0\.1|localhost|\[::1\])(:(?P<port>[0-9]{1,5}))?"
    r"(?P<rest>(/[A-Za-z0-9._~!$&'()*+,;=:@%/-]*)?(\?(?P<query>[A-Za-z0-9._~!$&'()*+,;=:@%/?-]*))?)"
)
# What we add to a redirect URI. One that brought its own would have a client read an answer of somebody else's making.
_ANSWERS = frozenset(("code", "state", "iss", "error", "error_description", "error_uri", "response"))
# A client id that is the address of a document: a host by its name, at 443, and a path that cannot be read in two ways.
_ADDRESS = re.compile(
    r"https://([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])(/(?!\.{1,2}(/|$))[A-Za-z0-9._~-]+)+"
)
_NO_ADDRESS = (
    "This 'client_id' names no document that is read here: that takes https://, a host's name in small letters, and a "
    "path without an encoded character, a port, a query or a slash at its end; and an installation may read none at "
    "all. Register at /oauth/register."
)
_MOST_URIS = 10
_MOST_CHARACTERS = 1500  # of a client id: it travels in an URL, beside all else that API Gateway's 10 KB hold
NAME = 60  # characters of what a client calls itself


@dataclass(frozen=True, slots=True)
class Client:
    id: str
    name: str  # what it calls itself: nobody has checked it
    redirect_uris: tuple[str, ...]
    host: str = ""  # which describes it, where its id is an address

    def may_use(self, uri: str, listed: tuple[str, ...]) -> bool:
        """Whether a code may go there: it registered the URI, and the installation still allows it."""
        return allowed(uri, listed) and any(_same(uri, registered) for registered in self.redirect_uris)


def registered(document: Any, listed: tuple[str, ...], seal: Seal) -> dict[str, Any]:
    """RFC 7591: the answer to a registration. Of the URIs it names those that are allowed are kept, and told.

    Raises OAuthError: invalid_redirect_uri, invalid_client_metadata.
    """
    if not isinstance(document, Mapping):
        raise OAuthError("invalid_client_metadata", "The body must be a JSON object.")
    uris = _redirect_uris(document.get("redirect_uris"), listed)
    name = document.get("client_name")
    name = plain(name)[:NAME] if isinstance(name, str) else ""
    client_id = seal.sealed("client", {"name": name, "uris": uris})
    if len(client_id) > _MOST_CHARACTERS:
        raise OAuthError("invalid_redirect_uri", "The 'redirect_uris' are too long: name fewer, or shorter ones.")
    return {
        "client_id": client_id,
        "client_name": name,
        "redirect_uris": uris,
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
    }


def client(client_id: str, seal: Seal) -> Client:
    """Raises OAuthError invalid_client for an id that was not given out here."""
    found = seal.opened("client", client_id)
    if found is None and client_id.startswith("https://"):
        raise OAuthError("invalid_client", _NO_ADDRESS, status=401)
    if found is None:
        raise OAuthError(
            "invalid_client", "This 'client_id' was not given out here. Register again at /oauth/register.", status=401
        )
    return Client(client_id, found["name"], tuple(found["uris"]))


def is_address(client_id: str) -> bool:
    """Whether the id names a document that describes the client; nothing else is to be read of it here."""
    return len(client_id) <= _MOST_CHARACTERS and _ADDRESS.fullmatch(client_id) is not None


def known(client_id: str, seal: Seal) -> str:
    """The id of a client that was given out here, or is an address: what codes and tokens are bound to. Raises
    OAuthError invalid_client."""
    return client_id if is_address(client_id) else client(client_id, seal).id


def allowed(uri: str, listed: tuple[str, ...]) -> bool:
    """Whether a code may be sent there at all: to the person's own machine, or letter by letter as listed."""
    return uri in listed or _loopback(uri) is not None


def place(uri: str) -> str:
    """Where a redirect URI leads, for a person to read."""
    if _loopback(uri):
        return f"this computer ({urlsplit(uri).netloc})"
    parts = urlsplit(uri)
    return parts.netloc if parts.scheme == "https" else f"the app that opens {parts.scheme}: links"


def _redirect_uris(value: Any, listed: tuple[str, ...]) -> list[str]:
    if not isinstance(value, list) or not value or not all(isinstance(uri, str) for uri in value):
        raise OAuthError("invalid_redirect_uri", "'redirect_uris' must be a list of at least one URI.")
    if len(value) > _MOST_URIS:
        raise OAuthError("invalid_redirect_uri", f"'redirect_uris' takes {_MOST_URIS} URIs at most.")
    kept = [uri for uri in dict.fromkeys(value) if allowed(uri, listed)]
    if not kept:
        raise OAuthError(
            "invalid_redirect_uri",
            "None of the 'redirect_uris' is allowed here. Allowed are http://127.0.0.1, http://localhost and "
            "http://[::1] with any port and path, if the query has nothing that an answer has "
            f"({', '.join(sorted(_ANSWERS))}); and: {', '.join(listed) or 'no others'}.",
        )
    return kept


def _loopback(uri: str) -> re.Match[str] | None:
    """The parts of an address of the person's own machine."""
    found = _LOOPBACK.fullmatch(uri)
    if found is None or not 0 < int(found["port"] or 80) < 65536:
        return None
    names = {unquote_plus(pair.partition("=")[0]) for pair in re.split("[&;]", found["query"] or "")}
    return None if names & _ANSWERS else found


def _same(uri: str, registered: str) -> bool:
    """Letter by letter, but for the port of a loopback address, which a program learns when it starts to listen."""
    one, other = _loopback(uri), _loopback(registered)
    if one and other:
        return (one["host"], one["rest"] or "/") == (other["host"], other["rest"] or "/")
    return uri == registered
