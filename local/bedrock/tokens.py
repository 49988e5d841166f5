"""How this stand-in counts tokens, and what a prompt cache makes of them.

A token is up to four characters of a word, or one other character, with the white space before it; what is left of
white space at the end is one more. Pieces glued together are the text again. Images count 1600, videos 10000,
other bytes one token per four, each message 3.
"""

import hashlib
import json
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from local.bedrock.catalogue import Model

PIECE = re.compile(r"\s*(?:\w{1,4}|[^\w\s])|\s+")
IMAGE, VIDEO, MESSAGE, BYTES = 1600, 10000, 3, 4
TTL_S = {"5m": 300, "1h": 3600}


def pieces(text: str) -> list[str]:
    return PIECE.findall(text)


def count(text: str) -> int:
    return len(pieces(text))


def dumped(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, default=bytes.hex)


def block_tokens(block: dict[str, Any]) -> int:
    """Tokens of one content block in Converse's form."""
    (kind, value), *_ = block.items()
    if kind == "text":
        return count(value)
    if kind in ("image", "video"):
        return IMAGE if kind == "image" else VIDEO
    if kind == "document":
        return count(value["name"]) + document_tokens(value["source"])
    if kind == "toolResult":
        return MESSAGE + sum(map(block_tokens, value["content"]))
    if kind == "reasoningContent" and "reasoningText" in value:
        return count(value["reasoningText"]["text"])
    if kind == "guardContent" and "text" in value:
        return count(value["text"]["text"])
    return 0 if kind == "cachePoint" else count(dumped(value))


def document_tokens(source: dict[str, Any]) -> int:
    if "bytes" in source:
        return len(source["bytes"]) // BYTES
    return count(source.get("text") or dumped(source))


class Part(NamedTuple):
    """A piece of the prompt in the order models read it; `ttl` is set where a cache point ends a prefix."""

    tokens: int
    content: Callable[[], str]
    ttl: str | None


def prompt(body: dict[str, Any]) -> Iterator[Part]:
    """Tools, then system, then messages: the order in which prefixes are cached."""
    for tool in body.get("toolConfig", {}).get("tools", []):
        yield part(tool)
    for tool in (body.get("additionalModelRequestFields") or {}).get("tools", []):
        yield Part(count(dumped(tool)), lambda tool=tool: dumped(tool), None)
        if "cache_control" in tool:
            yield Part(0, str, tool["cache_control"].get("ttl", "5m"))
    for block in body.get("system", []):
        yield part(block)
    for message in body.get("messages", []):
        yield Part(MESSAGE, lambda message=message: message["role"], None)
        for block in message["content"]:
            yield part(block)


def part(block: dict[str, Any]) -> Part:
    point = block.get("cachePoint")
    return Part(block_tokens(block), lambda: dumped(block), point.get("ttl", "5m") if point else None)


@dataclass(frozen=True)
class Usage:
    """Tokens of one answer; `input` leaves out what the cache read or wrote."""

    input: int
    output: int = 0
    read: int = 0
    written: int = 0
    written_ttl: str | None = None

    def converse(self, caches: bool) -> dict[str, Any]:
        """Bedrock's TokenUsage. A model that can cache always names the cache's counts."""
        total = self.input + self.output + self.read + self.written
        usage: dict[str, Any] = {"inputTokens": self.input, "outputTokens": self.output, "totalTokens": total}
        if caches:
            usage |= {"cacheReadInputTokens": self.read, "cacheWriteInputTokens": self.written}
        if self.written_ttl:
            usage["cacheDetails"] = [{"ttl": self.written_ttl, "inputTokens": self.written}]
        return usage


@dataclass
class PromptCache:
    """Which prefixes were seen, and until when: the same prefix is written once, then read until it expires."""

    expiries: dict[str, float] = field(default_factory=dict)

    def usage(self, model: Model, body: dict[str, Any]) -> Usage:
        parts = list(prompt(body))
        total = sum(part.tokens for part in parts)
        if not any(part.ttl for part in parts):
            return Usage(total)
        now = time.monotonic()
        points = list(self.points(model, parts))
        read = max((tokens for tokens, key, _ in points if self.expiries.get(key, 0) > now), default=0)
        self.expiries |= {key: now + TTL_S[ttl] for _, key, ttl in points}
        last = max((tokens for tokens, _, _ in points), default=0)
        written_ttl = points[-1][2] if last > read else None
        return Usage(total - last, 0, read, last - read, written_ttl)

    def points(self, model: Model, parts: list[Part]) -> Iterator[tuple[int, str, str]]:
        """Each prefix long enough to be cached: its tokens, its key, its time to live."""
        digest, tokens = hashlib.sha256(model.id.encode()), 0
        for part in parts:
            tokens += part.tokens
            if part.ttl is None:
                digest.update(part.content().encode())
            elif tokens >= (model.cache_minimum_tokens or 0):
                yield tokens, digest.hexdigest(), part.ttl
