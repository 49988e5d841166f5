"""Who is calling: made by the authorizer, carried in API Gateway's context, read by the services."""

import json
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from fnmatch import fnmatchcase
from functools import lru_cache
from typing import NamedTuple

ACTIONS = frozenset({"inference", "mcp", "usage", "admin"})


class Guardrail(NamedTuple):
    """A guardrail of Amazon Bedrock, as a request names it."""

    id: str  # or its ARN
    version: str  # a number, or DRAFT


class Spent(NamedTuple):
    """A monthly budget that is spent."""

    whose: str  # user, key or group
    resets_at: int  # unix seconds: the first of the next month, in UTC


class Tools(NamedTuple):
    """Which tools of MCP servers a group may use: shell patterns over the names that /mcp lists them by."""

    allow: tuple[str, ...] | None = None  # None for the gateway's own tools, and no other server's
    deny: tuple[str, ...] = ()  # wins


OWN_TOOLS = Tools()


@dataclass(frozen=True, slots=True)
class Principal:
    """A caller and all they may do.

    A user's policy is that of their group with the lowest precedence, as Cognito's own `cognito:preferred_role` has
    it, because Bedrock is called in exactly one role. A key narrows it: its scopes cut the actions, its patterns the
    models.
    """

    user_id: str  # the Cognito user's `sub`
    name: str  # e-mail address, or the name of a service account
    key_id: str  # empty for a signed-in person
    group: str
    role_arn: str  # the role Bedrock and S3 are called in
    actions: frozenset[str]
    models: tuple[str, ...]  # shell patterns of the group
    key_models: tuple[str, ...] = ("*",)  # shell patterns of the key
    guardrail: Guardrail | None = None  # stands around every call of the group
    guardrails: tuple[str, ...] = ()  # ids that a request may name where none stands around every call
    tools: Tools = OWN_TOOLS
    key_tools: tuple[str, ...] = ("*",)  # shell patterns of the key
    active: bool = True
    spent: Spent | None = None  # the budget that is, if one is
    expires_at: int | None = None  # unix seconds, of the key or token; None for never
    # The API key that API Gateway counts their requests by; for the gateway alone, so in no context.
    counted_as: str = ""
    # The one resource that an MCP client's token opens; the authorizer's alone, so in no context.
    audience: str = ""

    def expired(self, now: float) -> bool:
        """A decision may be cached for longer than the key or token that it rests on is good."""
        return self.expires_at is not None and now >= self.expires_at

    def at(self, now: float) -> "Principal":
        """The same, as of a later moment: a cached decision may outlive the month that it speaks of."""
        over = self.spent is not None and now >= self.spent.resets_at
        return replace(self, spent=None) if over else self

    def may_use(self, *names: str, grants: Callable[[str, str], bool] = fnmatchcase) -> bool:
        """Whether a model of these names is allowed: the group grants one of them, and the key leaves one of them.

        `grants` says whether a name is what a pattern of the group's means.
        """
        granted = any(grants(name, pattern) for name in names for pattern in self.models)
        return granted and any(fnmatchcase(name, pattern) for name in names for pattern in self.key_models)

    def may_call(self, tool: str, *, own: bool) -> bool:
        """Whether it may see and use an MCP tool, by the name /mcp lists it by: the group grants it and does not deny
        it, and the key leaves it. `own`: whether it is the gateway's, and not another server's."""
        allow, deny = self.tools
        granted = own if allow is None else _any(tool, allow)
        return granted and not _any(tool, deny) and _any(tool, self.key_tools)

    def to_context(self) -> dict[str, str]:
        """API Gateway carries a flat map of strings only."""
        guardrail = {"guardrail": json.dumps(self.guardrail)} if self.guardrail else {}
        guardrails = {"guardrails": json.dumps(self.guardrails)} if self.guardrails else {}
        spent = {"spent": json.dumps(self.spent)} if self.spent else {}
        tools = {} if self.tools == OWN_TOOLS else {"tools": json.dumps(self.tools)}
        key_tools = {} if self.key_tools == ("*",) else {"key_tools": json.dumps(self.key_tools)}
        expires_at = {} if self.expires_at is None else {"expires_at": str(self.expires_at)}
        return {
            "user_id": self.user_id,
            "name": self.name,
            "key_id": self.key_id,
            "group": self.group,
            "role_arn": self.role_arn,
            "actions": " ".join(sorted(self.actions)),
            "models": json.dumps(self.models, separators=(",", ":")),
            "key_models": json.dumps(self.key_models, separators=(",", ":")),
            "active": str(self.active).lower(),
            **guardrail,
            **guardrails,
            **spent,
            **tools,
            **key_tools,
            **expires_at,
        }

    @classmethod
    def from_context(cls, context: Mapping[str, str]) -> "Principal":
        """Raises KeyError, TypeError or ValueError for a context this authorizer did not make."""
        return _read(tuple([context.get(name) for name in _CONTEXT]))


# What a context holds of a principal; API Gateway adds more.
_CONTEXT = (
    *("user_id", "name", "key_id", "group", "role_arn", "actions", "models", "key_models", "active"),
    *("guardrail", "guardrails", "spent", "tools", "key_tools", "expires_at"),
)


@lru_cache(256)
def _read(values: tuple[str | None, ...]) -> Principal:
    """Remembered, because while a decision is cached every request brings the same."""
    context = {name: value for name, value in zip(_CONTEXT, values, strict=True) if value is not None}
    return Principal(
        user_id=context["user_id"],
        name=context["name"],
        key_id=context["key_id"],
        group=context["group"],
        role_arn=context["role_arn"],
        actions=frozenset(context["actions"].split()) & ACTIONS,
        models=_texts(context["models"]),
        key_models=_texts(context["key_models"]),
        active=context["active"] == "true",
        guardrail=Guardrail(*json.loads(context["guardrail"])) if "guardrail" in context else None,
        guardrails=_texts(context.get("guardrails", "[]")),
        spent=Spent(*json.loads(context["spent"])) if "spent" in context else None,
        tools=_tools(context["tools"]) if "tools" in context else OWN_TOOLS,
        key_tools=_texts(context.get("key_tools", '["*"]')),
        expires_at=int(context["expires_at"]) if "expires_at" in context else None,
    )


def _any(name: str, patterns: Iterable[str]) -> bool:
    return any(fnmatchcase(name, pattern) for pattern in patterns)


def _texts(text: str) -> tuple[str, ...]:
    return tuple(json.loads(text))


def _tools(text: str) -> Tools:
    allow, deny = json.loads(text)
    return Tools(None if allow is None else tuple(allow), tuple(deny))
