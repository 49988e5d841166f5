"""The revisions of MCP served here, how a message tells which one it speaks, and what each puts into an answer.

A message of 2026-07-28 carries its version in `_meta` and stands alone. The revisions before it open with `initialize`
and then only name the version in a header; no session is kept, so every POST of theirs stands alone as well.
"""

from collections.abc import Mapping
from typing import Any

from services.mcp.headers import Headers, check_equal
from services.mcp.protocol import INVALID_PARAMS, UNSUPPORTED_VERSION, Message, RpcError, require

MODERN = ("2026-07-28",)
HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
SUPPORTED = MODERN + HANDSHAKE  # newest first
ASSUMED = "2025-03-26"  # what a server assumes where nothing names a version; the header came with 2025-06-18

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"

# The parameter a method names its object by, repeated in the header Mcp-Name.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

# Members of a tool, and of a tool's result, that a revision introduced. Older clients are not shown them.
SINCE = {
    "annotations": "2025-03-26",
    "title": "2025-06-18",
    "outputSchema": "2025-06-18",
    "structuredContent": "2025-06-18",
}

# How long a client may keep an answer (ms), and for whom. A list may depend on the key that asks.
CACHING = {
    "server/discover": {"ttlMs": 3_600_000, "cacheScope": "public"},
    "tools/list": {"ttlMs": 300_000, "cacheScope": "private"},
}


def is_modern(version: str) -> bool:
    return version in MODERN


def version_of(message: Message, headers: Headers) -> str:
    """The revision a message is to be served in, one of SUPPORTED.

    Raises RpcError: INVALID_PARAMS for an incomplete envelope, HEADER_MISMATCH, UNSUPPORTED_VERSION.
    """
    header = headers.get("mcp-protocol-version")
    if message.id is None:  # what its headers must be is left open by 2026-07-28; there is no answer to shape either
        return _handshake_version(header) if header not in MODERN else str(header)
    meta = message.params.get("_meta")
    meta = {} if meta is None else meta
    require(isinstance(meta, Mapping), INVALID_PARAMS, "'params._meta' must be an object.")
    if header in MODERN or not meta.keys().isdisjoint({VERSION_KEY, CAPABILITIES_KEY, CLIENT_KEY}):
        return _declared_version(message, meta, headers)
    if message.method == "initialize":
        return ASSUMED  # its version is negotiated in its parameters; its header may hold a guess
    return _handshake_version(header)


def _declared_version(message: Message, meta: Mapping[str, Any], headers: Headers) -> str:
    missing = [key for key in (VERSION_KEY, CAPABILITIES_KEY) if key not in meta]
    require(not missing, INVALID_PARAMS, f"'params._meta' lacks {' and '.join(missing)}.")
    version = meta[VERSION_KEY]
    require(isinstance(version, str), INVALID_PARAMS, f"'params._meta' must hold a string under {VERSION_KEY}.")
    require(
        isinstance(meta[CAPABILITIES_KEY], Mapping),
        INVALID_PARAMS,
        f"'params._meta' must hold an object under {CAPABILITIES_KEY}.",
    )
    check_equal(headers, "MCP-Protocol-Version", version, f"{VERSION_KEY} in 'params._meta'")
    if version in HANDSHAKE:
        return str(version)
    if version not in MODERN:
        raise _unsupported(version)
    check_equal(headers, "Mcp-Method", message.method, "'method'")
    name = message.params.get(NAMED_BY.get(message.method, ""))
    if isinstance(name, str):
        check_equal(headers, "Mcp-Name", name, f"'params.{NAMED_BY[message.method]}'", encoded=True)
    return str(version)


def _handshake_version(header: str | None) -> str:
    if header is None:
        return ASSUMED
    if header not in HANDSHAKE:
        raise _unsupported(header)
    return header


def _unsupported(requested: str) -> RpcError:
    return RpcError(
        UNSUPPORTED_VERSION,
        "This protocol version is not supported.",
        data={"supported": list(SUPPORTED), "requested": requested},
    )


def negotiated(requested: object) -> str:
    """What `initialize` answers: the client's version if it is one of the handshake's, else the newest of those."""
    return requested if isinstance(requested, str) and requested in HANDSHAKE else HANDSHAKE[0]


def known_in(version: str, members: Mapping[str, Any]) -> dict[str, Any]:
    """The members of a tool or a tool's result that the revision knows."""
    age = SUPPORTED.index(version)
    return {name: value for name, value in members.items() if age <= SUPPORTED.index(SINCE.get(name, SUPPORTED[-1]))}


def dressed(result: Mapping[str, Any], method: str, version: str, server_info: Mapping[str, str]) -> dict[str, Any]:
    """A result as the revision frames it: since 2026-07-28 with its type, who answered, and how long it may be kept."""
    if not is_modern(version):
        return dict(result)
    return {"resultType": "complete", **result, **CACHING.get(method, {}), "_meta": {SERVER_KEY: dict(server_info)}}
