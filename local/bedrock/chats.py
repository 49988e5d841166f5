"""A request for a chat, whatever operation it came by, once it is known to be valid."""

import json
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from local.bedrock.catalogue import Model
from local.bedrock.material import Material
from local.bedrock.owntools import specifications
from local.bedrock.wishes import unwished, wished


@dataclass(frozen=True)
class Chat:
    """`body` is in Converse's form, blobs as bytes."""

    model: Model
    body: dict[str, Any]
    calls_forbidden: bool = False  # tools on offer that may not be called: Anthropic's tool_choice `none`

    @property
    def messages(self) -> list[dict[str, Any]]:
        return self.body["messages"]

    @property
    def last(self) -> list[dict[str, Any]]:
        """The content blocks of the last message."""
        return self.messages[-1]["content"]

    @cached_property
    def prompts(self) -> list[str]:
        """The text of every user message that has any."""
        told = ("\n".join(texts(message["content"])) for message in self.messages if message["role"] == "user")
        return [text for text in told if text]

    @property
    def prompt(self) -> str:
        """The last of them: what an answer is about."""
        return self.prompts[-1] if self.prompts else ""

    @cached_property
    def wish(self) -> dict[str, Any] | None:
        """The schema of the JSON that the words of the conversation ask for, if they do."""
        return wished([self.system, self.prompt])

    @property
    def material(self) -> Material:
        """What arguments are filled with: what the prompt offers; where it offers nothing, what those before it do."""
        found = Material("")
        for prompt in self.prompts:
            found = Material(unwished(prompt), found)
        return found

    @property
    def system(self) -> str:
        return "\n".join(texts(self.body.get("system", [])))

    @cached_property
    def tools(self) -> list[dict[str, Any]]:
        """The toolSpecs that may be called."""
        if self.calls_forbidden:
            return []
        offered = self.body.get("toolConfig", {}).get("tools", [])
        return [tool["toolSpec"] for tool in offered if "toolSpec" in tool] + specifications(self.extra)

    @property
    def tool_choice(self) -> str:
        """`auto`, `any`, or `tool` with `chosen_tool`: Converse's, or Anthropic's among the additional fields."""
        choice = self.body.get("toolConfig", {}).get("toolChoice")
        return next(iter(choice)) if choice else self.extra.get("tool_choice", {}).get("type", "auto")

    @property
    def chosen_tool(self) -> str | None:
        named = self.body.get("toolConfig", {}).get("toolChoice", {}).get("tool", self.extra.get("tool_choice", {}))
        return named.get("name")

    @property
    def one_call_only(self) -> bool:
        """Anthropic's way to forbid parallel calls."""
        return bool(self.extra.get("tool_choice", {}).get("disable_parallel_tool_use"))

    @cached_property
    def results(self) -> list[dict[str, Any]]:
        """The toolResults of the last message."""
        return [block["toolResult"] for block in self.last if "toolResult" in block]

    @property
    def extra(self) -> dict[str, Any]:
        return self.body.get("additionalModelRequestFields") or {}

    @property
    def reasons(self) -> bool:
        thinking = self.extra.get("thinking", {}).get("type") == "enabled"
        always = self.model.can("always_reasons") or self.model.can("adaptive_thinking")
        return thinking or always or self.effort is not None

    @property
    def shows_thoughts(self) -> bool:
        """Models that decide themselves when to think keep it to themselves unless asked for a summary."""
        asked = self.extra.get("thinking", {}).get("display") == "summarized"
        return asked or not self.model.can("adaptive_thinking")

    @property
    def effort(self) -> str | None:
        """Nova 2's reasoning effort, where reasoning is on."""
        config = self.extra.get("reasoningConfig", {})
        return config.get("maxReasoningEffort", "medium") if config.get("type") == "enabled" else None

    @cached_property
    def schema(self) -> dict[str, Any] | None:
        """The JSON schema the answer is to fit."""
        form = self.body.get("outputConfig", {}).get("textFormat")
        return json.loads(form["structure"]["jsonSchema"]["schema"]) if form else None

    @property
    def max_tokens(self) -> int:
        return self.body.get("inferenceConfig", {}).get("maxTokens", self.model.max_output_tokens)

    @property
    def stop_sequences(self) -> list[str]:
        return self.body.get("inferenceConfig", {}).get("stopSequences", [])


def texts(blocks: list[dict[str, Any]]) -> list[str]:
    """The text of text blocks, guarded or not."""
    found = [block.get("text") or block.get("guardContent", {}).get("text", {}).get("text") for block in blocks]
    return [text for text in found if text]
