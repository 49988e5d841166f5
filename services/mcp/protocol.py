"""JSON-RPC 2.0 as MCP speaks it: what the body of a POST may be, and what a refusal says."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn

PARSE_ERROR = -32700
INVALID_REQUEST = -32600
METHOD_NOT_FOUND = -32601
INVALID_PARAMS = -32602
INTERNAL_ERROR = -32603
HEADER_MISMATCH = -32020
MISSING_CLIENT_CAPABILITY = -32021
UNSUPPORTED_VERSION = -32022

# 2026-07-28 names a status for each of these, except for parameters other than `_meta`: as a malformed request, 400.
# What went wrong behind a well-formed request, here or at another server, is said in the body alone: it names no status
# for that, the official SDKs' servers answer 200, and clients take a 5xx for a broken transport and read no body.
STATUS = {METHOD_NOT_FOUND: 404, INTERNAL_ERROR: 200}

MAX_BYTES = 4 * 1024 * 1024  # leaves room to pass the messages on within Lambda's 6 MB request
MAX_DEPTH = 64
SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")  # how JSON writes half of a UTF-16 pair

RequestId = str | int


class RpcError(Exception):
    """A JSON-RPC error: `code` as above, `data` as MCP defines it for the code, and its HTTP status."""

    def __init__(self, code: int, message: str, *, data: object = None, status: int | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.data = code, message, data
        self.status = status or STATUS.get(code, 400)
        self.id: RequestId | None = None  # of the request it answers, where that could be read

    @property
    def body(self) -> dict[str, Any]:
        error = {"code": self.code, "message": self.message}
        if self.data is not None:
            error["data"] = self.data
        return {"jsonrpc": "2.0", "id": self.id, "error": error}


def require(holds: bool, code: int, message: str, *, data: object = None) -> None:
    if not holds:
        raise RpcError(code, message, data=data)


@dataclass(frozen=True, slots=True)
class Message:
    """A request, or without an id a notification."""

    method: str
    params: Mapping[str, Any]
    id: RequestId | None


def parse(body: bytes) -> Message:
    """The one message of a POST. Raises RpcError: PARSE_ERROR, or INVALID_REQUEST with the id where it can be read."""
    document = _json(body)
    require(not isinstance(document, list), INVALID_REQUEST, "Batches are not accepted: send one message per POST.")
    require(isinstance(document, dict), INVALID_REQUEST, "The body must be one JSON-RPC message, an object.")
    try:
        return _message(document)
    except RpcError as error:
        error.id = _id(document)
        raise


def _json(body: bytes) -> Any:
    require(bool(body.strip()), PARSE_ERROR, "The body is empty: send one JSON-RPC message.")
    try:
        document = json.loads(body.decode(), parse_constant=_not_json, parse_float=finite)
        if SURROGATE.search(body):
            # A lone surrogate is valid JSON but no text: it could be neither passed on nor sent back.
            json.dumps(document, ensure_ascii=False).encode()
    except RecursionError:
        raise _too_deep() from None
    except json.JSONDecodeError as error:
        raise _unreadable(str(error)) from None
    except UnicodeError:
        raise _unreadable("it is not UTF-8, or holds an unpaired surrogate (\\ud800 to \\udfff)") from None
    except ValueError:  # from int(), which has a limit, and from `finite`
        raise _unreadable("it holds a number that is too large") from None
    return document


def finite(number: str) -> float:
    """Python's parser takes 1e999 for infinity, and would write it as a word that is no JSON. Raises ValueError."""
    found = float(number)
    if found in (float("inf"), float("-inf")):
        raise ValueError("a number beyond all floats")
    return found


def _not_json(constant: str) -> NoReturn:
    """Python's parser takes NaN and Infinity; JSON knows neither."""
    raise json.JSONDecodeError(f"{constant} is no JSON", "", 0)


def _unreadable(reason: str) -> RpcError:
    return RpcError(PARSE_ERROR, f"The body is not valid JSON: {reason}.")


def _message(document: dict[str, Any]) -> Message:
    if deep(document):
        raise _too_deep()
    require(document.get("jsonrpc") == "2.0", INVALID_REQUEST, "'jsonrpc' must be \"2.0\".")
    method = document.get("method")
    if method is None and not document.keys().isdisjoint({"result", "error"}):
        raise RpcError(INVALID_REQUEST, "This server sends no requests, so it takes no responses.")
    require(isinstance(method, str), INVALID_REQUEST, "'method' must be a string.")
    if "id" in document:
        require(_id(document) is not None, INVALID_REQUEST, "'id' must be a string or an integer.")
    params = document.get("params")
    params = {} if params is None else params
    require(isinstance(params, dict), INVALID_REQUEST, "'params' must be an object.")
    return Message(method=str(method), params=params, id=_id(document))


def _id(document: Mapping[str, Any]) -> RequestId | None:
    value = document.get("id")
    return value if isinstance(value, str | int) and not isinstance(value, bool) else None


def deep(document: object) -> bool:
    """Whether it is nested deeper than MAX_DEPTH, which only serves to exhaust whoever walks it. Level by level, so
    that this walk is safe itself."""
    level = [document]
    for _ in range(MAX_DEPTH):
        level = [child for node in level for child in _children(node) if isinstance(child, dict | list)]
        if not level:
            return False
    return True


def _children(node: object) -> list[Any]:
    if isinstance(node, dict):
        return list(node.values())
    return node if isinstance(node, list) else []


def _too_deep() -> RpcError:
    return RpcError(INVALID_REQUEST, f"The body is nested deeper than {MAX_DEPTH} levels.")
