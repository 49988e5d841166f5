"""What a simulated model answers: the same to the same request, and saying that it is simulated."""

import base64
import hashlib
import hmac
import json
import re
from collections.abc import Callable
from typing import Any

from local.bedrock.chats import Chat
from local.bedrock.instances import instance
from local.bedrock.material import Material
from local.bedrock.toolcalls import tool_uses

QUOTED_LIMIT = 400  # characters of a prompt or result that an answer repeats
COUNT_LIMIT = 5000
SIGNING_KEY = b"simulated reasoning"
REDACTED = b"simulated redacted reasoning"

VERB = r"\b(?:say|repeat|reply|respond|answer|write|output|print|echo|return)\b"
QUOTATION = re.compile(rf"{VERB}[^\"“\n]{{0,60}}[\"“]([^\"”]+)[\"”]", re.IGNORECASE)
LITERALLY = re.compile(rf"{VERB}(?: with| back)? (?:exactly|only|just)(?: this| the words?)?:? +(.+)", re.IGNORECASE)
ONE_WORD = re.compile(rf"{VERB}(?: with)? (?:the )?(?:single |one )?word:? +[\"'“]?(\w+)", re.IGNORECASE)
COUNT = re.compile(r"\bcount (?:up )?(?:from (\d+) )?to (\d+)", re.IGNORECASE)
SUM = re.compile(
    r"\b(?:what is|what's|calculate|compute|how much is) (-?\d+(?:\.\d+)?) ?"
    r"([-+*/×x]|plus|minus|times|divided by) ?(-?\d+(?:\.\d+)?)",  # noqa: RUF001
    re.IGNORECASE,
)
GREETING = re.compile(r"^\W*(?:hello|hi|hey|good (?:morning|afternoon|evening))\b[^?]{0,40}$", re.IGNORECASE)
CLOSINGS = (
    "Every run gives this same text for the same prompt.",
    "The same prompt will always be answered with these words.",
    "Ask again and you will read exactly this.",
    "Nothing here was thought up: the text follows from the prompt alone.",
)


def answer(chat: Chat, redacted: bool = False) -> list[dict[str, Any]]:
    """The content blocks of the answer before any limit cuts them. `redacted` hides the reasoning, if there is any."""
    thoughts = [reasoning(chat, redacted)] if chat.reasons else []
    uses = tool_uses(chat) if chat.tools else []
    if not uses:
        return [*thoughts, {"text": text_answer(chat)}]
    # A model that was left to choose says what it is about to do when it does several things.
    beside = [{"text": announcement(uses)}] if len(uses) > 1 and chat.tool_choice == "auto" else []
    return [*thoughts, *beside, *uses]


def announcement(uses: list[dict[str, Any]]) -> str:
    names = [use["toolUse"]["name"] for use in uses]
    return f"(Simulated) I will call {', '.join(names[:-1])} and {names[-1]}."


def text_answer(chat: Chat) -> str:
    if chat.schema is not None:
        return json.dumps(instance(chat.schema, Material(chat.prompt)), ensure_ascii=False)
    if chat.results:
        return told_results(chat)
    found = (rule(chat.prompt) for rule in (greeting, counted, summed, said))
    text = next(filter(None, found), None)
    return text or default(chat)


def told_results(chat: Chat) -> str:
    names = {
        block["toolUse"]["toolUseId"]: block["toolUse"]["name"]
        for message in chat.messages
        for block in message["content"]
        if "toolUse" in block
    }
    told = []
    for result in chat.results:
        verb = "failed with" if result.get("status") == "error" else "returned"
        told.append(f"{names[result['toolUseId']]} {verb}: {shortened(result_text(result))}")
    return f"This is a simulated answer from {chat.model.name}. " + "\n".join(told)


def result_text(result: dict[str, Any]) -> str:
    parts = []
    for block in result["content"]:
        (kind, value), *_ = block.items()
        parts.append(
            value if kind == "text" else json.dumps(value, ensure_ascii=False) if kind == "json" else f"[{kind}]"
        )
    return " ".join(parts) or "nothing"


def said(prompt: str) -> str | None:
    quotation = QUOTATION.search(prompt)
    if quotation:
        return quotation[1]
    word = ONE_WORD.search(prompt)
    if word:
        return word[1]
    literal = LITERALLY.search(prompt)
    return literal[1].strip().rstrip(".") if literal else None


def counted(prompt: str) -> str | None:
    found = COUNT.search(prompt)
    if not found:
        return None
    first, last = int(found[1] or 1), int(found[2])
    return ", ".join(map(str, range(first, min(last, first + COUNT_LIMIT - 1) + 1))) or None


def summed(prompt: str) -> str | None:
    found = SUM.search(prompt)
    if not found:
        return None
    left, sign, right = float(found[1]), found[2].lower(), float(found[3])
    signs: dict[str, Callable[[], float]] = {
        "+": lambda: left + right,
        "-": lambda: left - right,
        "*": lambda: left * right,
        "/": lambda: left / right if right else float("nan"),
    }
    plain = {"plus": "+", "minus": "-", "times": "*", "x": "*", "\N{MULTIPLICATION SIGN}": "*", "divided by": "/"}
    return f"{signs[plain.get(sign, sign)]():.12g}"


def greeting(prompt: str) -> str | None:
    return "Hello! I am a simulated model. How can I help you?" if GREETING.search(prompt) else None


def default(chat: Chat) -> str:
    said = [f'This is a simulated answer from {chat.model.name}. You wrote: "{shortened(chat.prompt)}".']
    turns = sum(message["role"] == "user" for message in chat.messages)
    if turns > 1:
        said.append(f"It is your turn number {turns}.")
    if chat.system:
        said.append(f"I have system instructions of {len(chat.system)} characters.")
    said += [
        described(kind, block[kind]) for block in chat.last for kind in ("image", "document", "video") if kind in block
    ]
    digest = hashlib.sha256(chat.prompt.encode()).digest()
    return " ".join([*said, CLOSINGS[digest[0] % len(CLOSINGS)]])


def described(kind: str, block: dict[str, Any]) -> str:
    size = len(block["source"].get("bytes", b""))
    return f"You sent the {kind} {block.get('name', '')} ({block.get('format', 'txt')}, {size} bytes).".replace(
        "  ", " "
    )


def shortened(text: str) -> str:
    return text if len(text) <= QUOTED_LIMIT else f"{text[:QUOTED_LIMIT]}…"


def reasoning(chat: Chat, redacted: bool) -> dict[str, Any]:
    if redacted:
        return {"reasoningContent": {"redactedContent": sealed(hashlib.sha256(chat.prompt.encode()).digest())}}
    text = f'The user wrote "{shortened(chat.prompt)}". This reasoning is simulated.'
    if chat.effort:  # Nova 2 never shows what it thought
        return {"reasoningContent": {"reasoningText": {"text": "[REDACTED]"}}}
    if not chat.shows_thoughts:
        return {"reasoningContent": {"reasoningText": {"text": "", "signature": signature("")}}}
    if not chat.model.can("signed_reasoning"):
        return {"reasoningContent": {"reasoningText": {"text": text}}}
    return {"reasoningContent": {"reasoningText": {"text": text, "signature": signature(text)}}}


def signature(reasoning_text: str) -> str:
    """What proves, when it comes back, that the text was not changed."""
    return base64.b64encode(hmac.digest(SIGNING_KEY, reasoning_text.encode(), "sha256") * 4).decode()


def sealed(thought: bytes) -> bytes:
    """Redacted reasoning: what was thought, and what proves when it comes back that nobody changed it."""
    return REDACTED + thought + hmac.digest(SIGNING_KEY, thought, "sha256")


def is_sealed(content: bytes) -> bool:
    return hmac.compare_digest(content, sealed(content[len(REDACTED) : -hashlib.sha256().digest_size]))
