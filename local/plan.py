"""What an installation consists of: read from the data files that Terraform reads too."""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
_VALUES = ROOT / "terraform" / "environments" / "local" / "terraform.tfvars.json"
_FUNCTIONS = ROOT / "terraform" / "functions.json"
_MODELS = ROOT / "services" / "openai" / "models.json"
# An ARN, or an id with its provider in letters before it (modules/identity).
_BEDROCKS = re.compile(
    r"arn:aws[a-z-]*:bedrock:[a-z0-9-]+:[0-9]*:[a-z-]+/.+|[a-z][a-z0-9-]*\.[A-Za-z*][A-Za-z0-9.:*?-]*"
)
# Of clients that run elsewhere than on a person's machine.
_REDIRECT_URIS = (
    "https://claude.ai/api/mcp/auth_callback",
    "https://claude.com/api/mcp/auth_callback",
    "https://vscode.dev/redirect",
    "https://insiders.vscode.dev/redirect",
    "cursor://anysphere.cursor-mcp/oauth/callback",
    "https://www.cursor.com/agents/mcp/oauth/callback",
)
_UNRESERVED = 32  # instances of a function that reserves no concurrency: a machine is no account


@dataclass(frozen=True, slots=True)
class PlannedFunction:
    key: str  # openai, mcp, admin, authorizer, ledger
    name: str  # as Lambda knows it
    handler: str
    artifact: str
    streaming: bool
    timeout_s: int
    memory_mb: int
    concurrency: int


@dataclass(frozen=True, slots=True)
class PlannedGroup:
    name: str
    precedence: int
    actions: tuple[str, ...]
    models: tuple[str, ...]  # shell patterns over the names clients use, or over Bedrock's own ids and ARNs
    guardrail: dict[str, str] | None = None  # {id, version}
    guardrails: tuple[str, ...] = ()
    budget_usd: float | None = None  # a month, of everyone together
    user_budget_usd: float | None = None  # a month, of each
    rate: dict[str, Any] | None = None  # {per_s, burst} of each key
    tools: dict[str, list[str]] | None = None  # {allow, deny}, shell patterns of MCP tools

    @property
    def policy(self) -> str:
        """The JSON kept in the group's description."""
        return self.policy_in("")

    def policy_in(self, usage_plan: str) -> str:
        """The same, with the id of the group's usage plan where it has a rate."""
        policy: dict[str, Any] = {"actions": self.actions, "models": self.models}
        policy |= {"guardrail": self.guardrail} if self.guardrail else {}
        policy |= {"guardrails": self.guardrails} if self.guardrails else {}
        for name, usd in (("budget_microusd", self.budget_usd), ("user_budget_microusd", self.user_budget_usd)):
            policy |= {} if usd is None else {name: round(usd * 1_000_000)}
        if self.rate:
            policy |= {"rate_per_s": self.rate["per_s"], "burst": self.rate["burst"], "plan": usage_plan}
        policy |= {"tools": {"deny": [], **self.tools}} if self.tools is not None else {}
        return json.dumps(policy, separators=(",", ":"), sort_keys=True)


@dataclass(frozen=True, slots=True)
class Plan:
    environment: str
    region: str
    authorizer_ttl_s: int
    rate_per_s: float
    burst: int
    functions: dict[str, PlannedFunction]
    groups: tuple[PlannedGroup, ...]
    model_ids: dict[str, str]  # name → what Bedrock calls it
    mfa: str  # OFF or OPTIONAL
    deletion_protection: bool
    file_expiry_days: int
    upload_origins: tuple[str, ...]
    usage_metrics: bool
    mcp_tool_terms: tuple[dict[str, Any], ...]  # as Terraform's variable has them
    mcp_toolsets: dict[str, list[str]]  # name → shell patterns of MCP tools
    mcp_tool_limit: int  # tools in one list
    mcp_sign_in: bool  # whether MCP clients may send people to sign in
    mcp_client_documents: bool  # whether they may describe themselves at an address of theirs
    mcp_redirect_uris: tuple[str, ...]  # where that may lead back to, beside a person's own machine

    @property
    def prefix(self) -> str:
        return f"pennyworth-{self.environment}"

    @property
    def parameters(self) -> str:
        """The path below which the installation's parameters lie."""
        return f"/pennyworth/{self.environment}"

    @property
    def is_rated(self) -> bool:
        """Whether a group has a rate, and so every method of the Lambda authorizers wants an API key."""
        return any(group.rate for group in self.groups)

    def with_rates(self, rates: Mapping[str, dict[str, Any]]) -> "Plan":
        """The same, with these rates of groups. Raises KeyError for a group that there is not."""
        if unknown := rates.keys() - {group.name for group in self.groups}:
            raise KeyError(min(unknown))
        groups = (replace(group, rate=rates.get(group.name, group.rate)) for group in self.groups)
        return self.with_(groups=tuple(groups))

    @property
    def tags(self) -> dict[str, str]:
        """On everything of the installation that takes tags."""
        return {"application": "pennyworth", "environment": self.environment}

    def ids(self, patterns: tuple[str, ...]) -> Iterator[str]:
        """Bedrock's ids of the models whose names match, and each pattern that matches none and is Bedrock's own."""
        for name, model_id in self.model_ids.items():
            if any(fnmatchcase(name, pattern) for pattern in patterns):
                yield model_id
        for pattern in patterns:
            if _BEDROCKS.fullmatch(pattern) and not any(fnmatchcase(name, pattern) for name in self.model_ids):
                yield pattern

    def with_(self, **changes: Any) -> "Plan":
        return replace(self, **changes)

    def with_timeout(self, key: str, timeout_s: int) -> "Plan":
        """The same, with another limit to the time of one function."""
        return self.with_(functions={**self.functions, key: replace(self.functions[key], timeout_s=timeout_s)})


def plan(file: Path = _VALUES) -> Plan:
    """What an environment's values say. Raises KeyError when one that Terraform wants is missing."""
    values, functions, models = (json.loads(path.read_bytes()) for path in (file, _FUNCTIONS, _MODELS))
    environment = values["environment"]
    throttle = values.get("throttle", {"rate_per_s": 500, "burst": 1000})
    return Plan(
        environment=environment,
        region=values["region"],
        rate_per_s=throttle["rate_per_s"],
        burst=throttle["burst"],
        functions={
            key: PlannedFunction(
                key,
                f"pennyworth-{environment}-{key}",
                **fields,
                memory_mb=values["functions"][key]["memory_mb"],
                concurrency=values["functions"][key].get("concurrency") or _UNRESERVED,
            )
            for key, fields in functions.items()
        },
        groups=tuple(
            PlannedGroup(
                name,
                group["precedence"],
                tuple(group["actions"]),
                tuple(group["models"]),
                group.get("guardrail"),
                tuple(group.get("guardrails", ())),
                group.get("budget_usd"),
                group.get("user_budget_usd"),
                group.get("rate"),
                group.get("tools"),
            )
            for name, group in values["groups"].items()
        ),
        model_ids={
            name: model["id"]
            for name, model in models.items()
            if model.get("provider") == "bedrock" and "*" not in model["id"]  # a pattern names no model
        },
        # As the variables are when they are not set.
        authorizer_ttl_s=values.get("authorizer_ttl_s", 60),
        mfa=values.get("mfa", "OPTIONAL"),
        deletion_protection=values.get("deletion_protection", True),
        file_expiry_days=values.get("file_expiry_days", 30),
        upload_origins=tuple(values.get("upload_origins", ["*"])),
        usage_metrics=values.get("usage_metrics", True),
        mcp_tool_terms=tuple(values.get("mcp_tool_terms", ())),
        mcp_toolsets=values.get("mcp_toolsets", {}),
        mcp_tool_limit=values.get("mcp_tool_limit", 100),
        mcp_sign_in=values.get("mcp_sign_in", True),
        mcp_client_documents=values.get("mcp_client_documents", True),
        mcp_redirect_uris=tuple(values.get("mcp_redirect_uris", _REDIRECT_URIS)),
    )
