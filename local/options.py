"""What may be said about a run: environment variables, read once and checked."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.mcp_servers import McpServer, McpServerError, mcp_servers
from local.providers import Provider, ProviderError, providers

PORT = 8080
AWS_PORT = 4566  # where localstack-client looks


class UsageError(Exception):
    """A variable that cannot be; the message is for whoever set it."""


@dataclass(frozen=True, slots=True)
class Options:
    folder: Path  # env, logs and the native build
    build: Path
    port: int  # 0 for a free one
    aws_port: int | None  # 0 for a free one; None for 4566, or a free one when that is taken
    state: Path | None  # the folder that keeps users and keys
    real_bedrock: bool
    providers: tuple[Provider, ...]  # OpenAI-compatible
    mcp_servers: tuple[McpServer, ...]  # of others
    mcp_tools: dict[str, Any]  # Terraform's mcp_tool_terms, mcp_toolsets and mcp_tool_limit, as far as they are said
    mcp_sign_in: bool  # whether MCP clients may send people to sign in
    mcp_client_documents: bool  # whether those may describe themselves at an address of theirs
    remote_images: bool
    authorizer_ttl_s: int | None  # None for what the environment says
    function_timeout_s: int | None  # of the openai function; None for what Terraform gives it
    rates: dict[str, dict[str, float]]  # by group: {per_s, burst} of each of its keys

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Options":
        """Raises UsageError. An empty variable counts as none: `make run STATE=`."""
        given = {name: value for name, value in environ.items() if value}
        folder = Path(given.get("PENNYWORTH_LOCAL_DIR", ".local")).absolute()
        return cls(
            folder=folder,
            build=Path(given.get("PENNYWORTH_BUILD_DIR", folder / "build")).absolute(),
            port=_number(given, "PORT", 65535) if "PORT" in given else PORT,
            aws_port=_number(given, "AWS_PORT", 65535) if "AWS_PORT" in given else None,
            state=Path(given["STATE"]).absolute() if "STATE" in given else None,
            real_bedrock=_bedrock(given),
            providers=(*_providers(given), *_upstream(given)),
            mcp_servers=_mcp_servers(given),
            mcp_tools=_mcp_tools(given),
            mcp_sign_in=_switch(given, "MCP_SIGN_IN"),
            mcp_client_documents=_switch(given, "MCP_CLIENT_DOCUMENTS"),
            remote_images=_switch(given, "REMOTE_IMAGES"),
            # 3600 is the most API Gateway caches.
            authorizer_ttl_s=_number(given, "AUTHORIZER_TTL_S", 3600) if "AUTHORIZER_TTL_S" in given else None,
            function_timeout_s=_number(given, "FUNCTION_TIMEOUT_S", 900, 1) if "FUNCTION_TIMEOUT_S" in given else None,
            rates=_rates(given),
        )


def _number(given: Mapping[str, str], name: str, most: int, least: int = 0) -> int:
    text = given[name]
    if not (text.isascii() and text.isdigit() and least <= int(text) <= most):
        raise UsageError(f"{name}={text}: it is a number from {least} to {most}.")
    return int(text)


def _switch(given: Mapping[str, str], name: str) -> bool:
    word = given.get(name, "on")
    if word not in ("on", "off"):
        raise UsageError(f"{name}={word}: it is 'on' or 'off'.")
    return word == "on"


def _rates(given: Mapping[str, str]) -> dict[str, dict[str, float]]:
    try:
        rates: dict[str, dict[str, float]] = json.loads(given.get("RATES", "{}"))
        if all(map(_is_rate, rates.values())):
            return rates
    except (ValueError, TypeError, AttributeError):
        pass
    raise UsageError('RATES: it is JSON by group, such as {"restricted": {"per_s": 5, "burst": 10}}.')


def _is_rate(rate: dict[str, float]) -> bool:
    """As Terraform takes it. Raises TypeError and AttributeError for what is no such object."""
    known = rate.keys() == {"per_s", "burst"}
    return known and rate["per_s"] > 0 and isinstance(rate["burst"], int) and rate["burst"] >= 1


def _bedrock(given: Mapping[str, str]) -> bool:
    choice = given.get("BEDROCK", "local")
    if choice not in ("local", "aws"):
        raise UsageError(f"BEDROCK={choice}: it is 'aws' for real Bedrock, or nothing for the simulated one.")
    return choice == "aws"


def _providers(given: Mapping[str, str]) -> tuple[Provider, ...]:
    try:
        return providers(given["PROVIDERS"]) if "PROVIDERS" in given else ()
    except ProviderError as error:
        raise UsageError(f"PROVIDERS: {error}.") from None


def _mcp_servers(given: Mapping[str, str]) -> tuple[McpServer, ...]:
    try:
        return mcp_servers(given["MCP_SERVERS"]) if "MCP_SERVERS" in given else ()
    except McpServerError as error:
        raise UsageError(f"MCP_SERVERS: {error}.") from None


def _mcp_tools(given: Mapping[str, str]) -> dict[str, Any]:
    try:
        found = json.loads(given.get("MCP_TOOLS", "{}"))
        unknown = found.keys() - {"mcp_tool_terms", "mcp_toolsets", "mcp_tool_limit"}
    except (ValueError, AttributeError):
        unknown = {"this"}
    if unknown:
        raise UsageError(
            f"MCP_TOOLS: {', '.join(sorted(unknown))} is not known. It is JSON with mcp_tool_terms, mcp_toolsets or "
            "mcp_tool_limit, as in an environment's terraform.tfvars.json."
        )
    return dict(found)


def _upstream(given: Mapping[str, str]) -> tuple[Provider, ...]:
    """The one provider that needs no JSON: it has all models that nobody else has."""
    url, key = given.get("OPENAI_UPSTREAM"), given.get("OPENAI_UPSTREAM_KEY", "")
    if url is None:
        if key:
            raise UsageError("OPENAI_UPSTREAM_KEY: the key needs its OPENAI_UPSTREAM=https://…/v1.")
        return ()
    try:
        return (Provider.of("upstream", {"url": url.rstrip("/"), "key": key, "models": ["*"]}),)
    except ProviderError:
        raise UsageError(f"OPENAI_UPSTREAM={url}: it is a URL such as https://api.openai.com/v1.") from None


def without_aws(environ: Mapping[str, str] = os.environ) -> dict[str, str]:
    """The environment for a stand-in: a developer's own AWS configuration is none of its business."""
    return {name: value for name, value in environ.items() if not name.startswith(("AWS_", "MOTO_"))}
