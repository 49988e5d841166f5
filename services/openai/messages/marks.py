"""`cache_control` as Converse's cache points, in the order in which prompts are cached: tools, system, messages."""

from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.messages.params import CacheControl

_POINTS = 4


class Marks:
    """The marks of one request. A cache changes speed and price alone: a model without one does without."""

    def __init__(self, model: Model) -> None:
        self._model = model
        self._lives: list[str] = []

    @property
    def full(self) -> bool:
        return len(self._lives) == _POINTS

    def points(self, control: CacheControl | None, param: str, place: str) -> list[dict[str, Any]]:
        """`place`: the capability that the mark needs. Raises Problem for what Bedrock would refuse."""
        if control is None or not self._model.accepts(place):
            return []
        life = control.ttl if self._model.accepts("one_hour_cache") else "5m"
        if self.full:
            reason = f"{_POINTS} marks are the most in a request"
            raise Problem("invalid_value", param=f"{param}.cache_control", reason=reason)
        if life == "1h" and "5m" in self._lives:
            reason = "what is cached for an hour comes before what is for less"
            raise Problem("invalid_value", param=f"{param}.cache_control", reason=reason)
        self._lives.append(life)
        return [{"cachePoint": {"type": "default", **({"ttl": "1h"} if life == "1h" else {})}}]
