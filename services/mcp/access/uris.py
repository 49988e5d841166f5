"""What a URI comes to once it is read as servers read it. Pure.

Source: RFC 3986, section 6.2.2 (case, percent-encoding, dot segments); RFC 8089 for `file:`. Beyond them: what servers
do with a path all the same, encoded slashes, back slashes, empty segments and what is encoded twice.
"""

import re
from urllib.parse import unquote

_PARTS = re.compile(r"([^:/?#]+):(?://([^/?#]*))?([^?#]*)(.*)", re.DOTALL)
_ENCODED = re.compile(r"%(2[DEFdef]|3[0-9]|4[1-9A-Fa-f]|5[0-9Aa]|5[CFcf]|6[1-9A-Fa-f]|7[0-9Aa]|7[Ee]|25)")
_ROUNDS = 4  # of encoding
_LOCAL = ("file", "localhost")


def plain(uri: str) -> str:
    """One spelling for all that may mean the same; of what is no URI, the text."""
    for _ in range(_ROUNDS):
        uri = _ENCODED.sub(lambda found: unquote(found[0]), uri)
    found = _PARTS.fullmatch(uri)
    if not found:
        return uri
    scheme, host, path, rest = found[1].lower(), found[2], found[3].replace("\\", "/"), found[4]
    if host is None and not path.startswith("/"):  # `urn:…` has no segments
        return f"{scheme}:{path}{rest}"
    host = "" if (scheme, (host or "").lower()) == _LOCAL else (host or "").lower()
    return f"{scheme}://{host}{_without_dots(path)}{rest}"


def _without_dots(path: str) -> str:
    kept: list[str] = []
    for segment in path.split("/"):
        if segment == "..":
            del kept[-1:]
        elif segment not in ("", "."):
            kept.append(segment)
    ends = path.endswith(("/", "/.", "/..")) and bool(kept)
    return "".join(f"/{segment}" for segment in kept) + ("/" if ends else "")
