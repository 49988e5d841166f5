"""The routes of the Responses API. What serves them is imported when the first of them is called."""

from typing import Any

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Router

router = Router()  # type: ignore[no-untyped-call]


@router.post("/responses")
def create_response() -> Response[Any]:
    from services.openai.responses.answering import create

    return create(router.current_event.raw_event)


@router.post("/responses/compact")
def compact_conversation() -> Response[Any]:
    from services.openai.responses.compaction import compact

    return compact(router.current_event.raw_event)


@router.post("/responses/input_tokens")
def count_input_tokens() -> Response[Any]:
    from services.openai.responses.counting import count

    return count(router.current_event.raw_event)


@router.get("/responses/<response_id>")
def retrieve_response(response_id: str) -> dict[str, Any]:
    from services.openai.responses.retrieval import retrieve

    return retrieve(router.current_event.raw_event, response_id)


@router.delete("/responses/<response_id>")
def delete_response(response_id: str) -> dict[str, Any]:
    from services.openai.responses.retrieval import delete

    return delete(router.current_event.raw_event, response_id)


@router.get("/responses/<response_id>/input_items")
def list_input_items(response_id: str) -> dict[str, Any]:
    from services.openai.responses.retrieval import input_items

    return input_items(router.current_event.raw_event, response_id)


@router.post("/responses/<response_id>/cancel")
def cancel_response(response_id: str) -> dict[str, Any]:
    from services.openai.responses.retrieval import cancel

    return cancel(router.current_event.raw_event, response_id)
