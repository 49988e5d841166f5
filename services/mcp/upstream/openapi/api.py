"""The HTTP API itself: its document, fetched and kept, and its operations, called."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from pennyworth.logs import logger
from services.mcp.protocol import INVALID_PARAMS, METHOD_NOT_FOUND
from services.mcp.source import Asked
from services.mcp.upstream import frames, shapes
from services.mcp.upstream.credentials import Proof
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.faults import BadStatus, Refused, Unreachable
from services.mcp.upstream.openapi.exchange import Unsendable, request, result
from services.mcp.upstream.openapi.operations import Operation, operations
from services.mcp.upstream.pages import Listed
from services.mcp.upstream.web import Answer, Web

_DOCUMENT_BYTES = 8 * 1024 * 1024
_TTL_MS = 300_000
_DOWN = frozenset((502, 503, 504))  # a 500 may be about the request


class Api:
    """A Backend. The credentials go with operations, to the API's own host; the document is asked for without."""

    def __init__(self, declared: Declared, web: Web, proof: Proof) -> None:
        self._declared, self._web, self._proof = declared, web, proof
        self._base, self._operations = "", dict[str, Operation]()

    def listed(self, kind: str, ends_at: float) -> Listed:
        if kind != "tools":
            return Listed((), _TTL_MS)
        self._read(ends_at)
        return Listed([operation.tool for operation in self._operations.values()], _TTL_MS)

    def request(
        self, method: str, params: Mapping[str, Any], asked: Asked, ends_at: float, headers: Mapping[str, str]
    ) -> dict[str, Any]:
        if method != "tools/call":
            raise Refused(METHOD_NOT_FOUND, "An API has tools alone.")
        if not self._operations:
            self._read(ends_at)
        operation = self._operations.get(str(params["name"]))
        if operation is None:
            raise Refused(INVALID_PARAMS, "There is no such operation.")
        try:
            made = request(operation, params.get("arguments") or {})
        except Unsendable as why:
            return shapes.failed(str(why))
        sent = {**made.headers, **headers}
        answer = self._send(made.method, self._base + made.target, sent, made.body, ends_at)
        try:
            if answer.status in (401, 403) or 300 <= answer.status <= 399 or answer.status in _DOWN:
                raise BadStatus(answer.status)
            return result(answer.status, answer.content_type, answer.whole())
        finally:
            answer.close()

    def shows(self, text: str) -> bool:
        return self._proof.shows(text)

    def close(self) -> None:
        self._web.close()

    def _send(self, method: str, url: str, headers: Mapping[str, str], body: bytes, ends_at: float) -> Answer:
        answer = self._sent(method, url, headers, body, ends_at)
        if answer.status == 401 and self._proof.renewed():
            answer.close()
            answer = self._sent(method, url, headers, body, ends_at)
        return answer

    def _sent(self, method: str, url: str, headers: Mapping[str, str], body: bytes, ends_at: float) -> Answer:
        proven = self._proof.headers(method, url, headers, body, ends_at)
        again = method == "GET"
        return self._web.request(method, url, proven, body, ends_at, self._declared.max_bytes, again=again)

    def _read(self, ends_at: float) -> None:
        url = self._declared.document
        answer = self._web.request("GET", url, {"accept": "application/json"}, b"", ends_at, _DOCUMENT_BYTES)
        try:
            if answer.status != 200:
                raise BadStatus(answer.status)
            found = frames.document(answer.whole())
        finally:
            answer.close()
        if not isinstance(found, dict):
            raise Unreachable("describes itself in something that is no OpenAPI document", counts=False)
        base = self._declared.url or own_base(found, url)
        made, left_out = operations(found, self._declared.name)
        if left_out:
            logger.warning("operations without a tool", server=self._declared.name, count=left_out)
        self._base, self._operations = base.rstrip("/"), made


def own_base(document: Mapping[str, Any], url: str) -> str:
    """Where the document says that the API is. Raises Unreachable for another origin than the document's own.

    The gateway's credentials go there: a document may not choose who gets them. Whoever runs the gateway may.
    """
    servers = document.get("servers")
    server = servers[0] if isinstance(servers, list) and servers and isinstance(servers[0], Mapping) else {}
    said = str(server.get("url", "/"))
    variables = server.get("variables")
    for name, variable in variables.items() if isinstance(variables, Mapping) else ():
        if isinstance(variable, Mapping):
            said = said.replace(f"{{{name}}}", str(variable.get("default", "")))
    try:
        base = urljoin(url, said)
        here, there = urlsplit(url), urlsplit(base)
        same = (here.scheme, here.hostname, here.port) == (there.scheme, there.hostname, there.port)
    except ValueError:
        same = False
    if not same or "@" in there.netloc or there.query or there.fragment:
        raise Unreachable("describes an API at another address: its 'url' must be declared", counts=False)
    return base
