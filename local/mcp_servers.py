"""MCP servers of others in a run, as whoever starts it names them."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_NAME = re.compile(r"[a-z][a-z0-9-]{0,31}")
_TYPES = ("http", "lambda", "openapi")
_WITH_SECRET = ("header", "oauth")
_MOST = 4096  # characters of a standard parameter


class McpServerError(Exception):
    """A server that cannot be; the message is for whoever named it, and shows no secret."""


@dataclass(frozen=True, slots=True)
class McpServer:
    """As a row of Terraform's `mcp_servers`, with the secret itself. The rest is checked by the function."""

    name: str
    row: Mapping[str, Any]
    secret: str = field(default="", repr=False)

    @classmethod
    def of(cls, name: str, row: Mapping[str, Any]) -> "McpServer":
        """Raises McpServerError."""
        if not _NAME.fullmatch(name):
            raise McpServerError(f"{name}: a server's name is of a-z, 0-9 and -")
        told = {field: value for field, value in row.items() if field != "secret"}
        if told.get("type") not in _TYPES:
            raise McpServerError(f"{name}: type is {', '.join(_TYPES)}")
        if len(json.dumps(told)) > _MOST:
            raise McpServerError(f"{name}: it is over the {_MOST} characters of a parameter")
        made = cls(name, told, str(row.get("secret", "")))
        if made.has_secret != bool(made.secret):
            raise McpServerError(
                f"{name}: a secret goes with auth of type {' or '.join(_WITH_SECRET)}, and with no other"
            )
        return made

    @property
    def has_secret(self) -> bool:
        auth = self.row.get("auth")
        return isinstance(auth, Mapping) and auth.get("type") in _WITH_SECRET

    @property
    def declaration(self) -> str:
        """What its parameter holds: without what only a role's policy is made of."""
        auth = self.row.get("auth")
        told = dict(self.row)
        if isinstance(auth, Mapping):
            told["auth"] = {name: value for name, value in auth.items() if name != "resources"}
        return json.dumps(told, separators=(",", ":"))

    @property
    def functions(self) -> tuple[str, ...]:
        """What it is invoked as."""
        return (str(self.row.get("function", "")),) if self.row["type"] == "lambda" else ()


def mcp_servers(given: str) -> tuple[McpServer, ...]:
    """Of JSON, or of the name of a file with it: {name: {type, url, …}}. Raises McpServerError."""
    try:
        rows = json.loads(given if given.lstrip().startswith("{") else Path(given).read_text())
        return tuple(McpServer.of(name, row) for name, row in rows.items())
    except OSError as error:
        raise McpServerError(f"{given}: {error.strerror}") from None
    except (ValueError, AttributeError, TypeError):
        raise McpServerError(
            'it is JSON, or a file of it, such as {"docs": {"type": "http", "url": "https://mcp.example.com/mcp"}}'
        ) from None


def kept(ssm: Any, parameters: str, servers: Sequence[McpServer]) -> dict[str, str]:
    """Put into Parameter Store, below the path of the installation's; what the function is told."""
    for server in servers:
        below = f"{parameters}/mcp/{server.name}"
        ssm.put_parameter(Name=f"{below}/server", Value=server.declaration, Type="String", Overwrite=True)
        if server.has_secret:
            ssm.put_parameter(Name=f"{below}/secret", Value=server.secret, Type="SecureString", Overwrite=True)
    return {"PENNYWORTH_MCP_SERVERS": ",".join(server.name for server in servers)} if servers else {}
