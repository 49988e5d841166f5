"""How the gateway proves itself to another server: with credentials of its own, never with the caller's."""

import json
import re
import time
from base64 import b64encode
from collections.abc import Callable, Mapping
from threading import Lock
from typing import Protocol
from urllib.parse import quote_plus, urlencode

from pennyworth.aws.credentials import Credentials, environment_credentials
from pennyworth.secret import Secret
from services.mcp.upstream.declared import Auth
from services.mcp.upstream.faults import Unreachable
from services.mcp.upstream.web import Web, place

_EARLY_S = 60.0  # before its end a token is replaced
_LIFE_S = 300.0  # of a token that does not say
_SHORTEST = 6  # characters of a secret that is looked for: shorter ones stand in many a text by chance
_TOKEN_BYTES = 64 * 1024
_TOKEN = re.compile(r"[!-~]+")  # anything else would not go through a header

Headers = Mapping[str, str]  # by lower-case name


class Proof(Protocol):
    def headers(self, method: str, url: str, headers: Headers, body: bytes, deadline: float) -> dict[str, str]:
        """The headers and what proves who asks. Raises Unreachable."""

    def renewed(self) -> bool:
        """After a 401: whether there may be another proof by now, so that asking once more makes sense."""

    def shows(self, text: str) -> bool:
        """Whether the text holds what must not get out."""


class NoProof:
    def headers(self, method: str, url: str, headers: Headers, body: bytes, deadline: float) -> dict[str, str]:
        return dict(headers)

    def renewed(self) -> bool:
        return False

    def shows(self, text: str) -> bool:
        return False


class HeaderProof:
    """A fixed secret in a header: `authorization: Bearer SECRET`, or as it is where it names its scheme itself
    (`Basic …`), or in a header of another name."""

    def __init__(self, header: str, secret: Secret) -> None:
        self._header, self._secret = header.lower(), secret
        self._sent = ""

    def headers(self, method: str, url: str, headers: Headers, body: bytes, deadline: float) -> dict[str, str]:
        self._sent = self._secret.value()
        bare = self._header == "authorization" and " " not in self._sent
        return {**headers, self._header: f"Bearer {self._sent}" if bare else self._sent}

    def renewed(self) -> bool:
        return self._secret.value(refused=self._sent) != self._sent

    def shows(self, text: str) -> bool:
        return len(self._sent) >= _SHORTEST and self._secret.shows(text)


class TokenProof:
    """A token got for client credentials (RFC 6749, section 4.4), kept until shortly before its end."""

    def __init__(self, auth: Auth, secret: Secret, web: Web, clock: Callable[[], float] = time.monotonic) -> None:
        self._auth, self._secret, self._web, self._clock = auth, secret, web, clock
        self._lock = Lock()
        self._token, self._until = "", float("-inf")

    def headers(self, method: str, url: str, headers: Headers, body: bytes, deadline: float) -> dict[str, str]:
        with self._lock:
            if not self._token or self._clock() >= self._until:
                self._fetch(deadline)
            return {**headers, "authorization": f"Bearer {self._token}"}

    def renewed(self) -> bool:
        with self._lock:
            self._token = ""
        return True

    def shows(self, text: str) -> bool:
        return self._secret.shows(text) or (bool(self._token) and self._token in text)

    def _fetch(self, deadline: float) -> None:
        asked = {"grant_type": "client_credentials", "scope": self._auth.scope, "resource": self._auth.resource}
        body = urlencode({name: value for name, value in asked.items() if value}).encode()
        secret = self._secret.value()
        status, reply = self._post(body, secret, deadline)
        if status == 401 and (another := self._secret.value(refused=secret)) != secret:
            status, reply = self._post(body, another, deadline)
        try:
            token, life_s = _token(json.loads(reply) if status == 200 else {})
        except (ValueError, RecursionError):
            raise Unreachable("has an authorization server that gives the gateway no token", down=True) from None
        # One that lives for less than twice that margin is used for half its life.
        self._token, self._until = token, self._clock() + max(life_s - _EARLY_S, life_s / 2)

    def _post(self, body: bytes, secret: str, deadline: float) -> tuple[int, bytes]:
        pair = f"{quote_plus(self._auth.client_id)}:{quote_plus(secret)}"  # RFC 6749, section 2.3.1
        headers = {
            "authorization": f"Basic {b64encode(pair.encode()).decode()}",
            "content-type": "application/x-www-form-urlencoded",
            "accept": "application/json",
        }
        answer = self._web.request("POST", self._auth.token_url, headers, body, deadline, _TOKEN_BYTES)
        try:
            return answer.status, answer.whole()
        finally:
            answer.close()


def _token(found: object) -> tuple[str, float]:
    """The access token and the seconds of its life. Raises ValueError."""
    if isinstance(found, dict) and str(found.get("token_type", "bearer")).lower() == "bearer":
        token, life_s = found.get("access_token"), found.get("expires_in", _LIFE_S)
        if isinstance(token, str) and _TOKEN.fullmatch(token) and isinstance(life_s, int | float | str):
            return token, float(life_s)
    raise ValueError("no bearer token")


class SignedProof:
    """AWS's Signature Version 4, as the function's own role."""

    def __init__(
        self,
        auth: Auth,
        region: str,
        credentials: Callable[[], Credentials] = environment_credentials,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._auth, self._region, self._credentials, self._clock = auth, auth.region or region, credentials, clock

    def headers(self, method: str, url: str, headers: Headers, body: bytes, deadline: float) -> dict[str, str]:
        from pennyworth.aws.signature import signed

        endpoint, target = place(url)
        return signed(
            method,
            target,
            {**headers, "host": endpoint.authority},
            body,
            credentials=self._credentials(),
            region=self._region,
            service=self._auth.service,
            now=self._clock(),
        )

    def renewed(self) -> bool:
        return False

    def shows(self, text: str) -> bool:
        held = self._credentials()
        return held.secret_access_key in text or (bool(held.session_token) and held.session_token in text)


def proof(auth: Auth, secret: Secret, web: Web, region: str) -> Proof:
    """`secret`: is read only where the way of proving has one."""
    if auth.type == "header":
        return HeaderProof(auth.header, secret)
    if auth.type == "oauth":
        return TokenProof(auth, secret, web)
    if auth.type == "sigv4":
        return SignedProof(auth, region)
    return NoProof()
