"""Marks after which a prompt is cached: Anthropic's `cache_control` and OpenAI's `prompt_cache_breakpoint`."""

from typing import Any, Literal

from pydantic import BaseModel

from services.openai.strict import STRICT


class CacheControl(BaseModel):
    model_config = STRICT
    type: Literal["ephemeral"]
    ttl: Literal["5m", "1h"] = "5m"


class CacheBreakpoint(BaseModel):
    """OpenAI's lifetime is the least a cached prompt may live: of Bedrock's, the hour alone is as long."""

    model_config = STRICT
    mode: Literal["explicit"]
    ttl: Literal["30m"] = "30m"


class CacheOptions(BaseModel):
    """`implicit` lets OpenAI cache unasked, which is a matter of speed and price; Bedrock caches where it is asked."""

    model_config = STRICT
    mode: Literal["implicit", "explicit"] = "implicit"
    ttl: Literal["30m"] = "30m"


class Marked(BaseModel):
    """What may end with a mark."""

    cache_control: CacheControl | None = None
    prompt_cache_breakpoint: CacheBreakpoint | None = None

    @property
    def cached_for(self) -> str | None:
        """`5m` or `1h`, and None without a mark."""
        if self.prompt_cache_breakpoint:
            return "1h"
        return self.cache_control.ttl if self.cache_control else None

    @property
    def cache_points(self) -> list[dict[str, Any]]:
        """Converse's block for the mark, if there is one; five minutes are its default."""
        if self.cached_for is None:
            return []
        return [{"cachePoint": {"type": "default", **({"ttl": "1h"} if self.cached_for == "1h" else {})}}]
