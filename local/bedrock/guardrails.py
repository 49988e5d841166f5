"""Guardrails: ApplyGuardrail, and the guardrailConfig of a chat."""

import json
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from local.bedrock.errors import AwsError, invalid, not_found

GUARDRAILS = json.loads(Path(__file__).with_name("guardrails.json").read_text())["guardrails"]
UNKNOWN = "The guardrail identifier or version provided in the request does not exist."
UNIT = 1000  # characters of one billed text unit


@dataclass(frozen=True)
class Verdict:
    """What a guardrail makes of texts: `texts` is what may pass, or the one message that replaces them all."""

    blocked: bool
    changed: bool
    texts: list[str]
    assessment: dict[str, Any]
    usage: dict[str, int]

    @property
    def intervened(self) -> bool:
        return self.blocked or self.changed


def guardrail(identifier: str, version: str, missing: AwsError) -> dict[str, Any]:
    found = GUARDRAILS.get(identifier.rpartition("/")[2])
    if not found or version not in found["versions"]:
        raise missing
    return found


def configured(body: dict[str, Any]) -> dict[str, Any] | None:
    """The guardrail that a chat asks for."""
    config = body.get("guardrailConfig")
    if config is None:
        return None
    if not config.get("guardrailIdentifier") or not config.get("guardrailVersion"):
        raise invalid("The guardrailIdentifier and guardrailVersion fields must be set together.")
    return guardrail(config["guardrailIdentifier"], config["guardrailVersion"], invalid(UNKNOWN))


def judged(rules: dict[str, Any], texts: list[str]) -> Verdict:
    words = [word for word in rules["blocked_words"] if any(word in text.lower() for text in texts)]
    entities, passed = [], []
    for text in texts:
        for name, pattern in rules["anonymized_entities"].items():
            entities += [{"match": match, "type": name, "action": "ANONYMIZED"} for match in re.findall(pattern, text)]
            text = re.sub(pattern, f"{{{name}}}", text)
        passed.append(text)
    assessment: dict[str, Any] = {}
    if words:
        custom = [{"match": word, "action": "BLOCKED", "detected": True} for word in words]
        assessment["wordPolicy"] = {"customWords": custom, "managedWordLists": []}
    if entities:
        assessment["sensitiveInformationPolicy"] = {"piiEntities": entities, "regexes": []}
    shown = [rules["blocked_message"]] if words else passed
    return Verdict(bool(words), bool(entities), shown, assessment, units(texts))


def units(texts: list[str]) -> dict[str, int]:
    billed = sum(-(-len(text) // UNIT) for text in texts)
    return {
        "topicPolicyUnits": 0,
        "contentPolicyUnits": 0,
        "wordPolicyUnits": billed,
        "sensitiveInformationPolicyUnits": billed,
        "sensitiveInformationPolicyFreeUnits": 0,
        "contextualGroundingPolicyUnits": 0,
    }


def apply_guardrail(body: dict[str, Any]) -> dict[str, Any]:
    """ApplyGuardrail's answer; `body` is the operation's whole input."""
    rules = guardrail(body["guardrailIdentifier"], body["guardrailVersion"], not_found(UNKNOWN))
    verdict = judged(rules, [block["text"]["text"] for block in body["content"] if "text" in block])
    total = sum(len(block["text"]["text"]) for block in body["content"] if "text" in block)
    reason = "Guardrail blocked." if verdict.blocked else "Guardrail masked." if verdict.changed else "No action."
    return {
        "usage": verdict.usage,
        "action": "GUARDRAIL_INTERVENED" if verdict.intervened else "NONE",
        "actionReason": reason,
        "outputs": [{"text": text} for text in verdict.texts] if verdict.intervened else [],
        "assessments": [verdict.assessment] if verdict.assessment else [],
        "guardrailCoverage": {"textCharacters": {"guarded": total, "total": total}},
    }
