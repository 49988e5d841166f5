"""Our own source, whole: the tools of BuiltIn, the catalogue of models as a resource, and a prompt."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from services.mcp import toolbox
from services.mcp.builtin import BuiltIn
from services.mcp.completion import Refused
from services.mcp.own.tools import SELF_TOOLS
from services.mcp.protocol import INTERNAL_ERROR, INVALID_PARAMS, RpcError
from services.mcp.source import Asked, Object
from services.mcp.toolbox import Infer
from services.mcp.tools import CHAT, LIST_MODELS, TOOLS

MODELS: Object = {
    "uri": "pennyworth://models",
    "name": "models",
    "title": "The models you may use",
    "description": "The language models that this key may ask, as list_models tells them",
    "mimeType": "application/json",
}
COMPARE: Object = {
    "name": "compare_models",
    "title": "Compare models",
    "description": "Ask several models the same question and compare what they say",
    "arguments": [
        {"name": "question", "title": "Question", "description": "What to ask them", "required": True},
        {"name": "models", "title": "Models", "description": "Their ids, parted by commas; left out, three of all"},
    ],
}
# What a caller must be allowed to do for each of ours to be of use, by its name.
ACTIONS: Mapping[str, str] = {
    **{tool.name: tool.action for tool in (*TOOLS.values(), *SELF_TOOLS.values())},
    **dict.fromkeys((str(MODELS["uri"]), str(COMPARE["name"])), "inference"),
}


@dataclass(frozen=True, slots=True)
class Own(BuiltIn):
    infer: Infer = field(kw_only=True)

    def prompts(self) -> Sequence[Object]:
        return (COMPARE,)

    def resources(self) -> Sequence[Object]:
        return (MODELS,)

    def get_prompt(self, name: str, params: Object, asked: Asked) -> Object:
        arguments = params.get("arguments") or {}
        question = str(arguments.get("question", "")).strip()
        if not question:
            raise RpcError(INVALID_PARAMS, "'params.arguments.question' is missing.")
        named = [model.strip() for model in str(arguments.get("models", "")).split(",") if model.strip()]
        which = (
            f"these models: {', '.join(named)}" if named else f"three models of {LIST_MODELS.name}, of different makers"
        )
        text = (
            f"Ask {which}. Give each of them exactly the question below, with one call of the tool {CHAT.name} each. "
            "Then say where their answers agree, where they differ, and which of them you would trust and why.\n\n"
            f"Question: {question}"
        )
        said = {"role": "user", "content": {"type": "text", "text": text}}
        return {"description": COMPARE["description"], "messages": [said]}

    def read_resource(self, uri: str, params: Object, asked: Asked) -> Object:
        if uri != MODELS["uri"]:
            raise RpcError(INVALID_PARAMS, "There is no such resource.", data={"uri": uri})
        text = json.dumps(self._models(), separators=(",", ":"), ensure_ascii=False)
        return {"contents": [{"uri": uri, "mimeType": MODELS["mimeType"], "text": text}]}

    def complete(self, ref: Object, params: Object, asked: Asked) -> Object:
        """The models' ids, for the last of those that were begun."""
        argument = params.get("argument") or {}
        if argument.get("name") != "models":
            return {"completion": {"values": []}}
        before, comma, begun = str(argument.get("value", "")).rpartition(",")
        ids = [model["id"] for model in self._models()["models"] if model["id"].startswith(begun.strip())]
        return {"completion": {"values": [f"{before}{comma}{name}" for name in ids]}}

    def _models(self) -> dict[str, Any]:
        try:
            return dict(toolbox.list_models({}, self.infer).structured or {})
        except Refused as error:
            raise RpcError(INTERNAL_ERROR, str(error)) from None
