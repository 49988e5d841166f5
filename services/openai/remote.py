"""Images that a request names by their URLs, fetched from public addresses alone. Imported with the first such request.

What keeps a URL from reaching what only we can reach: https on its own port, to a host whose every address is public;
the connection goes to the very address that was looked at, so a name that changes its mind gains nothing; the
certificate is the host's; redirects are followed through the same door; no proxy, no credentials, no cookies. What
comes back goes to the model only if it begins as an image does, and reasons name no address. URLs are never logged:
they may hold a token.
"""

import http.client
import io
import re
import socket
import ssl
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from time import monotonic
from typing import Any
from urllib.parse import quote, urljoin, urlsplit

from pennyworth.aws.tls import context
from pennyworth.errors import Problem
from pennyworth.lookup import Lookup
from pennyworth.public import is_public
from services.openai.chat import ChatRequest
from services.openai.conversation import Message
from services.openai.media import IMAGE_BYTES, IMAGES, image_form
from services.openai.providers.lanes import answers

MOST_S = 10.0  # for all images of a request, redirects included
MOST_BYTES = 15_000_000  # of all images of a request: in base64 the 20 MB that Anthropic's models take on Bedrock
_HOPS = 3  # redirects
# Looked up at once: of a few requests whose time was up before their name servers answered, and of this one.
_NAMES = 32
_PIECE = 64 * 1024
# Of an answer in all: image, head and framing. A chunk of the length -1 is to http.client all that comes.
_MOST_RECEIVED = 2 * IMAGE_BYTES
_HOST = re.compile(r"[a-z0-9._-]{1,253}|[0-9a-f:.]{2,45}")
_PLAIN = "/%:@!$&'()*+,;=?~-._[]"  # what a path and query keep unquoted
_REDIRECTS = frozenset((301, 302, 303, 307, 308))
_HEADERS = {"accept": "image/*", "accept-encoding": "identity", "connection": "close", "user-agent": "Pennyworth"}


class Unfetched(Exception):  # noqa: N818 -- a fact about a URL
    """Why there is no image, in words for the client."""


_lookup = Lookup(_NAMES)


@dataclass(frozen=True)
class Web:
    """How the internet is reached."""

    addresses: Callable[[str, float], list[str]] = _lookup  # a host's, by a time of `time.monotonic`
    is_public: Callable[[str], bool] = is_public
    # Hosts of Amazon's get Amazon's roots, all others the system's; AWS_CA_BUNDLE is for AWS's own endpoints.
    trust: Callable[[str], ssl.SSLContext] = lambda host: context(host, {})
    port: int = 443


def seen(request: ChatRequest, web: Web = Web(), most_s: float = MOST_S) -> ChatRequest:
    """The request with what is found at its images' URLs in their place, as data URIs. Raises Problem.

    All are fetched within `most_s`, a few at a time, and one that is named twice but once.
    """
    images = [
        (f"messages[{at}].content[{index}]", part.image_url)
        for at, message in enumerate(request.messages)
        for index, part in enumerate(message.content or ())
        if part.image_url
    ]
    if len(images) > IMAGES:
        reason = f"Bedrock takes {IMAGES} images at most in a request"
        raise Problem("invalid_value", param=images[IMAGES][0], reason=reason)
    asked: dict[str, str] = {}  # URL → path of the first part that names it
    for param, image in images:
        if image.is_remote:
            asked.setdefault(image.url, f"{param}.image_url.url")
    ends_at = monotonic() + most_s

    def found(url: str) -> bytes:
        try:
            return fetched(url, ends_at, web)
        except Unfetched as why:
            raise _problem(asked[url], str(why)) from None

    uris: dict[str, str] = {}
    left = MOST_BYTES
    for url, content in zip(asked, answers(found, list(asked)), strict=True):
        left -= len(content)
        if left < 0:
            raise _problem(asked[url], f"the images behind a request's URLs may have {MOST_BYTES // 10**6} MB in all")
        uris[url] = f"data:image/{image_form(content)};base64,{b64encode(content).decode()}"
    return request.model_copy(update={"messages": [_shown(message, uris) for message in request.messages]})


def _shown(message: Message, uris: dict[str, str]) -> Message:
    """The message with those URLs replaced."""
    parts = [
        part.model_copy(update={"image_url": part.image_url.model_copy(update={"url": uris[part.image_url.url]})})
        if part.image_url and part.image_url.url in uris
        else part
        for part in message.content or ()
    ]
    return message.model_copy(update={"content": parts}) if message.content else message


def _problem(param: str, why: str) -> Problem:
    reason = f"{why}. If another URL does not help, send the image itself, as 'data:image/png;base64,…'"
    return Problem("invalid_value", param=param, reason=reason)


def fetched(url: str, ends_at: float, web: Web) -> bytes:
    """The image at the URL. Raises Unfetched. `ends_at`: of `time.monotonic`."""
    try:
        for _ in range(_HOPS + 1):
            host, target = _place(url)
            with _connection(host, ends_at, web) as connection:
                connection.request("GET", target, headers=_HEADERS)
                answer = connection.getresponse()
                location = answer.headers.get("location")
                if answer.status not in _REDIRECTS or location is None:
                    return _image(answer)
            url = urljoin(url, location)
        raise Unfetched(f"leads from one URL to another more than {_HOPS} times")
    except ssl.SSLCertVerificationError:
        raise Unfetched("its host shows no certificate that is valid for it") from None
    except TimeoutError:
        raise Unfetched("was not there in time") from None
    except (OSError, http.client.HTTPException):
        raise Unfetched("its host did not answer, or not as a web server does") from None
    except ValueError:  # of urllib, and of names that cannot be looked up
        raise Unfetched("is not a URL") from None


def _place(url: str) -> tuple[str, str]:
    """Host, and path with query. Raises Unfetched, or ValueError."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    if parts.scheme != "https":
        raise Unfetched("must begin with 'https://'")
    if "@" in parts.netloc:
        raise Unfetched("must hold no user name or password")
    if parts.port not in (None, 443):
        raise Unfetched("must name no port: images are fetched from 443 alone")
    if not _HOST.fullmatch(host):
        raise Unfetched("must name a host in ASCII: other alphabets in their 'xn--' form")
    query = f"?{parts.query}" if parts.query else ""
    return host, quote((parts.path or "/") + query, safe=_PLAIN)


@contextmanager
def _connection(host: str, ends_at: float, web: Web) -> Iterator[http.client.HTTPSConnection]:
    """An open one, to an address that was looked at. Raises Unfetched or OSError."""
    _left(ends_at)
    try:
        found = web.addresses(host, ends_at)
    except TimeoutError:
        raise
    except OSError:
        found = []
    if not found:
        raise Unfetched("its host is not known")
    if not all(map(web.is_public, found)):
        raise Unfetched("its host is not at a public address, and images are fetched from nowhere else")
    trust = web.trust(host)
    with _connected(found, host, trust, ends_at, web.port) as sock:
        connection = http.client.HTTPSConnection(host, context=trust)
        connection.auto_open = 0
        connection.sock = _Line(sock, ends_at)
        yield connection


def _connected(found: list[str], host: str, trust: ssl.SSLContext, ends_at: float, port: int) -> ssl.SSLSocket:
    """To the first of the addresses that answers: Lambda, for one, has no way to those of IPv6."""
    for number, address in enumerate(found, 1):
        try:
            sock = socket.create_connection((address, port), timeout=_left(ends_at) / (len(found) - number + 1))
            break
        except OSError:
            if number == len(found):
                raise
    try:
        sock.settimeout(_left(ends_at))
        return trust.wrap_socket(sock, server_hostname=host, suppress_ragged_eofs=False)
    except BaseException:
        sock.close()
        raise


class _Line:
    """What http.client needs of a socket, with every wait ending when all must: a host that sends a byte now and then
    gains no time by it. Closing is left to whoever opened the socket: http.client does so before the body is read."""

    def __init__(self, sock: ssl.SSLSocket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at

    def sendall(self, data: bytes) -> None:
        self._sock.settimeout(_left(self._ends_at))
        self._sock.sendall(data)

    def makefile(self, mode: str) -> io.BufferedReader:
        return io.BufferedReader(_Received(self._sock, self._ends_at), _PIECE)

    def close(self) -> None:
        pass


class _Received(io.RawIOBase):
    """The bytes that come, up to a bound."""

    def __init__(self, sock: ssl.SSLSocket, ends_at: float) -> None:
        self._sock, self._ends_at = sock, ends_at
        self._room = _MOST_RECEIVED

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        self._sock.settimeout(_left(self._ends_at))
        received = self._sock.recv_into(buffer)
        self._room -= received
        if self._room < 0:
            raise OSError("the answer is longer than that of an image can be")
        return received


def _left(ends_at: float) -> float:
    left = ends_at - monotonic()
    if left <= 0:
        raise TimeoutError
    return left


def _image(answer: http.client.HTTPResponse) -> bytes:
    if answer.status != 200:
        raise Unfetched(f"its host answers {answer.status}")
    length = answer.length  # None where the host does not say
    content = bytearray()
    while (length or 0) <= IMAGE_BYTES and len(content) <= IMAGE_BYTES:
        piece = answer.read(_PIECE)
        content += piece
        if len(content) >= 12 and image_form(bytes(content[:12])) is None:
            raise Unfetched("holds no PNG, JPEG, GIF or WebP image")
        if not piece:
            break
    else:
        raise Unfetched(f"is over the {IMAGE_BYTES / 1e6:g} MB that Bedrock takes")
    if length is not None and len(content) < length:
        raise Unfetched("its host breaks off in the middle of it")
    if image_form(bytes(content[:12])) is None:
        raise Unfetched("holds no PNG, JPEG, GIF or WebP image")
    return bytes(content)
