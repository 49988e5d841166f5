"""The gateway's REST API: one method a verb, lists whole, refusals as Failures."""

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import requests

from pennyworth_cli.failure import Code, Failure, code_of
from pennyworth_cli.http import Http

Params = Mapping[str, object]  # a sequence is sent once for each of its items
Credential = Callable[[], str]

_PATIENCE_S = 5  # for a Retry-After, of a question that changes nothing
_ATTEMPTS = 3
_BUSY = {429, 503}
_UNKNOWN = (
    "The gateway does not take this sign-in or key: ended, revoked, or another gateway's. Run `pennyworth login`, or "
    "correct PENNYWORTH_API_KEY or PENNYWORTH_TOKEN where one is set."
)


class Gateway:
    """Raises Failure from every method: for no answer, and for one that is no success."""

    def __init__(
        self, http: Http, base_url: str, credential: Credential, sleep: Callable[[float], None] = time.sleep
    ) -> None:
        """`credential` is asked for at each request: tokens end."""
        self.base_url, self._http, self._credential, self._sleep = base_url, http, credential, sleep

    def get(self, path: str, params: Params | None = None) -> dict[str, Any]:
        """Asked again when the gateway says that it is busy, and for a moment only."""
        for left in reversed(range(_ATTEMPTS)):
            response = self._http.send("GET", self.base_url + path, self._credential(), params=_pairs(params))
            wait_s = _retry_after_s(response)
            if not left or response.status_code not in _BUSY or wait_s is None or wait_s > _PATIENCE_S:
                break
            self._sleep(wait_s)
        return answer(response)

    def post(self, path: str, body: Mapping[str, object]) -> dict[str, Any]:
        return answer(self._http.send("POST", self.base_url + path, self._credential(), json=body))

    def delete(self, path: str) -> dict[str, Any]:
        return answer(self._http.send("DELETE", self.base_url + path, self._credential()))

    def stream(self, path: str, body: Mapping[str, object], read_s: float) -> requests.Response:
        """An open answer of server-sent events, to be closed by the caller."""
        response = self._http.send(
            "POST", self.base_url + path, self._credential(), json=body, stream=True, read_s=read_s
        )
        if response.status_code != requests.codes.ok:
            answer(response)
        return response

    def each(self, path: str, params: Params | None = None, most: int | None = None) -> Iterator[dict[str, Any]]:
        """The objects of a list, page after page; `most` of them at most."""
        wanted, count = dict(params or {}), 0
        while True:
            page = self.get(path, wanted)
            for each in page.get("data", []):
                if most is not None and count >= most:
                    return
                count += 1
                yield each
            after = page.get("next") or page.get("last_id")
            if not page.get("has_more") or not after:
                return
            wanted["after"] = after

    def buckets(self, path: str, params: Params) -> Iterator[dict[str, Any]]:
        """The buckets of usage or costs, page after page."""
        wanted = dict(params)
        while True:
            page = self.get(path, wanted)
            yield from page.get("data", [])
            if not page.get("has_more") or not page.get("next_page"):
                return
            wanted["page"] = page["next_page"]


def answer(response: requests.Response) -> dict[str, Any]:
    """The JSON object of a success. Raises Failure in the gateway's own words for a refusal."""
    request_id = response.headers.get("x-request-id", "")
    try:
        found = response.json()
    except (ValueError, requests.RequestException):
        found = None
    if response.status_code == requests.codes.ok and isinstance(found, dict):
        return found
    error = found.get("error") if isinstance(found, dict) else None
    if response.status_code == requests.codes.ok or not isinstance(error, dict) or not error.get("message"):
        raise Failure(
            f"{response.url.partition('?')[0]} answered {response.status_code}, and not as a gateway does. Check the "
            "endpoint: it ends in /v1.",
            Code.FAILED if response.status_code in (200, 404) else code_of(response.status_code),
            request_id,
        )
    if error.get("code") == "unknown_url":
        url = response.url.partition("?")[0]
        raise Failure(f"The gateway knows no {url}. Check the endpoint: it ends in /v1.", Code.FAILED, request_id)
    if response.status_code == requests.codes.unauthorized:
        raise Failure(_UNKNOWN, Code.NOT_SIGNED_IN, request_id)
    raise Failure(str(error["message"]), code_of(response.status_code), request_id)


def _pairs(params: Params | None) -> list[tuple[str, str]]:
    pairs = []
    for name, value in (params or {}).items():
        values: Sequence[object] = value if isinstance(value, list | tuple) else [value]
        pairs += [(name, str(each)) for each in values if each not in (None, "")]
    return pairs


def _retry_after_s(response: requests.Response) -> float | None:
    text = response.headers.get("retry-after", "")
    return float(text) if text.isascii() and text.isdecimal() else None
