"""What a client sends, validated: a pydantic model, or a Problem that names the field and the remedy."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import from_json, to_json

from pennyworth.errors import Problem

Model = TypeVar("Model", bound=BaseModel)


def parse(model: type[Model], body: str | bytes | None) -> Model:
    """The body as the model. Raises what `load` and `check` raise."""
    return check(model, load(body))


def load(body: str | bytes | None) -> dict[str, Any]:
    """The body as a JSON object. Raises Problem invalid_json or invalid_request.

    pydantic's parser is stricter than the standard library's, where it matters here: no NaN, no lone surrogates (they
    cannot be sent on as UTF-8), a bound on nesting. Numbers that only infinity could stand for, which no JSON can hold,
    are refused here.
    """
    try:
        document = from_json(body or b"", allow_inf_nan=False)
        # 1e999 is read as infinity all the same. A text may hold the word too: then a slower writer decides.
        if b"Infinity" in to_json(document, inf_nan_mode="constants"):
            json.dumps(document, allow_nan=False)
    except ValueError as error:
        raise Problem("invalid_json", reason=str(error)) from None
    if not isinstance(document, dict):
        raise Problem("invalid_request", reason="The request body must be a JSON object.")
    return document


def check(model: type[Model], document: dict[str, Any], within: tuple[int | str, ...] = ()) -> Model:
    """The document as the model; `within` is where in the body it stands.

    Raises Problem missing_required_parameter, unsupported_parameter or invalid_value, with the path of the field as
    OpenAI writes it (`messages[0].content`).
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _problem(error, within) from None


def _problem(error: ValidationError, within: tuple[int | str, ...]) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    param = path((*within, *first["loc"]))
    match first["type"]:
        case "missing":
            return Problem("missing_required_parameter", param=param)
        case "extra_forbidden":
            return Problem("unsupported_parameter", param=param, reason="Leave it out.")
        case "unsupported_parameter":  # a validator's own
            return Problem("unsupported_parameter", param=param, reason=first["msg"])
    return Problem("invalid_value", param=param, reason=first["msg"].removeprefix("Value error, "))


def path(location: tuple[int | str, ...]) -> str:
    """A pydantic location in OpenAI's notation: `("messages", 0, "content")` → `messages[0].content`."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
