"""From a valid request to a finished reply, whatever operation asked."""

from typing import Any

from local.bedrock.answers import answer
from local.bedrock.bedrock import Bedrock
from local.bedrock.blocks import check_blocks
from local.bedrock.catalogue import Model
from local.bedrock.chats import Chat, texts
from local.bedrock.errors import invalid
from local.bedrock.faults import Fault
from local.bedrock.guardrails import Verdict, configured, judged
from local.bedrock.limits import check_limits
from local.bedrock.replies import Reply, limited
from local.bedrock.tokens import Usage, count
from local.bedrock.turns import check_thoughts, check_turns


def check(model: Model, body: dict[str, Any], streamed: bool) -> None:
    """Raise whatever Bedrock or the model would refuse in a body of Converse's shape."""
    if not model.can("converse"):
        raise invalid(
            "This action doesn't support the model that you provided. Try again with a supported text or chat model."
        )
    if streamed and not model.can("stream"):
        raise invalid("The model is unsupported for streaming.")
    check_turns(model, body)
    check_blocks(model, body)
    check_limits(model, body, streamed)
    check_thoughts(body)
    configured(body)


def reply(bedrock: Bedrock, chat: Chat, fault: Fault) -> Reply:
    """The answer to a checked chat; ValidationException when the prompt is longer than the model can read."""
    usage = bedrock.cache.usage(chat.model, chat.body)
    if usage.input + usage.read + usage.written > chat.model.context_tokens:
        raise invalid("Input is too long for requested model.")
    finished = guarded(chat, usage) or scripted(bedrock, usage) or answered(chat, usage, fault)
    if fault.stop_reason:
        finished.stop_reason = fault.stop_reason
    return finished


def answered(chat: Chat, usage: Usage, fault: Fault) -> Reply:
    blocks, stop_reason, tokens, stopped_by = limited(chat, answer(chat, fault.redact_reasoning))
    finished = Reply(blocks, stop_reason, tokens, with_output(usage, tokens), stopped_by)
    return masked(chat, finished)


def scripted(bedrock: Bedrock, usage: Usage) -> Reply | None:
    script = bedrock.script
    if script is None:
        return None
    if script.times is not None:
        script.times -= 1
        if script.times <= 0:
            bedrock.script = None
    text = "".join(script.text_deltas)
    tokens = count(text)
    whole = [{"text": text}]
    return Reply(whole, "end_turn", tokens, with_output(usage, tokens), deltas=script.text_deltas, burst=script.burst)


def guarded(chat: Chat, usage: Usage) -> Reply | None:
    """The guardrail's own answer, where it blocks the prompt: no model is asked."""
    rules = configured(chat.body)
    if rules is None:
        return None
    said = [text for message in chat.messages if message["role"] == "user" for text in texts(message["content"])]
    verdict = judged(rules, said)
    if not verdict.blocked:
        return None
    blocks = [{"text": verdict.texts[0]}]
    return Reply(
        blocks, "guardrail_intervened", 0, with_output(usage, 0), trace=trace(chat, "inputAssessment", verdict)
    )


def masked(chat: Chat, finished: Reply) -> Reply:
    """The reply as the guardrail lets it out."""
    rules = configured(chat.body)
    if rules is None:
        return finished
    verdict = judged(rules, [block["text"] for block in finished.blocks if "text" in block])
    if verdict.intervened:
        passed = iter(verdict.texts)
        finished.blocks = [{"text": next(passed, "")} if "text" in block else block for block in finished.blocks]
        finished.blocks = [block for block in finished.blocks if block.get("text") != ""]
        finished.stop_reason = "guardrail_intervened"
    finished.trace = trace(chat, "outputAssessments", verdict)
    return finished


def trace(chat: Chat, side: str, verdict: Verdict) -> dict[str, Any]:
    config = chat.body["guardrailConfig"]
    if config.get("trace", "disabled") == "disabled":
        return {}
    identifier = config["guardrailIdentifier"].rpartition("/")[2]
    assessment: Any = [verdict.assessment] if side == "outputAssessments" else verdict.assessment
    return {"guardrail": {side: {identifier: assessment}}}


def with_output(usage: Usage, tokens: int) -> Usage:
    return Usage(usage.input, tokens, usage.read, usage.written, usage.written_ttl)
