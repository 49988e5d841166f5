"""The HTTP API itself: its document, fetched and kept, and its operations, called."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urljoin, urlsplit

from pennyworth.logs import logger
from services.mcp.protocol import INVALID_PARAMS, METHOD_NOT_FOUND
from services.mcp.source import Asked
from services.mcp.upstream import frames, shapes
from services.mcp.upstream.declared import Declared
from services.mcp.upstream.faults import BadStatus, Refused, Unreachable
from services.mcp.upstream.openapi.exchange import Unsendable, request, result
from services.mcp.upstream.openapi.operations import Operation, operations
from services.mcp.upstream.pages import Listed
from services.mcp.upstream.proven import Proven

_DOCUMENT_BYTES = 8 * 1024 * 1024
_TTL_MS = 300_000
_DOWN = frozenset((502, 503, 504))  # a 500 may be about the request


class Api:
    """A Backend. The credentials go with operations, to the API's own host; the document is asked for without."""

    def __init__(self, declared: Declared, way: Proven) -> None:
        self._declared, self._way = declared, way
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
        url, again = self._base + made.target, made.method == "GET"
        answer = self._way.request(made.method, url, sent, made.body, ends_at, again=again)
        try:
            if answer.status in (401, 403) or 300 <= answer.status <= 399 or answer.status in _DOWN:
                raise BadStatus(answer.status)
            return result(answer.status, answer.content_type, answer.whole())
        finally:
            answer.close()

    def shows(self, text: str) -> bool:
        return self._way.shows(text)

    def close(self) -> None:
        self._way.close()

    def _read(self, ends_at: float) -> None:
        url = self._declared.document
        answer = self._way.web.request("GET", url, {"accept": "application/json"}, b"", ends_at, _DOCUMENT_BYTES)
        try:
            if answer.status != 200:
                raise BadStatus(answer.status)
            found = frames.document(answer.whole())
        finally:
            answer.close()
        if not isinstance(found, dict):
            raise Unreachable("describes itself in something that is no OpenAPI document", counts=False)
        base = (self._declared.url or own_base(found, url)).rstrip("/")
        made, left_out = operations(found, self._declared.name, urlsplit(base).path)
        if left_out:
            logger.warning("operations without a tool", server=self._declared.name, count=left_out)
        self._base, self._operations = base, made


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
