"""The steps of a sign-in, each pure: what a client asks, what a browser brings back, what a token costs.

    client   GET  /oauth/authorize   the consent page; a cookie proves that the next step comes from the same browser
    person   POST /oauth/consent     on to Cognito, in whose eyes all clients are one; a cookie remembers this sign-in
    Cognito  GET  /oauth/callback    the code goes to the client, bound to it
    client   POST /oauth/token       the code, or a refresh token, against tokens of Cognito's
    client   POST /oauth/revoke      the end of a refresh token

Cognito knows one redirect URI, ours, so what it gives must find its way on from here, and only to the client for which
this browser's person has just said yes. See docs/decisions/0019-sign-in-for-mcp-clients.md.
"""

import hmac
import json
import re
from base64 import urlsafe_b64encode
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from hashlib import sha256
from typing import Any
from urllib.parse import urlencode

from services.mcp.oauth.clients import Client, known
from services.mcp.oauth.error import OAuthError
from services.mcp.oauth.metadata import SCOPE
from services.mcp.oauth.seal import Seal

SIGN_IN_S = 600  # from the consent page to Cognito's answer
CODE_S = 120  # from there to the token; Cognito's own code lives 5 minutes
_MOST_STATE = 1024  # bytes of a client's state, as JSON: a cookie carries it
_CHALLENGE = re.compile(r"[A-Za-z0-9_-]{43}")
_VERIFIER = re.compile(r"[A-Za-z0-9._~-]{43,128}")
_PARAMETER = re.compile(r"[A-Za-z0-9._-]{1,50}")  # a name that may be repeated in an error
_BELOW = re.compile(r"(/[a-z][a-z0-9-]*)?/?(\?[^#]*)?")  # of the resource: a server's own address, and toolsets
# A request in an envelope (RFC 9101): what is in it would be passed over.
_ENVELOPES = {"request": "request_not_supported", "request_uri": "request_uri_not_supported"}


@dataclass(frozen=True, slots=True)
class Request:
    """A client's authorization request, checked."""

    client: str  # the digest of its id: a cookie remembers it
    name: str  # what the client calls itself
    redirect_uri: str
    challenge: str  # PKCE's, S256
    state: str | None
    host: str = ""  # which describes the client, where its id is an address

    def redirect(self, issuer: str, **said: str) -> str:
        """The client's redirect URI with an answer: with its own state, and with who answers (RFC 9207)."""
        state = {} if self.state is None else {"state": self.state}
        query = urlencode({**said, **state, "iss": issuer})
        return f"{self.redirect_uri}{'&' if '?' in self.redirect_uri else '?'}{query}"


class RefusedRequest(Exception):  # noqa: N818 -- what a client is told, at its own redirect URI
    """An error for the client whose redirect URI has proven to be its own."""

    def __init__(self, request: Request, error: OAuthError) -> None:
        super().__init__(error.description)
        self.request, self.error = request, error


def single(values: Mapping[str, Sequence[str]]) -> dict[str, str]:
    """Parameters by name. Raises OAuthError for one sent twice: two readers might take a different one each."""
    for name, found in values.items():
        if len(found) > 1:
            named = f"'{name}'" if _PARAMETER.fullmatch(name) else "A parameter"
            raise OAuthError("invalid_request", f"{named} was sent more than once.")
    return {name: found[0] for name, found in values.items() if found and found[0]}


def asked(query: Mapping[str, str], listed: tuple[str, ...], resource: str, find: Callable[[str], Client]) -> Request:
    """What a client asks at /oauth/authorize. `find` tells whom an id names, or raises OAuthError.

    Raises OAuthError where no redirect URI can be trusted with the answer, RefusedRequest where one can.
    """
    asking = find(query.get("client_id", ""))
    uri = query.get("redirect_uri", "")
    if not asking.may_use(uri, listed):
        why = "The 'redirect_uri' is not one that this client has registered, or leads where no code may go from here."
        raise OAuthError("invalid_request", why)
    challenge, state = query.get("code_challenge", ""), query.get("state")
    request = Request(digest(asking.id), asking.name, uri, challenge, state, asking.host)
    try:
        _check(request, query, resource)
    except OAuthError as error:
        raise RefusedRequest(request, error) from None
    return request


def _check(request: Request, query: Mapping[str, str], resource: str) -> None:
    for name in _ENVELOPES.keys() & query.keys():
        raise OAuthError(_ENVELOPES[name], f"'{name}' is not supported. Send the parameters themselves.")
    if query.get("response_mode", "query") != "query":
        raise OAuthError("invalid_request", "'response_mode' must be 'query', or be left out.")
    if "none" in query.get("prompt", "").split():
        raise OAuthError("interaction_required", "A person is always asked: 'prompt' must not be 'none'.")
    if query.get("response_type") != "code":
        raise OAuthError("unsupported_response_type", "'response_type' must be 'code'.")
    if query.get("code_challenge_method") != "S256" or not _CHALLENGE.fullmatch(request.challenge):
        raise OAuthError("invalid_request", "PKCE is required: 'code_challenge', with 'code_challenge_method' S256.")
    if len(json.dumps(request.state, ensure_ascii=False).encode()) > _MOST_STATE:
        raise OAuthError("invalid_request", f"'state' is over the limit of {_MOST_STATE} bytes.")
    check_resource(query, resource)


def check_resource(given: Mapping[str, str], resource: str) -> None:
    """RFC 8707. Tokens of here open this MCP server alone, so one asked for anything else is not given out. Scheme and
    host count in any case, as MCP's specification has it."""
    scheme, _, rest = given.get("resource", resource).partition("://")
    host, slash, path = rest.partition("/")
    wanted = f"{scheme.lower()}://{host.lower()}{slash}{path}"
    if not wanted.startswith(resource) or not _BELOW.fullmatch(wanted.removeprefix(resource)):
        raise OAuthError("invalid_target", f"Tokens are given out for the resource {resource} alone.")


def consent(request: Request, number: str, proof: str, seal: Seal) -> str:
    """What the consent page carries: the request, to be confirmed by the browser that holds the cookie `proof`."""
    return seal.sealed("consent", {**asdict(request), "number": number, "proof": digest(proof)}, SIGN_IN_S)


def consented(text: str, cookies: Mapping[str, str], seal: Seal) -> tuple[str, Request]:
    """The number and the request of a page that this browser was shown. Raises OAuthError for any other."""
    page = seal.opened("consent", text)
    if page is None:
        raise OAuthError("invalid_request", "This page is too old.")
    number, proof = page["number"], cookies.get(f"consent-{page['number']}", "")
    if not hmac.compare_digest(digest(proof), page["proof"]):
        raise OAuthError("invalid_request", "This page was shown in another browser, or is answered.")
    return number, _request(page)


def begun(request: Request, number: str, seal: Seal) -> str:
    """The cookie of a sign-in that a person has said yes to."""
    return seal.sealed("sign-in", {**asdict(request), "number": number}, SIGN_IN_S)


def returned(number: str, cookies: Mapping[str, str], seal: Seal) -> Request:
    """The request that Cognito answers, by its `state`. Raises OAuthError unless this browser's person said yes to it:
    the address of a sign-in may have been sent to somebody else."""
    begun = seal.opened("sign-in", cookies.get(f"sign-in-{number}", ""))
    if begun is None or not hmac.compare_digest(begun["number"].encode(), number.encode()):
        raise OAuthError("invalid_request", "No sign-in was begun in this browser, or it is over.")
    return _request(begun)


def _request(page: Mapping[str, Any]) -> Request:
    return Request(**{name: page[name] for name in Request.__slots__})


def code(cognitos: str, request: Request, seal: Seal) -> str:
    """Cognito's code, bound to the client it is for, its redirect URI and its PKCE challenge."""
    binding = {"uri": digest(request.redirect_uri), "client": request.client, "challenge": request.challenge}
    return seal.sealed("code", {"code": cognitos, **binding}, CODE_S)


def grant(form: Mapping[str, str], callback: str, resource: str, seal: Seal) -> dict[str, str]:
    """A request to our token endpoint as the one to Cognito's. Raises OAuthError."""
    asking = known(form.get("client_id", ""), seal)
    check_resource(form, resource)
    kind = form.get("grant_type")
    if kind == "authorization_code":
        return _code_grant(form, asking, callback, seal)
    if kind == "refresh_token":
        return {"grant_type": kind, "refresh_token": _unbound(form.get("refresh_token", ""), asking, seal)}
    raise OAuthError("unsupported_grant_type", "'grant_type' must be 'authorization_code' or 'refresh_token'.")


def _code_grant(form: Mapping[str, str], asking: str, callback: str, seal: Seal) -> dict[str, str]:
    bound, verifier = seal.opened("code", form.get("code", "")), form.get("code_verifier", "")
    if bound is None:
        raise OAuthError("invalid_grant", "The 'code' was not given out here, or is too old.")
    if bound["client"] != digest(asking):
        raise OAuthError("invalid_grant", "The 'code' was given to another client.")
    # OAuth 2.1 leaves it out, 2.0 repeats it.
    if "redirect_uri" in form and bound["uri"] != digest(form["redirect_uri"]):
        raise OAuthError("invalid_grant", "The 'redirect_uri' is not the one that the 'code' was sent to.")
    if not _VERIFIER.fullmatch(verifier) or not hmac.compare_digest(digest(verifier), bound["challenge"]):
        raise OAuthError("invalid_grant", "The 'code_verifier' does not fit the 'code_challenge'.")
    return {
        "grant_type": "authorization_code",
        "code": bound["code"],
        "redirect_uri": callback,
        "code_verifier": verifier,
    }


def tokens(cognitos: Mapping[str, Any], client_id: str, seal: Seal) -> dict[str, Any]:
    """Cognito's tokens for a client. An ID token is never among them: it would open the routes of administration."""
    given = {"access_token": cognitos["access_token"], "token_type": "Bearer", "expires_in": cognitos["expires_in"]}
    if "refresh_token" in cognitos:
        given["refresh_token"] = _bound(cognitos["refresh_token"], client_id, seal)
    return {**given, "scope": SCOPE}


def _bound(refresh_token: str, client_id: str, seal: Seal) -> str:
    """To Cognito all clients are one: whose a refresh token is, is ours to remember (RFC 6749, section 6)."""
    return f"{refresh_token}.{seal.mac('refresh', refresh_token.encode(), client_id.encode())}"


def _unbound(text: str, asking: str, seal: Seal) -> str:
    refresh_token, _, mac = text.rpartition(".")
    expected = seal.mac("refresh", refresh_token.encode(), asking.encode())
    if not hmac.compare_digest(mac.encode(), expected.encode()):
        raise OAuthError("invalid_grant", "The 'refresh_token' was not given to this client.")
    return refresh_token


def revocable(form: Mapping[str, str], seal: Seal) -> str | None:
    """The refresh token that a client no longer wants (RFC 7009), as Cognito knows it; None for a text that was none
    of this client's, which is as good as revoked. Raises OAuthError."""
    asking, token = known(form.get("client_id", ""), seal), form.get("token")
    if token is None:
        raise OAuthError("invalid_request", "'token' is missing: the refresh token to be revoked.")
    try:
        return _unbound(token, asking, seal)
    except OAuthError:
        if token.count(".") == 2:  # a JWT
            why = "Access tokens cannot be revoked: they end within the hour. Revoke the refresh token."
            raise OAuthError("unsupported_token_type", why) from None
        return None


def digest(text: str) -> str:
    """PKCE's S256 of a text; and how a cookie or a client id is remembered without its length."""
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")
