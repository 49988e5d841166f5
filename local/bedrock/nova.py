"""InvokeModel's body for Amazon Nova: Converse's form with its own inference parameters."""

from collections.abc import Iterator
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.converse import encodable
from local.bedrock.converse import events as converse_events
from local.bedrock.errors import malformed
from local.bedrock.replies import Reply

ALLOWED = {"schemaVersion", "messages", "system", "inferenceConfig", "toolConfig", "reasoningConfig"}
PARAMETERS = {
    "maxTokens": "maxTokens",
    "max_new_tokens": "maxTokens",
    "temperature": "temperature",
    "topP": "topP",
    "top_p": "topP",
    "stopSequences": "stopSequences",
}


def to_converse(body: Any) -> tuple[dict[str, Any], bool]:
    """The body in Converse's form (blobs in base64), and whether tool calls are forbidden: never."""
    if not isinstance(body, dict):
        raise malformed(f"expected type: JSONObject, found: {type(body).__name__}")
    if "messages" not in body:
        raise malformed("#: required key [messages] not found")
    for name in body:
        if name not in ALLOWED:
            raise malformed(f"#: extraneous key [{name}] is not permitted")
    if body.get("schemaVersion", "messages-v1") != "messages-v1":
        raise malformed("#/schemaVersion: expected messages-v1")
    config = body.get("inferenceConfig", {})
    if not isinstance(config, dict):
        raise malformed("#/inferenceConfig: expected type: JSONObject")
    extra = {"reasoningConfig": body["reasoningConfig"]} if "reasoningConfig" in body else {}
    for name in config:
        if name not in PARAMETERS and name not in ("topK", "top_k"):
            raise malformed(f"#/inferenceConfig: extraneous key [{name}] is not permitted")
    converse = {name: body[name] for name in ("messages", "system", "toolConfig") if name in body}
    converse["inferenceConfig"] = {new: config[old] for old, new in PARAMETERS.items() if old in config}
    return converse | ({"additionalModelRequestFields": extra} if extra else {}), False


def usage(reply: Reply) -> dict[str, int]:
    counted = reply.usage
    return {
        "inputTokens": counted.input,
        "outputTokens": counted.output,
        "totalTokens": counted.input + counted.output + counted.read + counted.written,
        "cacheReadInputTokenCount": counted.read,
        "cacheWriteInputTokenCount": counted.written,
    }


def whole(chat: Chat, reply: Reply) -> dict[str, Any]:
    message = {"role": "assistant", "content": list(map(encodable, reply.blocks))}
    return {"output": {"message": message}, "stopReason": reply.stop_reason, "usage": usage(reply)}


def events(chat: Chat, reply: Reply) -> Iterator[dict[str, Any]]:
    for name, payload in converse_events(chat, reply, 0):
        yield {name: payload if name != "metadata" else {"usage": usage(reply), "metrics": {}, "trace": {}}}
