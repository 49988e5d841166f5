"""Clients whose id is the address of a document that says who they are: OAuth Client ID Metadata Documents, which MCP
prefers to registration since 2025-11-25.

Anybody may name an address here, so it is asked as upstream servers are: over TLS, at public addresses alone, without
redirects, proxies or credentials, for few bytes and little time. What it says widens nothing: a code still goes to the
person's own machine, or where this installation lists it.
Source: draft-ietf-oauth-client-id-metadata-document-00, sections 3, 4 and 6 (read 2026-11).
"""

import json
import re
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from typing import Any

from pennyworth.logs import logger
from services.mcp.oauth.clients import NAME, Client
from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.name import plain
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.web import Answer, Web

_FETCH_S = 3.0  # a person waits for the consent page
_MOST_BYTES = 16 * 1024
_MOST_URIS = 20
_MOST_CHARACTERS = 500  # of a redirect URI: a cookie carries it
_KEPT = 100  # documents in an instance
_LEAST_S, _USUAL_S, _MOST_S = 60, 300, 3600  # for which one is kept; the middle where its host says nothing
_MAX_AGE = re.compile(r"max-age=([0-9]{1,9})")


class Documents:
    """The clients that were asked for of late. Errors are never kept."""

    def __init__(
        self, web: Callable[[], Web] = lambda: Web("client document"), clock: Callable[[], float] = time.time
    ) -> None:
        """`web`: made anew for each document, so that one name server that hangs holds up no other's. `clock` goes on
        while the sandbox is frozen."""
        self._web, self._clock = web, clock
        self._found: OrderedDict[str, tuple[float, Client]] = OrderedDict()

    def client(self, address: str) -> Client:
        """Raises OAuthError invalid_client_metadata."""
        until, found = self._found.pop(address, (0.0, None))
        if found is None or until <= self._clock():
            found, lasts_s = self._asked(address)
            until = self._clock() + lasts_s
        if until > self._clock():
            self._found[address] = until, found
            if len(self._found) > _KEPT:
                self._found.popitem(last=False)
        return found

    def _asked(self, address: str) -> tuple[Client, int]:
        """The client, and for how many seconds that holds."""
        web = self._web()
        try:
            headers = {"accept": "application/json"}
            answer = web.request("GET", address, headers, b"", time.monotonic() + _FETCH_S, _MOST_BYTES)
            try:
                return described(address, _document(answer)), _lasts_s(answer.headers.get("cache-control", ""))
            finally:
                answer.close()
        except Unreachable as why:
            logger.info("no client document", why=str(why))
            raise _refused(f"Its host {why}") from None
        finally:
            web.close()


def _document(answer: Answer) -> Any:
    if answer.status != 200:
        raise _refused(f"Its host answers {answer.status}, where 200 is expected")
    if not re.fullmatch(r"application/([a-z0-9.-]+\+)?json", answer.content_type):
        raise _refused("Its content type is not application/json")
    try:
        return json.loads(answer.whole())
    except (ValueError, RecursionError):
        raise _refused("It is not JSON") from None


def described(address: str, document: Any) -> Client:
    """Whom the document at an address describes. Raises OAuthError."""
    if not isinstance(document, Mapping):
        raise _refused("It is not a JSON object")
    if document.get("client_id") != address:
        raise _refused("Its 'client_id' is not its own address, letter by letter")
    if document.get("token_endpoint_auth_method", "none") != "none" or "client_secret" in document:
        raise _refused("Its 'token_endpoint_auth_method' must be 'none', and it must hold no 'client_secret'")
    name, uris = document.get("client_name"), document.get("redirect_uris")
    name = plain(name)[:NAME] if isinstance(name, str) else ""
    if not name:
        raise _refused("Its 'client_name' is missing")
    if not isinstance(uris, list) or not 0 < len(uris) <= _MOST_URIS:
        raise _refused(f"Its 'redirect_uris' must be a list of 1 to {_MOST_URIS} URIs")
    if not all(isinstance(uri, str) and len(uri) <= _MOST_CHARACTERS for uri in uris):
        raise _refused(f"Its 'redirect_uris' must be texts of {_MOST_CHARACTERS} characters at most")
    return Client(address, name, tuple(uris), host=address.split("/")[2])


def _lasts_s(cache_control: str) -> int:
    said = cache_control.lower()
    if "no-store" in said or "no-cache" in said:
        return 0
    age = _MAX_AGE.search(said)
    return max(_LEAST_S, min(_MOST_S, int(age[1]))) if age else _USUAL_S


def _refused(why: str) -> OAuthError:
    return OAuthError("invalid_client_metadata", f"The document that 'client_id' names cannot be used. {why}.")
