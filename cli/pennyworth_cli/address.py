"""Addresses that secrets may be sent to: TLS, or this very machine."""

import re
from ipaddress import ip_address
from urllib.parse import SplitResult, urlsplit

from pennyworth_cli.failure import Code, Failure

_COGNITO = re.compile(r"cognito-idp(-fips)?\.[a-z]{2}(-[a-z]+)+-\d\.(amazonaws\.com(\.cn)?|api\.aws)")


def base_url(text: str) -> str:
    """A gateway's base URL, without a slash at its end; `/v1` where no path was given. Raises Failure."""
    parts = _parts(text)
    if parts.query or parts.fragment or parts.username or parts.password:
        raise _wrong(text, "leave out user, password, query and fragment")
    if not _safe(parts):
        raise _wrong(text, "tokens and keys go over https:// alone; http:// is for this machine's loopback address")
    return f"{parts.scheme}://{parts.netloc}{parts.path.rstrip('/') or '/v1'}"


def cognito_url(text: str, endpoint: str) -> str:
    """Where the gateway says people sign in. A new password goes there, so it must be AWS's own name for Cognito, or
    the loopback address where the gateway itself is there. Raises Failure."""
    parts = _parts(text)
    named = parts.scheme == "https" and _COGNITO.fullmatch(parts.netloc) is not None and parts.path in ("", "/")
    here = loopback(parts.hostname) and loopback(urlsplit(endpoint).hostname)
    if not named and not here:
        raise Failure(
            f"The gateway names {parts.netloc or text!r} as the place to sign in, which is no address of Amazon "
            "Cognito. Nothing was sent to it. Check the endpoint.",
            Code.FAILED,
        )
    return f"{parts.scheme}://{parts.netloc}/"


def _parts(text: str) -> SplitResult:
    try:
        parts = urlsplit(text.strip())
        _ = parts.port  # raises for one that is no number
    except ValueError:
        raise _wrong(text, "it is no URL") from None
    if parts.scheme not in ("https", "http") or not parts.hostname:
        raise _wrong(text, "it must begin with https:// and name a host")
    return parts


def _safe(parts: SplitResult) -> bool:
    return parts.scheme == "https" or loopback(parts.hostname)


def loopback(host: str | None) -> bool:
    if host == "localhost":
        return True
    try:
        return ip_address(host or "").is_loopback
    except ValueError:
        return False


def _wrong(text: str, reason: str) -> Failure:
    # Not the text itself: it may hold a password.
    shown = text.rpartition("@")[2]
    return Failure(f"{shown!r} is no endpoint: {reason}.", Code.WRONG)
