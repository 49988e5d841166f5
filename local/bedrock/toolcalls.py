"""Which tools a simulated model calls, and with what."""

import hashlib
import json
import re
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.instances import instance
from local.bedrock.material import Material, spelled

# Words that many tools share: they name none.
COMMON = frozenset(
    """about after before call check compute create current delete does each fetch find following from function get
    given handle have into list look lookup make more name only query read return returns run search send should show
    some that their them then there these they this tool update used user uses using value what when where which will
    with write your""".split()  # noqa: SIM905 (sixty words read better so)
)
REFUSAL = re.compile(r"\b(?:do not|don't|never|without)\b[^.!?\n]*\b(?:tools?|call|calling|use|using)\b", re.IGNORECASE)


def tool_uses(chat: Chat) -> list[dict[str, Any]]:
    """The toolUse blocks of the answer; none where the prompt asks for none."""
    called = chosen(chat)[: 1 if chat.one_call_only else None]
    whole = Material(chat.prompt)
    uses = []
    for number, (start, tool) in enumerate(called):
        # Of several tools each takes what is said after its name, up to the next name.
        end = called[number + 1][0] if number + 1 < len(called) else None
        material = Material(chat.prompt[start:end], whole) if len(called) > 1 else whole
        arguments = instance(tool["inputSchema"]["json"], material)
        use = {"toolUseId": identifier(chat, number, tool["name"], arguments), "name": tool["name"], "input": arguments}
        uses.append({"toolUse": use})
    return uses


def chosen(chat: Chat) -> list[tuple[int, dict[str, Any]]]:
    """The tools to call, each with the place in the prompt that names it."""
    tools = chat.tools
    if chat.tool_choice == "tool":
        return [(0, tool) for tool in tools if tool["name"] == chat.chosen_tool]
    if chat.tool_choice == "any":
        return named(tools, chat.prompt) or [(0, tools[0])]
    if chat.results or REFUSAL.search(chat.prompt):
        return []
    ordered = [tool for tool in tools if re.search(rf"\bcalling the tool {re.escape(tool['name'])}\b", chat.system)]
    return named(tools, chat.prompt) or [(0, tool) for tool in ordered]


def named(tools: list[dict[str, Any]], prompt: str) -> list[tuple[int, dict[str, Any]]]:
    """The tools a prompt names, in the prompt's order: by name, else by a word of the name, else by description."""
    for pattern_of in (whole_name, any_name_word):
        places = [(place(pattern_of(tool["name"]), prompt), at) for at, tool in enumerate(tools)]
        found = sorted(pair for pair in places if pair[0] >= 0)
        if found:
            return [(start, tools[at]) for start, at in found]
    asked = words(prompt)
    shared = [len(asked & words(tool.get("description", ""))) for tool in tools]
    best = max(shared, default=0)
    return [(0, tools[shared.index(best)])] if best >= 2 else []


def whole_name(name: str) -> str | None:
    return rf"(?<!\w){spelled(name)}(?!\w)"


def any_name_word(name: str) -> str | None:
    own = [word for word in re.findall(r"[A-Z]?[a-z]+|[A-Z]+(?![a-z])", name) if telling(word)]
    return rf"\b(?:{'|'.join(own)})(?:s|es)?\b" if own else None


def place(pattern: str | None, prompt: str) -> int:
    found = re.search(pattern, prompt, re.IGNORECASE) if pattern else None
    return found.start() if found else -1


def words(text: str) -> set[str]:
    return {word.lower().removesuffix("s") for word in re.findall(r"[A-Za-z]+", text) if telling(word)}


def telling(word: str) -> bool:
    return len(word) > 3 and word.lower() not in COMMON


def identifier(chat: Chat, number: int, name: str, arguments: Any) -> str:
    """An id like Bedrock's, unlike any other of this conversation, the same for the same request."""
    seed = json.dumps([len(chat.messages), number, name, arguments, chat.prompt])
    return f"tooluse_{hashlib.sha256(seed.encode()).hexdigest()[:22]}"
