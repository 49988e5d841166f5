"""A list of another server's, read page by page until it is whole, within bounds. Pure."""

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from services.mcp.upstream.faults import Unreachable

_PAGES = 50
_ITEMS = 2000
DEFAULT_TTL_MS = 300_000  # of a list in revisions that have no word for it
_MOST_TTL_MS = 24 * 3600 * 1000  # and no number that no float holds


@dataclass(frozen=True, slots=True)
class Listed:
    """The whole list, and for how long it may be kept."""

    items: Sequence[Mapping[str, Any]]
    ttl_ms: int


def whole(kind: str, ask: Callable[[Mapping[str, str]], Mapping[str, Any]], max_bytes: int) -> Listed:
    """`ask`: gives the page that these parameters lead to. Raises Unreachable, and what `ask` raises."""
    items: list[Mapping[str, Any]] = []
    ttls: list[int] = []
    at: dict[str, str] = {}
    room = max_bytes
    for _ in range(_PAGES):
        page = ask(at)
        found, ttl_ms, following = page.get(kind), page.get("ttlMs", DEFAULT_TTL_MS), page.get("nextCursor")
        if not isinstance(found, list):
            raise Unreachable(f"answered with no list of {kind}")
        items += [item for item in found if isinstance(item, dict)]
        ttls.append(min(ttl_ms, _MOST_TTL_MS) if isinstance(ttl_ms, int) and ttl_ms >= 0 else 0)
        room -= len(json.dumps(found, separators=(",", ":"), ensure_ascii=False).encode())
        if len(items) > _ITEMS:
            raise Unreachable(f"lists more than {_ITEMS} {kind}", counts=False)
        if room < 0:
            raise Unreachable(f"lists {kind} of more than the {max_bytes // 1024} KB allowed", counts=False)
        if not isinstance(following, str) or not following or following == at.get("cursor"):
            return Listed(items, min(ttls))
        at = {"cursor": following}
    raise Unreachable(f"lists its {kind} on more than {_PAGES} pages", counts=False)
