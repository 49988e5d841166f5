"""POST /responses/compact: a conversation in short, for the next request to begin with.

The model writes it. What goes back to the client is one compaction item, which stands for all that was said. (OpenAI's
answer repeats the user's messages before it, which its own SDK's type of an output does not know.)
"""

import json
from typing import Any

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import check
from pennyworth.errors import Problem
from pennyworth.http import Event, dumps
from services.openai import converse
from services.openai.call import Call
from services.openai.responses.chats import Chat
from services.openai.responses.conversation import Told, told
from services.openai.responses.events import as_chunks
from services.openai.responses.items import Item
from services.openai.responses.keeping import now, response_id
from services.openai.responses.request import CompactRequest
from services.openai.responses.response import item_id, usage
from services.openai.responses.state import state
from services.openai.responses.thoughts import packed, unpacked
from services.openai.responses.toolbox import Toolbox

_ASKED = (
    "You are given the record of a conversation between a user and an assistant with tools. Write what the assistant "
    "must know to go on as if it had read all of it: what the user wants and has decided, names, figures, paths and "
    "quotes that matter, what was done and found, and what is still open. Do not answer the user; do not add to it."
)
_GIVEN = "The assistant's instructions were:\n"


def compact(asked: Event) -> Response[Any]:
    call = Call(asked, "chat")
    request = check(CompactRequest, call.body)
    id_ = response_id()
    said = told(request, state(call.caller), id_)
    call.stored = said.stored
    if not said.items:
        raise Problem("invalid_value", param="input", reason="must hold an item at least")
    chat = _chat(request, said)
    made = converse.Envelope(f"chatcmpl-{id_.removeprefix('resp_')}", now(), call.model)
    with chat.told():
        completion = call.answer(lambda provider: provider.complete(chat.body, made))
    call.meter.read(completion.get("usage"), completion.get("service_tier"))
    (chunk,) = as_chunks(completion)
    summary = chunk["choices"][0]["delta"].get("content")
    if not isinstance(summary, str) or not summary.strip():
        raise Problem("upstream_error")
    item = {"id": item_id(id_, "compaction", len(said.items)), "type": "compaction"}
    compacted = {
        "id": id_,
        "object": "response.compaction",
        "created_at": made.created,
        "output": [{**item, "encrypted_content": packed(summary)}],
        "usage": usage(chunk.get("usage")) or usage({}),
    }
    return Response(200, headers={"content-type": "application/json", **call.headers}, body=dumps(compacted))


def _chat(request: CompactRequest, said: Told) -> Chat:
    """The record as one message of the user's: calls of tools that the model does not have are text to it."""
    parts: list[tuple[dict[str, Any], str]] = []
    if request.instructions:
        parts.append((_text(_GIVEN + request.instructions), "instructions"))
    for item, place in said.placed:
        parts += ((part, place) for part in _record(item, place))
    record: Item = {"type": "message", "role": "user", "content": [part for part, _ in parts]}
    asked = request.model_copy(update={"instructions": _ASKED})
    return Chat(asked, [(record, "input")], Toolbox(None, None))


def _record(item: Item, place: str) -> list[dict[str, Any]]:
    match item["type"]:
        case "message":
            return [_text(f"{item['role']}:"), *map(_shown, item["content"])]
        case "function_call" | "custom_tool_call":
            return [_text(f"assistant called {item['name']}: {item.get('arguments', item.get('input'))}")]
        case "function_call_output" | "custom_tool_call_output":
            output = item["output"]
            told_ = [_text(output)] if isinstance(output, str) else [_shown(part) for part in output]
            return [_text("the tool answered:"), *told_]
        case "compaction":
            where = f"{place}.encrypted_content" if place.startswith("input[") else place
            return [_text(f"what was said before this, in short:\n{unpacked(item['encrypted_content'], where)}")]
    return []  # what a model thought is its own


def _shown(part: dict[str, Any]) -> dict[str, Any]:
    if part["type"] in ("input_image", "input_file"):
        return part
    return _text(part.get("text") or part.get("refusal") or json.dumps(""))


def _text(text: str) -> dict[str, Any]:
    return {"type": "input_text", "text": text}
