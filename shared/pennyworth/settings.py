"""The environment of the function, read once into one frozen object."""

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An OpenAI-compatible provider."""

    url: str  # its base URL; a query in it goes with every call
    key_parameter: str = ""  # SSM SecureString with its key, or empty
    key_header: str = "authorization"  # what the key travels in
    models: tuple[str, ...] = ()  # shell patterns of the bare names that mean its models
    responses: bool = False  # whether it has POST /responses itself
    stream_usage: bool = True  # whether it takes stream_options.include_usage

    @classmethod
    def of(cls, row: Mapping[str, Any]) -> "Endpoint":
        """Raises TypeError for a field nobody knows."""
        return cls(**{**row, "models": tuple(row.get("models", ()))})


@dataclass(frozen=True, slots=True)
class ToolTerms:
    """On which terms MCP tools may be called."""

    tools: str  # a shell pattern of the names /mcp lists them by
    price_microusd: int = 0  # of a call that succeeds
    rate_per_s: float = 0  # of each key, or of each person who signed in; 0 for any
    burst: int = 1  # beyond that rate, for a moment


@dataclass(frozen=True, slots=True)
class Settings:
    """What Terraform (or `local/`) hands a function. A missing variable fails at init, naming itself."""

    environment: str  # local, dev, prod
    version: str
    git_sha: str
    region: str
    user_pool_id: str
    client_ids: tuple[str, ...]  # app clients whose tokens count
    identity_pool_id: str
    developer_provider: str  # login name of the identity pool's developer provider
    pepper_parameter: str  # SSM SecureString with the pepper of the keys' MAC
    authorizer_ttl_s: int
    openai_function: str  # what the MCP service invokes for inference: name or ARN, with its alias
    mcp_origins: tuple[str, ...]  # web pages, by origin, that may speak MCP beside our own host's
    bucket: str  # of people's files, and of what the installation itself keeps
    file_expiry_days: int  # after which that bucket deletes them
    remote_images: bool  # whether images are fetched from the URLs that a request names
    providers: Mapping[str, Endpoint]  # OpenAI-compatible, by name
    sign_in_url: str = ""  # of Cognito's own pages, where MCP clients send people; empty where they do not
    sign_in_client: str = ""  # name of the app client that those pages know us by
    tool_terms: tuple[ToolTerms, ...] = ()  # the first that fits a tool counts
    toolsets: Mapping[str, tuple[str, ...]] = field(default_factory=dict)  # shell patterns of MCP tools, by name
    tool_limit: int = 100  # tools that one list has at most; beyond it the rest is found by words
    client_documents: bool = True  # whether MCP clients may describe themselves at an address of theirs
    redirect_uris: tuple[str, ...] = ()  # where a sign-in may lead back to, beside the person's own machine
    log_group: str = ""  # of this function
    usage_logs: tuple[str, ...] = ()  # log groups with the usage records; told to the admin and MCP functions
    rate_per_s: float = 0  # requests that API Gateway lets through, of everyone together; told to the admin function
    burst: int = 0  # beyond that rate, for a moment
    mcp_servers: tuple[str, ...] = ()  # of others; what each is, lies in the parameter /pennyworth/ENV/mcp/NAME/server

    @classmethod
    def of(cls, environ: Mapping[str, str]) -> "Settings":
        return cls(
            environment=environ["PENNYWORTH_ENVIRONMENT"],
            version=environ["VERSION"],
            git_sha=environ["GIT_SHA"],
            region=environ["AWS_REGION"],
            user_pool_id=environ["PENNYWORTH_USER_POOL_ID"],
            client_ids=tuple(environ["PENNYWORTH_CLIENT_IDS"].split(",")),
            identity_pool_id=environ["PENNYWORTH_IDENTITY_POOL_ID"],
            developer_provider=environ["PENNYWORTH_DEVELOPER_PROVIDER"],
            pepper_parameter=environ["PENNYWORTH_PEPPER_PARAMETER"],
            authorizer_ttl_s=int(environ["PENNYWORTH_AUTHORIZER_TTL_S"]),
            openai_function=environ.get("PENNYWORTH_OPENAI_FUNCTION", ""),
            mcp_origins=tuple(filter(None, environ.get("PENNYWORTH_MCP_ORIGINS", "").split(","))),
            bucket=environ.get("PENNYWORTH_BUCKET", ""),
            file_expiry_days=int(environ.get("PENNYWORTH_FILE_EXPIRY_DAYS", "30")),
            remote_images=_is_on(environ, "PENNYWORTH_REMOTE_IMAGES"),
            providers=_providers(environ.get("PENNYWORTH_PROVIDERS", "{}")),
            sign_in_url=environ.get("PENNYWORTH_SIGN_IN_URL", ""),
            sign_in_client=environ.get("PENNYWORTH_SIGN_IN_CLIENT", ""),
            tool_terms=tuple(ToolTerms(**row) for row in _json(environ, "PENNYWORTH_MCP_TERMS", "[]")),
            toolsets={name: tuple(row) for name, row in _json(environ, "PENNYWORTH_MCP_TOOLSETS", "{}").items()},
            tool_limit=int(environ.get("PENNYWORTH_MCP_TOOL_LIMIT", "100")),
            client_documents=_is_on(environ, "PENNYWORTH_CLIENT_DOCUMENTS"),
            redirect_uris=tuple(environ.get("PENNYWORTH_REDIRECT_URIS", "").split()),
            log_group=environ.get("AWS_LAMBDA_LOG_GROUP_NAME", ""),
            usage_logs=tuple(filter(None, environ.get("PENNYWORTH_USAGE_LOGS", "").split(","))),
            rate_per_s=float(environ.get("PENNYWORTH_RATE_PER_S", "0")),
            burst=int(environ.get("PENNYWORTH_BURST", "0")),
            mcp_servers=tuple(filter(None, environ.get("PENNYWORTH_MCP_SERVERS", "").split(","))),
        )


def _is_on(environ: Mapping[str, str], name: str) -> bool:
    """On unless it is said to be off. Another word fails at init: a switch misspelt must not count as on."""
    return {"on": True, "off": False}[environ.get(name, "on")]


def _json(environ: Mapping[str, str], name: str, otherwise: str) -> Any:
    try:
        return json.loads(environ.get(name, otherwise))
    except ValueError as error:
        raise ValueError(f"{name}: {error}") from None


def _providers(text: str) -> Mapping[str, Endpoint]:
    try:
        return {name: Endpoint.of(row) for name, row in json.loads(text).items()}
    except (ValueError, TypeError, AttributeError) as error:
        raise ValueError(f"PENNYWORTH_PROVIDERS: {error}") from None


@cache
def settings() -> Settings:
    """The settings of this process."""
    return Settings.of(os.environ)
