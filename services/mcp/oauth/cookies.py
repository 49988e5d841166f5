"""Cookies of a sign-in: this host's alone, unreadable to pages."""

from collections.abc import Mapping
from itertools import accumulate

from pennyworth.http import Event

# Browsers take a cookie of this prefix from the host itself over https only, for no other host and for every path.
_SECURE, _PLAIN = "__Host-pennyworth-", "pennyworth-"


def cookies(event: Event, *, secure: bool) -> Mapping[str, str]:
    """Ours in a request, by name without prefix. A name that is there twice is not there: one of them was planted."""
    prefix = _SECURE if secure else _PLAIN
    found: dict[str, str] = {}
    twice: set[str] = set()
    for name, values in event["multiValueHeaders"].items():
        if name.lower() != "cookie":
            continue
        for pair in ";".join(values).split(";"):
            key, _, value = pair.strip().partition("=")
            if key.startswith(prefix):
                own = key.removeprefix(prefix)
                twice |= {own} & found.keys()
                found[own] = value
    return {name: value for name, value in found.items() if name not in twice}


def surplus(held: Mapping[str, str], kind: str, most: int, most_characters: int) -> list[str]:
    """The oldest cookies of those whose names begin so, beyond `most`, or beyond that many characters of all values:
    browsers send the oldest first (RFC 6265)."""
    names = [name for name in held if name.startswith(kind)]
    sizes = accumulate(len(held[name]) for name in reversed(names))
    kept = sum(size <= most_characters for _, size in zip(range(most), sizes, strict=False))
    return names[: len(names) - kept]


def cookie(name: str, value: str, lasts_s: int, *, secure: bool) -> str:
    """A Set-Cookie header's value. `secure`: over https; without it, on the machine this runs on, no prefix holds.

    Lax: a browser brings it where a link or a redirect of another site's leads here, and with no form of such a site.
    """
    prefix, flag = (_SECURE, "; Secure") if secure else (_PLAIN, "")
    return f"{prefix}{name}={value}; Path=/; Max-Age={lasts_s}; HttpOnly; SameSite=Lax{flag}"
