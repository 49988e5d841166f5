"""What a model thought, as a reasoning item's `encrypted_content`: a client keeps it and hands it back unread.

It is not secret, for the client reads the same in a chat; a model's signature on it is what its provider verifies.
"""

import base64
import json
from typing import Annotated, Any, TypeVar

from pydantic import BaseModel, StringConstraints

from pennyworth.errors import Problem
from services.openai.conversation import ThinkingBlock
from services.openai.strict import STRICT

Model = TypeVar("Model", bound=BaseModel)


def sealed(blocks: list[dict[str, Any]], text: str) -> str | None:
    """What goes back to the model: its signed blocks, or the text where it signs none. None for neither."""
    kept: dict[str, Any] = {"thinking_blocks": blocks} if blocks else {"reasoning_content": text} if text else {}
    return base64.b64encode(json.dumps(kept, separators=(",", ":")).encode()).decode() if kept else None


class _Kept(BaseModel):
    model_config = STRICT
    thinking_blocks: list[ThinkingBlock] | None = None
    reasoning_content: str | None = None


class _Packed(BaseModel):
    model_config = STRICT
    summary: Annotated[str, StringConstraints(pattern=r"\S")]


def opened(encrypted: str, param: str) -> dict[str, Any]:
    """The fields of the assistant's message. Raises Problem for what no answer here gave."""
    kept = _read(_Kept, encrypted)
    if kept is None or not kept.model_fields_set:
        reason = "is not what an answer here gave: send the item as it came, or leave it out"
        raise Problem("invalid_value", param=param, reason=reason)
    return kept.model_dump(exclude_none=True)


def is_ours(encrypted: str) -> bool:
    """Whether an answer here gave it, and not a provider's own Responses API."""
    return _read(_Kept, encrypted) is not None or _read(_Packed, encrypted) is not None


def packed(summary: str) -> str:
    """A summary as a compaction item's `encrypted_content`."""
    return base64.b64encode(json.dumps({"summary": summary}, separators=(",", ":")).encode()).decode()


def unpacked(encrypted: str, param: str) -> str:
    """The summary. Raises Problem for what no compaction here gave."""
    kept = _read(_Packed, encrypted)
    if kept is None:
        reason = "is not what POST /responses/compact gave here: send the item as it came"
        raise Problem("invalid_value", param=param, reason=reason)
    return kept.summary


def _read(model: type[Model], encrypted: str) -> Model | None:
    try:
        return model.model_validate_json(base64.b64decode(encrypted, validate=True))
    except ValueError:  # pydantic's errors are such, too
        return None
