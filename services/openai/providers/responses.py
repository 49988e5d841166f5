"""The Responses API of a provider that has one itself: what a client asks there and reads of it passes unchanged."""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any

from pennyworth.errors import Problem
from services.openai.providers.passing import honest, whole
from services.openai.providers.server import document

if TYPE_CHECKING:
    import requests

_ENCRYPTED = "reasoning.encrypted_content"


class Responses:
    """One model's there. Nothing is stored at the provider, where all of ours are one customer: so a conversation's
    reasoning must come with the answer, to be sent again."""

    def __init__(
        self,
        post: Callable[..., "requests.Response"],
        pieces: Callable[["requests.Response"], Iterator[bytes]],
        problem: Callable[[int, object], Problem],
        unreasoning: set[str],
        model: str,
    ) -> None:
        """`unreasoning`: the provider's models that are known to have no reasoning to give; it grows here."""
        self._post, self._pieces, self._problem = post, pieces, problem
        self._unreasoning, self._model = unreasoning, model

    def create(self, body: dict[str, Any]) -> dict[str, Any]:
        """The provider's response, unchanged. Raises Problem."""
        return document(self._created(body, stream=False))

    def stream(self, body: dict[str, Any]) -> Iterator[bytes]:
        """The provider's server-sent events, whole. Its status is known when this returns."""
        return honest(whole(self._pieces(self._created(body, stream=True))), self._problem)

    def input_tokens(self, body: dict[str, Any]) -> int | None:
        """As the provider counts them; None where it does not. Raises Problem."""
        try:
            counted = document(self._post("/responses/input_tokens", body)).get("input_tokens")
        except Problem as problem:
            if problem.status not in (404, 405):
                raise
            return None
        return counted if type(counted) is int else None

    def _created(self, body: dict[str, Any], *, stream: bool) -> "requests.Response":
        """A model that does not reason is refused for being asked for its reasoning: then it is asked without."""
        include = body.get("include") or []
        private = {**body, "store": False}
        added = _ENCRYPTED not in include and self._model not in self._unreasoning
        asked = {**private, "include": [*include, _ENCRYPTED]} if added else private
        try:
            return self._post("/responses", asked, stream=stream)
        except Problem as problem:
            if not (added and problem.status == 400 and (problem.param or "").startswith("include")):
                raise
        response = self._post("/responses", private, stream=stream)
        self._unreasoning.add(self._model)
        return response
