"""What a client sends, validated: a pydantic model, or a Problem that names the field and the remedy."""

import json
from typing import TypeVar

from pydantic import BaseModel, ValidationError

from pennyworth.errors import Problem

Model = TypeVar("Model", bound=BaseModel)

# Tags pydantic puts into a location for the branch of a union it tried; they are no part of the client's path.
_BRANCHES = frozenset({"str", "int", "float", "bool", "none", "dict"})


def parse(model: type[Model], body: str | bytes | None) -> Model:
    """The body as the model. Raises Problem: invalid_json, missing_required_parameter, unsupported_parameter or
    invalid_value, with the path of the field as OpenAI writes it (`messages[0].content`)."""
    try:
        return model.model_validate_json(body or "")
    except ValidationError as error:
        raise _problem(error, body or "") from None


def _problem(error: ValidationError, body: str | bytes) -> Problem:
    first = error.errors(include_url=False, include_input=False)[0]
    param = path(first["loc"])
    match first["type"]:
        case "json_invalid":
            return Problem("invalid_json", reason=_json_reason(body))
        case "missing":
            return Problem("missing_required_parameter", param=param)
        case "extra_forbidden":
            return Problem("unsupported_parameter", param=param, reason="Leave it out.")
    if not first["loc"]:
        return Problem("invalid_request", reason="The request body must be a JSON object.")
    return Problem("invalid_value", param=param, reason=first["msg"].removeprefix("Value error, "))


def path(location: tuple[int | str, ...]) -> str:
    """A pydantic location in OpenAI's notation: `("messages", 0, "content")` → `messages[0].content`."""
    text = ""
    for step in location:
        if isinstance(step, int):
            text += f"[{step}]"
        elif step not in _BRANCHES and not step.startswith(("list[", "function-", "constrained-")) and step.islower():
            text += f".{step}" if text else step
    return text


def _json_reason(body: str | bytes) -> str:
    try:
        json.loads(body)
    except ValueError as error:
        return str(error)
    return "it is not UTF-8"
