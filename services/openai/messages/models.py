"""The list of models as Anthropic's clients read it. Source: Anthropic's API reference, List Models (read 2026-11)."""

from datetime import UTC, datetime
from typing import Any


def model_list(cards: list[dict[str, Any]]) -> dict[str, Any]:
    """OpenAI's model objects in Anthropic's form; all are on one page."""
    data = [_info(card) for card in cards]
    first, last = (data[0]["id"], data[-1]["id"]) if data else (None, None)
    return {"data": data, "has_more": False, "first_id": first, "last_id": last}


def _info(card: dict[str, Any]) -> dict[str, Any]:
    made = datetime.fromtimestamp(card["created"], UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    return {"type": "model", "id": card["id"], "display_name": card["id"], "created_at": made, "lifecycle": "active"}
