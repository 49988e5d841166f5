"""Any OpenAI-compatible provider: client and provider speak the same language, so all but the model's name passes
unchanged."""

import time
from collections.abc import Iterator
from math import inf
from typing import TYPE_CHECKING, Any

from pennyworth.errors import Problem
from pennyworth.runtime.deadline import each_in_time
from services.openai.catalogue import Model
from services.openai.converse import Envelope
from services.openai.meter import Meter
from services.openai.providers.passing import asking, honest, metered, unasking, whole
from services.openai.providers.provider import LONGEST_WAIT_S, Provider
from services.openai.providers.server import Server, document

if TYPE_CHECKING:
    import requests

    from services.openai.providers.responses import Responses


# By these, gateways such as OpenRouter and LiteLLM's let a request choose among models: no policy would see which.
# Sources: OpenRouter's documentation, model fallbacks and presets; LiteLLM's, fallbacks (read 2026-11).
_OTHER_MODELS = ("models", "fallbacks", "preset")


class Upstream(Provider):
    """One model there."""

    retries = 2  # plain HTTP below, which tries once

    def __init__(self, server: Server, model: Model, deadline: float = inf) -> None:
        """`deadline`: a reading of time.monotonic, until which an answer is waited for."""
        self._server, self._model, self._deadline = server, model, deadline
        self.output_limit = model.max_output_tokens

    def complete(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """The provider's completion, unchanged. Raises Problem."""
        return document(self._post("/chat/completions", body))

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """The provider's server-sent events, unchanged; its status is known when this returns.

        Its usage is asked for in any case, for the meter, unless it refuses that; the client reads of it if it asked,
        too.
        """
        return self._streamed("/chat/completions", body, envelope, meter)

    def complete_prompt(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """As `complete`, of the older API."""
        return document(self._post("/completions", body))

    def stream_prompt(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """As `stream`, of the older API."""
        return self._streamed("/completions", body, envelope, meter)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The provider's list of embeddings, unchanged. Raises Problem."""
        return document(self._post("/embeddings", body))

    def responses(self) -> "Responses | None":
        """Its own Responses API, where a setting says that it has one."""
        if not self._server.responds:
            return None
        from services.openai.providers.responses import Responses

        return Responses(self._post, _pieces, self._server.problem, self._server.unreasoning, self._model.id)

    def _streamed(self, path: str, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        asked, told = asking(body) if self._server.tells_usage else (unasking(body), True)
        pieces = _pieces(self._post(path, asked, stream=True))
        return metered(honest(whole(pieces), self._server.problem), body, envelope, meter, told=told)

    def _post(self, path: str, body: dict[str, Any], *, stream: bool = False) -> "requests.Response":
        for name in _OTHER_MODELS:
            if body.get(name) is not None:
                reason = "It names models beside 'model', which alone is what you are allowed. Leave it out."
                raise Problem("unsupported_parameter", param=name, reason=reason)
        wait_s = max(min(LONGEST_WAIT_S, self._deadline - time.monotonic()), 0.001)
        return self._server.post(path, {**body, "model": self._model.id}, stream=stream, wait_s=wait_s)


def _pieces(response: "requests.Response") -> Iterator[bytes]:
    """Raises Problem where the answer is cut."""
    import requests

    with response:
        try:
            yield from each_in_time(response.iter_content(chunk_size=None))
        except requests.RequestException:
            raise Problem("upstream_error") from None
