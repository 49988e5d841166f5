"""What the routes of a sign-in answer; `flow` says in which order they come."""

import json
import os
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qs, urlsplit

from aws_lambda_powertools.event_handler import Response

from pennyworth.errors import Problem
from pennyworth.http import Event, content, dumps
from pennyworth.settings import settings
from services.mcp.oauth import flow, metadata, page
from services.mcp.oauth.clients import Client, client, is_address, registered
from services.mcp.oauth.cognito import SignIn, sign_in
from services.mcp.oauth.cookies import cookie, cookies, surplus
from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.metadata import base_url
from services.mcp.oauth.seal import Seal

if TYPE_CHECKING:
    from services.mcp.oauth.documents import Documents

_MOST_FIELDS = 50
# Cookies of each kind, beside the one that is being set. API Gateway takes 10 KB of headers: who opens one page after
# the other, or is led to, must not be locked out by the cookies of the pages before.
_MOST_PAGES, _MOST_SIGN_INS = 15, 4
_MOST_CHARACTERS = 3_500  # of the values of a kind: a sign-in's is as long as its client's state and redirect URI

Route = Callable[["Here"], Response[Any]]


class Here:
    """This request, and what every step of a sign-in needs of the installation.

    Raises Problem unknown_url where sign-in is switched off.
    """

    def __init__(self, event: Event) -> None:
        if not settings().sign_in_url:
            raise Problem("unknown_url", method=event["httpMethod"], path=event["path"])
        self.event, self.base_url = event, base_url(event)
        self.callback = f"{self.base_url}/oauth/callback"
        self.resource = metadata.resource(self.base_url)
        self.listed = settings().redirect_uris
        self.cookies: Mapping[str, str] = cookies(event, secure=self.secure)

    @property
    def secure(self) -> bool:
        return self.base_url.startswith("https:")

    def gone(self, *names: str) -> list[str]:
        """What has a browser forget these cookies."""
        return [cookie(name, "", 0, secure=self.secure) for name in names]

    @property
    def sign_in(self) -> SignIn:
        return sign_in()

    @property
    def seal(self) -> Seal:
        return Seal(self.sign_in.client.secret)

    def client(self, client_id: str) -> Client:
        """Whom an id names: the registration in it, or the document at it. Raises OAuthError."""
        if is_address(client_id) and settings().client_documents:
            return _documents().client(client_id)
        return client(client_id, self.seal)

    @property
    def query(self) -> dict[str, str]:
        return flow.single(self.event.get("multiValueQueryStringParameters") or {})

    @property
    def form(self) -> dict[str, str]:
        try:
            fields = parse_qs(_text(self.event), keep_blank_values=True, max_num_fields=_MOST_FIELDS)
        except ValueError:
            raise OAuthError("invalid_request", f"The form has over {_MOST_FIELDS} fields.") from None
        return flow.single(fields)

    @property
    def document(self) -> Any:
        try:
            return json.loads(_text(self.event))
        except (ValueError, RecursionError):
            raise OAuthError("invalid_client_metadata", "The body is not valid JSON.") from None


def _page(route: Route) -> Callable[[Event], Response[Any]]:
    """A route that browsers come to: what is wrong is a page, or goes back to the client."""

    @wraps(route)
    def answer(event: Event) -> Response[Any]:
        here = Here(event)
        try:
            return route(here)
        except flow.RefusedRequest as refused:
            return _redirect(refused.request.redirect(here.base_url, **refused.error.members))
        except OAuthError as error:
            return _html(400, page.problem(error.code, error.description))
        except Problem as problem:
            return _html(problem.status, page.problem(problem.code or "", problem.message))

    return answer


def _json(route: Route) -> Callable[[Event], Response[Any]]:
    """A route that programs come to."""

    @wraps(route)
    def answer(event: Event) -> Response[Any]:
        here = Here(event)
        try:
            return route(here)
        except OAuthError as error:
            return _document(error.status, error.members)
        except Problem as problem:
            members = {"error": "temporarily_unavailable", "error_description": problem.message}
            return _document(problem.status, members)

    return answer


@_json
def server(here: Here) -> Response[Any]:
    pool = f"https://cognito-idp.{settings().region}.amazonaws.com/{settings().user_pool_id}"
    jwks_uri = f"{pool}/.well-known/jwks.json"
    return _document(200, metadata.authorization_server(here.base_url, jwks_uri, documents=settings().client_documents))


@_json
def register(here: Here) -> Response[Any]:
    return _document(201, registered(here.document, here.listed, here.seal))


@_page
def authorize(here: Here) -> Response[Any]:
    """The consent page. Nothing of the sign-in has begun before a person says yes."""
    request = flow.asked(here.query, here.listed, here.resource, here.client)
    number, proof = os.urandom(16).hex(), os.urandom(16).hex()
    shown = page.consent(request, flow.consent(request, number, proof, here.seal), urlsplit(here.base_url).netloc)
    kept = cookie(f"consent-{number}", proof, flow.SIGN_IN_S, secure=here.secure)
    return _html(200, shown, kept, *here.gone(*surplus(here.cookies, "consent-", _MOST_PAGES, _MOST_CHARACTERS)))


@_page
def consent(here: Here) -> Response[Any]:
    form = here.form
    number, request = flow.consented(form.get("request", ""), here.cookies, here.seal)
    # The page stays good until Cognito's answer is in: who clicks twice, or goes back, answers it once more.
    if form.get("answer") != "yes":
        refused = OAuthError("access_denied", "The person did not allow it.")
        return _redirect(request.redirect(here.base_url, **refused.members), *here.gone(f"sign-in-{number}"))
    begun = cookie(f"sign-in-{number}", flow.begun(request, number, here.seal), flow.SIGN_IN_S, secure=here.secure)
    others = {name: value for name, value in here.cookies.items() if name != f"sign-in-{number}"}
    older = here.gone(*surplus(others, "sign-in-", _MOST_SIGN_INS, _MOST_CHARACTERS))
    return _redirect(here.sign_in.address(here.callback, number, request.challenge), begun, *older)


@_page
def callback(here: Here) -> Response[Any]:
    """Cognito's answer on its way to the client."""
    query = here.query
    request = flow.returned(query.get("state", ""), here.cookies, here.seal)
    if "code" in query:
        said = {"code": flow.code(query["code"], request, here.seal)}
    else:
        refused = "access_denied" if query.get("error") == "access_denied" else "server_error"
        said = OAuthError(refused, "The sign-in did not succeed.").members
    gone = here.gone(*(f"{kind}-{query['state']}" for kind in ("sign-in", "consent")))
    return _redirect(request.redirect(here.base_url, **said), *gone)


@_json
def token(here: Here) -> Response[Any]:
    form = here.form
    given = here.sign_in.tokens(flow.grant(form, here.callback, here.resource, here.seal))
    return _document(200, flow.tokens(given, form["client_id"], here.seal))


@_json
def revoke(here: Here) -> Response[Any]:
    token = flow.revocable(here.form, here.seal)
    if token is not None:
        here.sign_in.revoke(token)
    return _document(200, {})


@cache
def _documents() -> "Documents":
    """The clients of this process that described themselves."""
    from services.mcp.oauth.documents import Documents

    return Documents()


def _text(event: Event) -> str:
    found = content(event) or ""
    return found.decode(errors="replace") if isinstance(found, bytes) else found


def _document(status: int, document: Mapping[str, Any]) -> Response[Any]:
    return Response(status, "application/json", dumps(document))


def _html(status: int, text: str, *kept: str) -> Response[Any]:
    return Response(status, "text/html; charset=utf-8", text, headers={**page.HEADERS, "Set-Cookie": list(kept)})


def _redirect(location: str, *kept: str) -> Response[Any]:
    # 303: whatever led here, what follows is a GET.
    headers: dict[str, str | list[str]] = {
        "Location": location,
        "Referrer-Policy": "no-referrer",
        "Set-Cookie": list(kept),
    }
    return Response(303, "text/plain", "", headers=headers)
