"""What was stored, given back: a response, and the items it was made from."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from pennyworth.body import check
from pennyworth.errors import Problem
from pennyworth.http import Event, principal
from pennyworth.policy import authorize
from services.openai.responses.events import without_encrypted
from services.openai.responses.request import ENCRYPTED
from services.openai.responses.state import Record, State, state


class Page(BaseModel):
    """Query parameters are text."""

    model_config = ConfigDict(frozen=True)
    after: str | None = None
    limit: int = Field(20, ge=1, le=100)
    order: Literal["asc", "desc"] = "desc"


def retrieve(event: Event, response_id: str) -> dict[str, Any]:
    query = _query(event)
    for name in ("stream", "starting_after"):
        if query.get(name, ["false"])[-1] != "false":
            reason = "A stored response is given back whole. Leave it out."
            raise Problem("unsupported_parameter", param=name, reason=reason)
    record = _state(event).find(response_id)
    return record.response if _encrypted(query) else without_encrypted(record.response)


def delete(event: Event, response_id: str) -> dict[str, Any]:
    _state(event).forget(response_id)
    return {"id": response_id, "object": "response", "deleted": True}


def cancel(event: Event, response_id: str) -> dict[str, Any]:
    """Every stored response has ended."""
    _state(event).find(response_id)
    raise Problem("invalid_request", reason="Only a response in the background can be cancelled, and none runs there.")


def input_items(event: Event, response_id: str) -> dict[str, Any]:
    """A page of the items the model was given, those of previous responses included."""
    query = _query(event)
    page = check(Page, {name: query[name][-1] for name in Page.model_fields if name in query})
    return listed(_state(event).find(response_id), page, encrypted=_encrypted(query))


def listed(record: Record, page: Page, *, encrypted: bool) -> dict[str, Any]:
    """OpenAI's list. Raises Problem for an `after` that is not in it."""
    items = record.items if encrypted else without_encrypted({"output": record.items})["output"]
    if page.order == "desc":
        items = items[::-1]
    if page.after is not None:
        at = next((index for index, item in enumerate(items) if item["id"] == page.after), None)
        if at is None:
            raise Problem("invalid_value", param="after", reason="must be the id of an item in the list")
        items = items[at + 1 :]
    shown = items[: page.limit]
    ids = {"first_id": shown[0]["id"], "last_id": shown[-1]["id"]} if shown else {"first_id": None, "last_id": None}
    return {"object": "list", "data": shown, **ids, "has_more": len(items) > len(shown)}


def _state(event: Event) -> State:
    caller = principal(event)
    authorize(caller, "inference")
    return state(caller)


def _query(event: Event) -> dict[str, list[str]]:
    return event.get("multiValueQueryStringParameters") or {}


def _encrypted(query: dict[str, list[str]]) -> bool:
    return ENCRYPTED in (*query.get("include", ()), *query.get("include[]", ()))
