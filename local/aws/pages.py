"""A Cognito domain: the pages people sign in on, and its authorization server, as strict as Cognito's.

At /_sign_in/DOMAIN/… here, at https://DOMAIN.auth.REGION.amazoncognito.com/… in AWS. The code grant alone, since no app
client of ours may use another. Source: Amazon Cognito developer guide, authorize, login and token endpoints
(read 2026-11).
"""

import hmac
import secrets
import time
from base64 import b64decode, urlsafe_b64encode
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from html import escape
from json import dumps
from typing import Any, NamedTuple
from urllib.parse import parse_qsl, urlencode, urlsplit

from moto.cognitoidp.exceptions import NotAuthorizedError
from moto.cognitoidp.models import (
    CognitoIdpUser,
    CognitoIdpUserPoolClient,
    UserStatus,
    cognitoidp_backends,
)

from local.aws.user_pool import UserPool

PATH = "/_sign_in/"
_CODE_S = 300
_SESSION_S = 3600  # for as long nobody is asked for a password again
_SESSION, _CSRF = "cognito", "XSRF-TOKEN"
_STYLE = (
    ":root{color-scheme:light dark}"
    "body{font:1rem/1.5 system-ui,sans-serif;max-width:20rem;margin:10vh auto;padding:0 1rem}"
    "h1{margin:0}label{display:block;margin:1rem 0}"
    "input,button{width:100%;box-sizing:border-box;padding:.5rem;font:inherit}"
)


class Page(NamedTuple):
    status: str
    headers: list[tuple[str, str]]
    body: bytes


@dataclass(frozen=True)
class Code:
    """What an authorization code is good for, once."""

    pool_id: str
    client_id: str
    user_id: str
    redirect_uri: str
    scopes: tuple[str, ...]
    challenge: str
    expires_at: float  # unix seconds


class Refusal(Exception):  # noqa: N818
    """An error page, where no redirect URI can be trusted."""


@dataclass
class SignInPages:
    codes: dict[str, Code] = field(default_factory=dict)
    sessions: dict[str, tuple[str, str, float]] = field(default_factory=dict)  # (pool, user, unix seconds of the end)

    def answer(self, environ: Mapping[str, Any], body: bytes) -> Page:
        domain, _, path = environ["PATH_INFO"].removeprefix(PATH).partition("/")
        pool = _pool(domain)
        query = dict(parse_qsl(environ.get("QUERY_STRING", "")))
        form = dict(parse_qsl(body.decode("utf-8", "replace")))
        if pool is None:
            return _html("400 Bad Request", "There is no such domain.")
        try:
            match environ["REQUEST_METHOD"], path:
                case "GET", "oauth2/authorize":
                    return self._authorize(pool, query, environ)
                case "GET", "login":
                    return self._login_form(pool, query)
                case "POST", "login":
                    return self._login(pool, query, form, environ)
                case "POST", "oauth2/token":
                    return self._token(pool, form, environ)
                case "POST", "oauth2/revoke":
                    return _revoke(pool, form, environ)
        except Refusal as refusal:
            return _html("400 Bad Request", str(refusal))
        return _html("404 Not Found", "There is no such page.")

    def _authorize(self, pool: UserPool, query: dict[str, str], environ: Mapping[str, Any]) -> Page:
        client, error = _asked(pool, query)
        if error:
            return _back(query, error=error)
        user = self._of_session(pool, _cookies(environ).get(_SESSION, ""))
        if user is None:
            return _redirect(f"../login?{urlencode(query)}")
        return self._with_code(pool, client, user, query)

    def _login_form(self, pool: UserPool, query: dict[str, str], said: str = "") -> Page:
        _asked(pool, query)
        token = secrets.token_urlsafe(16)
        page = _html(
            "200 OK",
            f"<p role=alert>{escape(said)}</p><form method='post'><input name='_csrf' type='hidden' value='{token}'>"
            "<label>Username <input name='username' autocomplete='username'></label>"
            "<label>Password <input name='password' type='password' autocomplete='current-password'></label>"
            "<button>Sign in</button></form>",
        )
        page.headers.append(("Set-Cookie", f"{_CSRF}={token}; Path={PATH}; HttpOnly; SameSite=Lax"))
        return page

    def _login(self, pool: UserPool, query: dict[str, str], form: dict[str, str], environ: Mapping[str, Any]) -> Page:
        client, error = _asked(pool, query)
        if error:
            return _back(query, error=error)
        token = _cookies(environ).get(_CSRF, "")
        if not token or not hmac.compare_digest(token.encode(), form.get("_csrf", "").encode()):
            raise Refusal("The form is not one of this browser's.")
        user = pool._get_user(form.get("username", ""))
        password = form.get("password", "")
        # Who must set a password first, or may not sign in, does not here: Cognito's pages for that are not played.
        good = user and user.enabled and user.status is UserStatus.CONFIRMED and password
        if not user or not good or not hmac.compare_digest(str(user.password).encode(), password.encode()):
            return self._login_form(pool, query, "Incorrect username or password.")
        session = secrets.token_urlsafe(32)
        self.sessions[session] = (pool.id, user.id, time.time() + _SESSION_S)
        page = self._with_code(pool, client, user, query)
        lasting = f"{_SESSION}={session}; Path={PATH}; Max-Age={_SESSION_S}; HttpOnly; SameSite=Lax"
        page.headers.append(("Set-Cookie", lasting))
        return page

    def _of_session(self, pool: UserPool, session: str) -> CognitoIdpUser | None:
        pool_id, user_id, end = self.sessions.get(session, ("", "", 0.0))
        user = pool.users.get(user_id) or pool._get_user(user_id)
        return user if user and user.enabled and pool_id == pool.id and time.time() < end else None

    def _with_code(
        self, pool: UserPool, client: CognitoIdpUserPoolClient, user: CognitoIdpUser, query: dict[str, str]
    ) -> Page:
        code = secrets.token_urlsafe(24)
        scopes = tuple(query["scope"].split()) if "scope" in query else tuple(_list(client, "AllowedOAuthScopes"))
        challenge, uri = query.get("code_challenge", ""), query["redirect_uri"]
        self.codes[code] = Code(pool.id, client.id, user.username, uri, scopes, challenge, time.time() + _CODE_S)
        return _back(query, code=code)

    def _token(self, pool: UserPool, form: dict[str, str], environ: Mapping[str, Any]) -> Page:
        client = _authenticated(pool, form, environ.get("HTTP_AUTHORIZATION", ""))
        if client is None:
            return _json("400 Bad Request", {"error": "invalid_client"})
        try:
            match form.get("grant_type"):
                case "authorization_code" if "code" in _list(client, "AllowedOAuthFlows"):
                    return _json("200 OK", self._by_code(pool, client, form))
                case "refresh_token":
                    return _json("200 OK", _by_refresh_token(pool, client, form))
        except NotAuthorizedError:
            return _json("400 Bad Request", {"error": "invalid_grant"})
        return _json("400 Bad Request", {"error": "unauthorized_client"})

    def _by_code(self, pool: UserPool, client: CognitoIdpUserPoolClient, form: dict[str, str]) -> dict[str, Any]:
        code = self.codes.pop(form.get("code", ""), None)  # one attempt
        verified = code is not None and (
            not code.challenge or hmac.compare_digest(code.challenge, _s256(form.get("code_verifier", "")))
        )
        if code is None or not verified or code.expires_at < time.time():
            raise NotAuthorizedError("invalid_grant")
        if (code.pool_id, code.client_id, code.redirect_uri) != (pool.id, client.id, form.get("redirect_uri")):
            raise NotAuthorizedError("invalid_grant")
        refresh_token, origin_jti = pool.create_refresh_token(client.id, code.user_id)
        pool.scopes[refresh_token] = code.scopes
        return {**_tokens(pool, client, code.user_id, origin_jti, code.scopes), "refresh_token": refresh_token}


def _revoke(pool: UserPool, form: dict[str, str], environ: Mapping[str, Any]) -> Page:
    """Source: Amazon Cognito developer guide, the token revocation endpoint (read 2026-11). Who has no such token is
    refused, as by the operation RevokeToken: the guide does not say."""
    from local.aws.sign_in import end_of_refresh_token

    client = _authenticated(pool, form, environ.get("HTTP_AUTHORIZATION", ""))
    if client is None:
        return _json("401 Unauthorized", {"error": "invalid_client"})
    token = form.get("token", "")
    if token in pool.access_tokens or token in pool.id_tokens:
        return _json("400 Bad Request", {"error": "unsupported_token_type"})
    if token not in pool.refresh_tokens or not client.extended_config.get("EnableTokenRevocation", True):
        return _json("400 Bad Request", {"error": "invalid_request"})
    held = pool.refresh_tokens[token]
    if held is not None and held[0] != client.id:
        return _json("400 Bad Request", {"error": "unauthorized_client"})
    end_of_refresh_token(pool, token)
    return Page("200 OK", [("Content-Length", "0")], b"")


def _asked(pool: UserPool, query: dict[str, str]) -> tuple[CognitoIdpUserPoolClient, str]:
    """The app client, and what is wrong with the rest. Raises Refusal where it or its redirect URI is not known."""
    client = pool.clients.get(query.get("client_id", ""))
    if client is None or not client.extended_config.get("AllowedOAuthFlowsUserPoolClient"):
        raise Refusal("invalid_client")
    if query.get("redirect_uri") not in _list(client, "CallbackURLs"):
        raise Refusal("redirect_mismatch")
    if "COGNITO" not in _list(client, "SupportedIdentityProviders"):
        raise Refusal("Login pages unavailable")
    if query.get("response_type") != "code" or "code" not in _list(client, "AllowedOAuthFlows"):
        return client, "unauthorized_client"
    if not set(query.get("scope", "").split()) <= set(_list(client, "AllowedOAuthScopes")):
        return client, "invalid_scope"
    if query.get("code_challenge_method", "S256") != "S256":
        return client, "invalid_request"
    return client, ""


def _authenticated(pool: UserPool, form: dict[str, str], header: str) -> CognitoIdpUserPoolClient | None:
    """The app client that a request proves; one with a secret proves it in the header or the form."""
    client_id, secret = form.get("client_id", ""), form.get("client_secret", "")
    if header.startswith("Basic "):
        client_id, _, secret = b64decode(header.removeprefix("Basic ")).decode().partition(":")
    client = pool.clients.get(client_id)
    if client is None or not client.extended_config.get("AllowedOAuthFlowsUserPoolClient"):
        return None
    proven = not client.generate_secret or hmac.compare_digest(str(client.secret).encode(), secret.encode())
    return client if proven else None


def _by_refresh_token(pool: UserPool, client: CognitoIdpUserPoolClient, form: dict[str, str]) -> dict[str, Any]:
    from local.aws.sign_in import of_refresh_token

    token = form.get("refresh_token", "")
    user = of_refresh_token(pool, client, token)
    if not user.enabled:
        raise NotAuthorizedError("User is disabled.")
    held = pool.refresh_tokens[token]
    origin_jti = held[2] if held else ""
    return _tokens(pool, client, user.username, origin_jti, pool.scopes.get(token, ()))


def _tokens(
    pool: UserPool, client: CognitoIdpUserPoolClient, username: str, origin_jti: str, scopes: tuple[str, ...]
) -> dict[str, Any]:
    """An ID token comes where `openid` was asked for, and only there."""
    access_token, expires_in = pool.create_access_token(client.id, username, origin_jti, scopes)
    identity = {"id_token": pool.create_id_token(client.id, username, origin_jti)[0]} if "openid" in scopes else {}
    return {"access_token": access_token, "expires_in": expires_in, "token_type": "Bearer", **identity}


def _pool(domain: str) -> UserPool | None:
    for account in cognitoidp_backends.values():
        for backend in account.values():
            if domain in backend.user_pool_domains:
                return backend.user_pools.get(backend.user_pool_domains[domain].user_pool_id)  # type: ignore[return-value]
    return None


def _list(client: CognitoIdpUserPoolClient, name: str) -> list[str]:
    return client.extended_config.get(name) or []


def _s256(text: str) -> str:
    return urlsafe_b64encode(sha256(text.encode()).digest()).decode().rstrip("=")


def _cookies(environ: Mapping[str, Any]) -> dict[str, str]:
    pairs = (pair.strip().partition("=") for pair in environ.get("HTTP_COOKIE", "").split(";"))
    return {name: value for name, _, value in pairs}


def _back(query: Mapping[str, str], **said: str) -> Page:
    """To the app's redirect URI, which has been found among those it registered."""
    state = {"state": query["state"]} if "state" in query else {}
    uri = query["redirect_uri"]
    return _redirect(f"{uri}{'&' if urlsplit(uri).query else '?'}{urlencode({**said, **state})}")


def _redirect(location: str) -> Page:
    return Page("302 Found", [("Location", location), ("Content-Length", "0")], b"")


def _html(status: str, text: str) -> Page:
    head = "<meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'><title>Sign in</title>"
    body = (
        f"<!doctype html><html lang=en><head>{head}<style>{_STYLE}</style></head>"
        f"<body><main><h1>Sign in</h1><p>A stand-in of Amazon Cognito, on this machine.</p>{text}</main></body></html>"
    ).encode()
    return Page(status, [("Content-Type", "text/html; charset=utf-8"), ("Content-Length", str(len(body)))], body)


def _json(status: str, document: dict[str, Any]) -> Page:
    body = dumps(document).encode()
    return Page(status, [("Content-Type", "application/json"), ("Content-Length", str(len(body)))], body)
