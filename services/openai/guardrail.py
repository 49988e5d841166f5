"""Which guardrail stands around a call: the group's own, or one a request's headers name and the group lets it name.

Headers as Bedrock's own OpenAI endpoint has them. Source: Amazon Bedrock user guide, include a guardrail in a chat
completion (read 2026-11).
"""

import re
from collections.abc import Mapping
from typing import Any

from pennyworth.errors import Problem
from pennyworth.policy import require
from pennyworth.principal import Guardrail, Principal

IDENTIFIER, VERSION = "X-Amzn-Bedrock-GuardrailIdentifier", "X-Amzn-Bedrock-GuardrailVersion"
_TRACE = "X-Amzn-Bedrock-Trace"
# As the bedrock-runtime service model has them.
_IDENTIFIER = re.compile(r"[a-z0-9]+|arn:aws(-[^:]+)?:bedrock:[a-z0-9-]{1,20}:[0-9]{12}:guardrail/[a-z0-9]+", re.ASCII)
_VERSION = re.compile(r"[1-9][0-9]{0,7}|DRAFT", re.ASCII)


def guardrail(headers: Mapping[str, str] | None, caller: Principal) -> Guardrail | None:
    """The guardrail for a caller's request with these headers. Raises Problem.

    The group's own is always applied: a request may name it, and no other. Without one, a request may name what the
    group lists, and nothing is applied when it names none.
    """
    named = _named({name.lower(): value.strip() for name, value in (headers or {}).items()})
    if named is None:
        return caller.guardrail
    if caller.guardrail is not None:
        reason = f"Your group's guardrail is applied to every call, and no other. Leave out the header '{IDENTIFIER}'."
        require(named == caller.guardrail, "guardrail_not_allowed", reason=reason)
    else:
        reason = f"You may not use the guardrail '{named.id}'. Ask an administrator for a group that may."
        require(named.id in caller.guardrails, "guardrail_not_allowed", reason=reason)
    return named


def _named(headers: Mapping[str, str]) -> Guardrail | None:
    identifier, version = headers.get(IDENTIFIER.lower(), ""), headers.get(VERSION.lower(), "")
    if headers.get(_TRACE.lower(), "disabled").lower() != "disabled":
        reason = "A guardrail's trace is not handed out. Leave the header out."
        raise Problem("unsupported_parameter", param=_TRACE, reason=reason)
    if not identifier and not version:
        return None
    for name, value, other in ((IDENTIFIER, identifier, VERSION), (VERSION, version, IDENTIFIER)):
        if not value:
            raise Problem("invalid_value", param=name, reason=f"the header goes together with '{other}'")
    if not _IDENTIFIER.fullmatch(identifier):
        raise Problem("invalid_value", param=IDENTIFIER, reason="must be a guardrail's id or ARN")
    if not _VERSION.fullmatch(version):
        raise Problem("invalid_value", param=VERSION, reason="must be a number from 1, or DRAFT")
    return Guardrail(identifier, version)


def config(applied: Guardrail | None, *, streamed: bool) -> dict[str, Any]:
    """Converse's guardrailConfig, as a member of its body; nothing without a guardrail.

    A stream is judged before it is passed on (`sync`): `async` would let text out that the guardrail then masks.
    Source: Amazon Bedrock user guide, configure streaming response behavior (read 2026-11).
    """
    if applied is None:
        return {}
    mode = {"streamProcessingMode": "sync"} if streamed else {}
    named = {"guardrailIdentifier": applied.id, "guardrailVersion": applied.version}
    return {"guardrailConfig": {**named, "trace": "disabled", **mode}}
