"""The revisions of MCP served here, how a message tells which one it speaks, and what each puts into an answer.

A message of 2026-07-28 carries its version in `_meta` and stands alone. The revisions before it open with `initialize`
and then only name the version in a header; no session is kept, so every POST of theirs stands alone as well.
"""

from collections.abc import Mapping, Sequence
from typing import Any

from services.mcp.headers import Headers, check_equal
from services.mcp.notices import LOG_LEVELS
from services.mcp.protocol import INVALID_PARAMS, UNSUPPORTED_VERSION, Message, RpcError, require

MODERN = ("2026-07-28",)
HANDSHAKE = ("2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05")
SUPPORTED = MODERN + HANDSHAKE  # newest first
ASSUMED = "2025-03-26"  # what a server assumes where nothing names a version; the header came with 2025-06-18

VERSION_KEY = "io.modelcontextprotocol/protocolVersion"
CAPABILITIES_KEY = "io.modelcontextprotocol/clientCapabilities"
CLIENT_KEY = "io.modelcontextprotocol/clientInfo"
LOG_LEVEL_KEY = "io.modelcontextprotocol/logLevel"
SERVER_KEY = "io.modelcontextprotocol/serverInfo"

# The parameter a method names its object by, repeated in the header Mcp-Name.
NAMED_BY = {"tools/call": "name", "prompts/get": "name", "resources/read": "uri"}

# How long a client may keep an answer (ms), and for whom. Lists depend on the key that asks. A resource may be kept for
# as long as its source says, and not at all where it says nothing.
_LIST = {"ttlMs": 300_000, "cacheScope": "private"}
CACHING: Mapping[str, Mapping[str, Any]] = {
    "server/discover": {"ttlMs": 3_600_000, "cacheScope": "public"},
    "tools/list": _LIST,
    "prompts/list": _LIST,
    "resources/list": _LIST,
    "resources/templates/list": _LIST,
    "resources/read": {"ttlMs": 0, "cacheScope": "private"},
}
_MAX_TTL_MS = 3_600_000
# Where a result may say itself how long it may be kept, and the most that is believed. Lists also depend on the key.
_SAID = {"resources/read": _MAX_TTL_MS, **{method: 300_000 for method in CACHING if method.endswith("/list")}}
_FRAMING = ("resultType", "ttlMs", "cacheScope")  # members of a result since 2026-07-28

# What a server of ours can do, and since which revision it says so. Nothing here changes while a client listens, so no
# capability promises to tell of changes.
_CAPABILITIES = {
    "completions": "2025-03-26",
    "logging": "2024-11-05",
    "prompts": "2024-11-05",
    "resources": "2024-11-05",
    "tools": "2024-11-05",
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


def capabilities(version: str) -> dict[str, Any]:
    age = SUPPORTED.index(version)
    return {name: {} for name, since in _CAPABILITIES.items() if age <= SUPPORTED.index(since)}


def log_level(message: Message, version: str, kept: str) -> str | None:
    """The least severe log message that the client wants with its answer; None for none at all.

    2026-07-28 says it with every request. Before that a client set it once: `kept` is what is known of that.
    """
    if not is_modern(version):
        return kept
    level = message.params["_meta"].get(LOG_LEVEL_KEY)
    require(level is None or level in LOG_LEVELS, INVALID_PARAMS, f"{LOG_LEVEL_KEY} must be {_one_of(LOG_LEVELS)}.")
    return None if level is None else str(level)


def progress_token(message: Message) -> str | int | None:
    meta = message.params.get("_meta")
    token = meta.get("progressToken") if isinstance(meta, Mapping) else None
    valid = token is None or (isinstance(token, str | int) and not isinstance(token, bool))
    require(valid, INVALID_PARAMS, "'params._meta.progressToken' must be a string or an integer.")
    return token


def client_capabilities(message: Message, version: str) -> Mapping[str, Any]:
    """What the client can do. Before 2026-07-28 it said so once, in an `initialize` that nobody remembers."""
    found: Mapping[str, Any] = message.params["_meta"][CAPABILITIES_KEY] if is_modern(version) else {}
    return found


def dressed(result: Mapping[str, Any], method: str, version: str, server_info: Mapping[str, str]) -> dict[str, Any]:
    """A result as the revision frames it: since 2026-07-28 with its type, who answered, and how long it may be kept."""
    if not is_modern(version):
        return {name: value for name, value in result.items() if name not in _FRAMING}
    kind = result.get("resultType", "complete")
    return {
        **{name: value for name, value in result.items() if name not in _FRAMING},
        "resultType": kind,
        **(_caching(method, result) if kind == "complete" else {}),
        "_meta": {**(result.get("_meta") or {}), SERVER_KEY: dict(server_info)},
    }


def _caching(method: str, result: Mapping[str, Any]) -> Mapping[str, Any]:
    fixed = CACHING.get(method, {})
    ttl_ms = result.get("ttlMs")
    if method not in _SAID or isinstance(ttl_ms, bool) or not isinstance(ttl_ms, int) or ttl_ms < 0:
        return fixed
    return {**fixed, "ttlMs": min(ttl_ms, _SAID[method])}


def _one_of(words: Sequence[str]) -> str:
    return f"one of {', '.join(words)}"
