"""HTTP as this program speaks it: TLS verified, no redirects followed, time limits, and faults as Failures."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

import requests
from requests.auth import AuthBase

from pennyworth_cli import __version__
from pennyworth_cli.address import loopback
from pennyworth_cli.failure import Code, Failure

CONNECT_S = 10
READ_S = 60  # API Gateway answers within 29 s, or streams


class Bearer(AuthBase):
    """An `auth` and not a header: a ~/.netrc would overwrite the header."""

    def __init__(self, credential: str) -> None:
        self._credential = credential

    def __call__(self, request: requests.PreparedRequest) -> requests.PreparedRequest:
        if self._credential:
            request.headers["Authorization"] = f"Bearer {self._credential}"
        else:
            request.headers.pop("Authorization", None)
        return request


class Http:
    def __init__(self) -> None:
        self._session = requests.Session()
        self._session.headers["User-Agent"] = f"pennyworth-cli/{__version__}"

    def send(
        self,
        method: str,
        url: str,
        credential: str = "",
        *,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        read_s: float = READ_S,
        **content: Any,
    ) -> requests.Response:
        """Any answer, whatever its status. Raises Failure UNREACHABLE for none."""
        host = urlsplit(url).hostname
        # What is said to this very machine goes in the clear: by a proxy it would leave it so.
        proxies = {"no_proxy": str(host)} if loopback(host) else None
        try:
            return self._session.request(
                method,
                url,
                auth=Bearer(credential),
                headers=headers,
                stream=stream,
                allow_redirects=False,  # a credential goes where it was meant to, and nowhere else
                proxies=proxies,
                timeout=(CONNECT_S, read_s),
                **content,
            )
        except requests.RequestException as error:
            raise unreachable(url, error) from None

    def close(self) -> None:
        self._session.close()


def unreachable(url: str, error: requests.RequestException) -> Failure:
    host = urlsplit(url).netloc
    return Failure(f"{host} did not answer: {_reason(error)}", Code.UNREACHABLE)


def _reason(error: requests.RequestException) -> str:
    """In plain words: the libraries' own repeat whole URLs and object addresses."""
    if isinstance(error, requests.exceptions.SSLError):
        return "its TLS certificate cannot be verified. For a private authority set REQUESTS_CA_BUNDLE to its file."
    if isinstance(error, requests.exceptions.ProxyError):
        return "the proxy of HTTPS_PROXY does not let it through. Name the host in NO_PROXY, or correct the proxy."
    if isinstance(error, requests.exceptions.Timeout):
        return "time ran out. Try again, and check the network."
    if isinstance(error, requests.exceptions.ChunkedEncodingError):
        return "the connection broke off in the middle of the answer. Try again."
    if "NameResolutionError" in repr(error) or "Name or service not known" in str(error):
        return "its name is unknown. Check the endpoint and the network."
    return "no connection. Check the endpoint, and that the gateway runs."
