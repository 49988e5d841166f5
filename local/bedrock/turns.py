"""The order of a conversation: who speaks when, and that every tool call gets its result."""

from typing import Any

from local.bedrock.answers import is_sealed, signature
from local.bedrock.catalogue import Model
from local.bedrock.errors import invalid, refused_by_model, unsupported

Blocks = list[dict[str, Any]]


def check_turns(model: Model, body: dict[str, Any]) -> None:
    """Raise the first rule that the messages of a valid shape break."""
    messages = body.get("messages", [])
    if any(message["role"] == "system" for message in messages):
        raise invalid("This model doesn't support the system role in messages. Use the system field and try again.")
    if not messages or messages[0]["role"] != "user":
        raise invalid(
            "A conversation must start with a user message. Try again with a conversation that starts with a "
            "user message."
        )
    uses: list[str] = []
    for number, message in enumerate(messages):
        where = f"messages.{number}"
        if number and message["role"] == messages[number - 1]["role"]:
            raise invalid(
                "A conversation must alternate between user and assistant roles. "
                "Make sure the conversation alternates between user and assistant roles and try again."
            )
        check_content(where, message["content"])
        if message["role"] == "user":
            check_results(model, f"{where}.content", message["content"], uses)
            uses = []
        else:
            uses = check_uses(model, f"{where}.content", message["content"])
    check_end(model, messages[-1])
    check_prefill_schema(body)
    check_tool_config(body)


def check_content(where: str, blocks: Blocks) -> None:
    if not blocks:
        raise invalid(
            f"The content field in the Message object at {where} is empty. "
            "Add a ContentBlock object to the content field and try again."
        )
    for number, block in enumerate(blocks):
        check_blank(f"{where}.content.{number}", block)
        for inner, part in enumerate(block.get("toolResult", {}).get("content", [])):
            check_blank(f"{where}.content.{number}.toolResult.content.{inner}", part)


def check_blank(where: str, block: dict[str, Any]) -> None:
    if "text" in block and not block["text"].strip():
        raise invalid(
            f"The text field in the ContentBlock object at {where} is blank. Add text to the text field, and try again."
        )


def check_uses(model: Model, where: str, blocks: Blocks) -> list[str]:
    """The ids of the calls in an assistant's turn."""
    if any("toolResult" in block for block in blocks):
        raise invalid(f"The toolResult block at {where} is invalid. Only a user message can hold toolResult blocks.")
    ids = [block["toolUse"]["toolUseId"] for block in blocks if "toolUse" in block]
    if len(ids) != len(set(ids)):
        raise invalid(f"The toolUse blocks at {where} contain duplicate Ids: {repeated(ids)}")
    if ids and not model.can("mixed_tool_turns") and len(ids) < len(spoken(blocks)):
        raise invalid(f"{where}: Conversation blocks and tool use blocks cannot be provided in the same turn.")
    check_reasoning(model, where, blocks)
    return ids


def check_results(model: Model, where: str, blocks: Blocks, uses: list[str]) -> None:
    """Every call of the turn before is answered here, once, before anything else is said."""
    if any("toolUse" in block for block in blocks):
        raise invalid(f"The toolUse block at {where} is invalid. Only an assistant message can hold toolUse blocks.")
    if any("reasoningContent" in block for block in blocks):
        raise invalid(
            "User messages cannot contain reasoning content. Please remove the reasoning content and try again."
        )
    results = [block["toolResult"] for block in blocks if "toolResult" in block]
    ids = [result["toolUseId"] for result in results]
    if len(ids) != len(set(ids)):
        raise invalid(f"The toolResult blocks at {where} contain duplicate Ids: {repeated(ids)}")
    missing = [use for use in uses if use not in ids]
    if missing:
        raise invalid(f"Expected toolResult blocks at {where} for the following Ids: {', '.join(missing)}")
    if len(ids) > len(uses):
        raise invalid(
            f"The number of toolResult blocks at {where} exceeds the number of toolUse blocks of previous turn."
        )
    for number, result in enumerate(results):
        if result.get("status") == "error" and not result["content"]:
            raise invalid(
                f"The content field at {where}.{number}.toolResult cannot be empty when status value is error."
            )
    if ids and not model.can("mixed_tool_turns") and len(ids) < len(spoken(blocks)):
        raise invalid(f"{where}: Conversation blocks and tool result blocks cannot be provided in the same turn.")
    if ids and not all("toolResult" in block for block in spoken(blocks)[: len(ids)]):
        raise refused_by_model(
            f"{where}: `tool_use` ids were found without `tool_result` blocks immediately after: {', '.join(ids)}"
        )


def spoken(blocks: Blocks) -> Blocks:
    """The blocks that say something: cache points and reasoning do not."""
    return [block for block in blocks if "cachePoint" not in block and "reasoningContent" not in block]


def repeated(ids: list[str]) -> str:
    return ", ".join(sorted({one for one in ids if ids.count(one) > 1}))


def check_reasoning(model: Model, where: str, blocks: Blocks) -> None:
    """Reasoning may come back only as it was sent: its signature proves it."""
    for number, block in enumerate(blocks):
        if "reasoningContent" not in block:
            continue
        if not model.can("replayed_reasoning"):
            raise invalid(
                "reasoningContent is not supported in multi-turn conversations with this model. "
                "Please remove the reasoning content and try again."
            )
        shown = block["reasoningContent"].get("reasoningText")
        if shown and model.can("signed_reasoning") and shown.get("signature") != signature(shown["text"]):
            raise refused_by_model(f"{where}.{number}: Invalid `signature` in `thinking` block")
        hidden = block["reasoningContent"].get("redactedContent")
        if hidden is not None and not is_sealed(hidden):
            raise refused_by_model(f"{where}.{number}: Invalid `data` in `redacted_thinking` block")


def check_end(model: Model, last: dict[str, Any]) -> None:
    """The last message is the user's, or a beginning of the answer that the model is to continue."""
    if last["role"] == "user":
        return
    if any("toolUse" in block for block in last["content"]):
        ids = ", ".join(block["toolUse"]["toolUseId"] for block in last["content"] if "toolUse" in block)
        raise refused_by_model(f"`tool_use` ids were found without `tool_result` blocks immediately after: {ids}")
    if not model.can("prefill"):
        raise invalid(
            "This model does not support assistant message prefill. The conversation must end with a user message."
        )
    if last["content"][-1].get("text", "").endswith((" ", "\n", "\t")):
        raise refused_by_model("messages: final assistant content cannot end with trailing whitespace")


def check_tool_config(body: dict[str, Any]) -> None:
    blocks = [block for message in body["messages"] for block in message["content"]]
    if "toolConfig" not in body and any("toolUse" in block or "toolResult" in block for block in blocks):
        raise invalid("The toolConfig field must be defined when using toolUse and toolResult content blocks.")


def check_thoughts(body: dict[str, Any]) -> None:
    """With thinking on, the turn that called the tools must begin with the thoughts that led to the call."""
    thinking = (body.get("additionalModelRequestFields") or {}).get("thinking", {})
    if thinking.get("type") != "enabled" or len(body["messages"]) < 2:
        return
    *_, before, last = body["messages"]
    answered = any("toolResult" in block for block in last["content"])
    if last["role"] == "assistant":
        raise refused_by_model("prefilling the assistant response is not supported when `thinking` is enabled")
    if answered and "reasoningContent" not in before["content"][0]:
        found = "tool_use" if "toolUse" in before["content"][0] else "text"
        raise refused_by_model(
            f"messages.{len(body['messages']) - 2}.content.0.type: Expected `thinking` or `redacted_thinking`, but "
            f"found `{found}`. When `thinking` is enabled, a final `assistant` message must start with a "
            "thinking block."
        )


def check_prefill_schema(body: dict[str, Any]) -> None:
    """An answer that is to fit a schema cannot begin with someone else's words."""
    if "textFormat" in body.get("outputConfig", {}) and body["messages"][-1]["role"] == "assistant":
        raise unsupported("outputConfig.textFormat")
