"""A server as whoever runs the gateway declares it: one JSON document each, checked once and frozen. Pure."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from typing import Any
from urllib.parse import urlsplit

from services.mcp.eras import SUPPORTED

TYPES = ("http", "lambda", "openapi")
AUTHS = ("none", "header", "oauth", "sigv4")
PAYLOADS = ("rest", "http", "message")
SERVICES = ("execute-api", "lambda", "bedrock-agentcore")  # whose signatures the role may be given a right for
_MOST_S = 25.0  # of the 29 that a request may take
_MOST_KB = 4096  # of the 6 MB that a function may answer with

_HEADER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]{0,63}")
# Terraform holds what is declared there to the same, so that nobody finds out when it is asked for.
_URL = re.compile(
    r"[a-z][a-z0-9+.-]*://([A-Za-z0-9._-]+|\[[0-9A-Fa-f:.]+\])(:[0-9]{1,5})?(/[!$->@-\[\]-~]*)?(\?[!$-\[\]-~]*)?"
)
_ARN = re.compile(r"arn:aws[a-z-]*:lambda:[a-z0-9-]+:[0-9]{12}:function:[A-Za-z0-9_-]{1,64}(:[A-Za-z0-9_$-]{1,128})?")
# What a caller sends for us, or about the connection, is no other server's. Who holds a secret under another name than
# these may still not have it sent: every such word in a name is refused.
_KEPT = re.compile(
    r"host|content-.*|accept|accept-encoding|connection|keep-alive|te|trailer|transfer-encoding|upgrade|expect|via"
    r"|forwarded|x-forwarded-.*|x-real-ip|x-amz-.*|x-amzn-.*|proxy-.*|mcp-.*|last-event-id|origin|referer|user-agent"
    r"|.*(auth|cookie|token|secret|credential|passw|jwt|assertion|session|api-?key).*"
)
# Of the fields that are no text.
_KINDS: Mapping[str, Any] = {
    "auth": dict,
    "forward": list,
    "timeout_s": int | float,
    "max_kb": int,
    "private": bool,
    "shared_session": bool,
    "approved": dict | None,
}
_OURS = re.compile(r"host|content-length|content-type|connection|transfer-encoding|te|trailer|upgrade|mcp-.*")


class Misdeclared(ValueError):  # noqa: N818 -- a fact about a declaration
    """A declaration that cannot be; the message is for whoever wrote it."""


@dataclass(frozen=True, slots=True)
class Auth:
    """How the gateway proves itself there. Its secret lies in a parameter beside the declaration."""

    type: str = "none"
    header: str = "authorization"  # of type header: what the secret travels in, as `Bearer SECRET` in this one
    token_url: str = ""  # oauth: where tokens are given out for client credentials
    client_id: str = ""
    scope: str = ""
    resource: str = ""  # RFC 8707: what the token is for
    service: str = ""  # sigv4: execute-api, lambda, bedrock-agentcore
    region: str = ""  # empty for the gateway's own

    @property
    def has_secret(self) -> bool:
        return self.type in ("header", "oauth")


@dataclass(frozen=True, slots=True)
class Declared:
    name: str
    type: str
    url: str = ""  # of an MCP endpoint, or of the API behind an OpenAPI document
    document: str = ""  # URL of an OpenAPI document, in JSON
    function: str = ""  # ARN of a Lambda function
    payload: str = "rest"  # what the function takes: API Gateway's event of a REST API, of an HTTP API, or the message
    era: str = ""  # the revision it speaks; negotiated where empty
    auth: Auth = Auth()
    forward: tuple[str, ...] = ()  # the caller's headers that go on to it, in lower case
    timeout_s: float = 20.0
    max_kb: int = 1024  # of an answer
    private: bool = False  # whether it may be at an address that is not the public internet's, and without TLS
    shared_session: bool = False  # handshake revisions: whether all callers may be in one session
    approved: Mapping[str, str] | None = field(default=None)  # tool → digest; None where all are taken as they come

    @classmethod
    def of(cls, name: str, text: str) -> "Declared":
        """Of the JSON in its parameter. Raises Misdeclared."""
        try:
            row = json.loads(text)
        except ValueError:
            row = None
        if not isinstance(row, dict):
            raise Misdeclared(f"{name}: a JSON object is expected")
        _check_fields(name, row, cls)
        auth = row.get("auth", {})
        _check_fields(f"{name}.auth", auth, Auth)
        try:
            made = cls(
                **{
                    **row,
                    "name": name,
                    "auth": Auth(**auth),
                    "forward": tuple(header.lower() for header in row.get("forward", ())),
                }
            )
        except TypeError as error:
            raise Misdeclared(f"{name}: {error}") from None
        made._check()
        return made

    @property
    def max_bytes(self) -> int:
        return self.max_kb * 1024

    def _check(self) -> None:
        self._must(self.type in TYPES, f"type is one of {', '.join(TYPES)}")
        self._must(self.auth.type in AUTHS, f"auth.type is one of {', '.join(AUTHS)}")
        self._must(not self.era or self.era in SUPPORTED, f"era is one of {', '.join(SUPPORTED)}")
        self._must(1 <= self.timeout_s <= _MOST_S, f"timeout_s is 1 to {_MOST_S:g}")
        self._must(1 <= self.max_kb <= _MOST_KB, f"max_kb is 1 to {_MOST_KB}")
        for header in self.forward:
            self._must(bool(_HEADER.fullmatch(header)), f"forward: '{header}' is no header's name")
            self._must(not _KEPT.fullmatch(header), f"forward: '{header}' is not passed on to other servers")
        if self.type == "lambda":
            self._must(bool(_ARN.fullmatch(self.function)), "function is a Lambda function's ARN")
            self._must(self.payload in PAYLOADS, f"payload is one of {', '.join(PAYLOADS)}")
            self._must(self.auth.type == "none", "auth: a function is invoked as the gateway's own role")
        if self.type == "http":
            self._check_url("url", self.url)
        if self.type == "openapi":
            self._check_url("document", self.document)
            if self.url:
                self._check_url("url", self.url)
        self._check_auth()

    def _check_auth(self) -> None:
        auth = self.auth
        named = _HEADER.fullmatch(auth.header) and not _OURS.fullmatch(auth.header.lower())
        self._must(auth.type != "header" or bool(named), "auth.header is a header's name, and none of HTTP's own")
        if auth.type == "oauth":
            self._check_url("auth.token_url", auth.token_url)
            self._must(bool(auth.client_id), "auth.client_id is missing")
        self._must(auth.type != "sigv4" or auth.service in SERVICES, f"auth.service is one of {', '.join(SERVICES)}")

    def _check_url(self, at: str, url: str) -> None:
        try:
            parts = urlsplit(url)
            usable = bool(_URL.fullmatch(url)) and parts.port != 0
        except ValueError:  # a port too high, an address of IPv6 that is none
            usable = False
        self._must(usable, f"{at} is no usable URL")
        schemes = ("https", "http") if self.private else ("https",)
        self._must(parts.scheme in schemes, f"{at} begins with https (or, with private = true, http)")

    def _must(self, holds: bool, what: str) -> None:
        if not holds:
            raise Misdeclared(f"{self.name}: {what}")


def _check_fields(name: str, row: Any, of: type) -> None:
    known = {each.name for each in fields(of)} - {"name"}
    if not isinstance(row, dict) or row.keys() - known:
        raise Misdeclared(f"{name}: its fields are {', '.join(sorted(known))}")
    for key, value in row.items():
        kind = _KINDS.get(key, str)
        if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
            raise Misdeclared(f"{name}: {key} is of another type")
    texts = [*row.get("forward", ()), *(row.get("approved") or {}).values()]
    if not all(isinstance(each, str) for each in texts):
        raise Misdeclared(f"{name}: forward and approved hold texts")
