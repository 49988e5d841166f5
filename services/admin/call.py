"""What every route of this service asks of its request: who may, with which query and which body."""

from typing import TypeVar

from aws_lambda_powertools.event_handler.api_gateway import Router
from pydantic import BaseModel

from pennyworth.body import parse
from pennyworth.http import Event, content
from pennyworth.principal import Principal
from services.admin import caller, query
from services.admin.directory import directory

Model = TypeVar("Model", bound=BaseModel)

_router = Router()  # type: ignore[no-untyped-call]  # any router knows the event of the request under way


def administrator() -> Principal:
    """The caller, who may administer; the first line of every route. Raises Problem."""
    return caller.administrator(event(), directory())


def body(model: type[Model]) -> Model:
    """The body of a URL without parameters. Raises Problem."""
    query.only(parameters())
    return parse(model, content(event()))


def event() -> Event:
    raw: Event = _router.current_event.raw_event
    return raw


def parameters() -> query.Parameters:
    return event().get("multiValueQueryStringParameters") or {}
