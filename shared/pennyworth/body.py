"""What a client sends, validated: a pydantic model, or a Problem that names the field and the remedy."""

import json
from typing import Any, TypeVar

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails, from_json, to_json

from pennyworth.errors import Problem

Model = TypeVar("Model", bound=BaseModel)
Location = tuple[int | str, ...]


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


def check(model: type[Model], document: dict[str, Any], within: Location = ()) -> Model:
    """The document as the model; `within` is where in the body it stands.

    Raises Problem missing_required_parameter, unsupported_parameter or invalid_value, with the path of the field as
    OpenAI writes it (`messages[0].content`).
    """
    try:
        return model.model_validate(document)
    except ValidationError as error:
        raise _problem(error, document, within) from None


def _problem(error: ValidationError, document: object, within: Location) -> Problem:
    found = [(_told(one, document), one) for one in error.errors(include_url=False, include_input=False)]
    start = found[0][0]
    # Of the ways in which a value may be given, the one that went furthest is the one that was meant.
    location = max((place for place, _ in found if place[: len(start)] == start), key=len)
    at = [one for place, one in found if place == location]
    param = path((*within, *location))
    match at[0]["type"]:
        case "missing" if param:
            return Problem("missing_required_parameter", param=param)
        case "extra_forbidden":
            return Problem("unsupported_parameter", param=param, reason="Leave it out.")
        case "unsupported_parameter":  # a validator's own
            return Problem("unsupported_parameter", param=param, reason=at[0]["msg"])
    reason = " or ".join(dict.fromkeys(map(_reason, at))).replace(" or must be", " or")
    if not param:
        return Problem("invalid_request", reason=f"The request body is not valid: {reason}.")
    return Problem("invalid_value", param=param, reason=reason)


def _reason(error: ErrorDetails) -> str:
    said = _WORDS.get(error["type"])
    return said.format_map(error.get("ctx", {})) if said else error["msg"].removeprefix("Value error, ")


# pydantic's words are for Python's programmers: its types of errors in those of JSON.
_WORDS = {
    "string_type": "must be a string",
    "bool_type": "must be true or false",
    "int_type": "must be an integer",
    "int_from_float": "must be an integer",
    "float_type": "must be a number",
    "list_type": "must be an array",
    "dict_type": "must be an object",
    "model_type": "must be an object",
    "none_required": "must be null: leave it out",
    "greater_than_equal": "must be at least {ge}",
    "less_than_equal": "must be at most {le}",
    "too_short": "must hold at least {min_length}",
    "too_long": "must hold at most {max_length}, and holds {actual_length}",
    "string_too_short": "must have at least {min_length} characters",
    "string_too_long": "must have at most {max_length} characters",
    "string_pattern_mismatch": "must match the pattern {pattern}",
    "literal_error": "must be {expected}",
}


def _told(error: ErrorDetails, document: object) -> Location:
    """Where in the document an error is, in steps that the document has: pydantic also names the types of a union, and
    what a validator made of the client's shorter form."""
    location: list[int | str] = []
    value: Any = document
    for step in error["loc"]:
        if isinstance(step, int):
            if isinstance(value, list) and step < len(value):
                location.append(step)
                value = value[step]
        elif isinstance(value, dict) and (step in value or error["type"] == "missing"):
            location.append(step)
            value = value.get(step)
    return tuple(location)


def path(location: Location) -> str:
    """A pydantic location in OpenAI's notation: `("messages", 0, "content")` → `messages[0].content`."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        else:
            text += f".{step}" if text else step
    return text
