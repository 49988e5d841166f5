"""Models that Amazon Bedrock itself serves in OpenAI's format: asked there, signed as the user, and all but the model's
name passes unchanged.

Source: Amazon Bedrock user guide, Chat Completions API with the bedrock-runtime endpoint (read 2026-11).
"""

import time
from collections.abc import Callable, Iterator
from math import inf
from typing import Any

from pennyworth.aws import Aws, AwsError, Credentials, Pieces
from pennyworth.errors import ForeignProblem, Problem
from pennyworth.principal import Principal
from pennyworth.runtime.deadline import each_in_time, ends_at
from services.openai.catalogue import Model
from services.openai.converse import Envelope
from services.openai.faults import problem
from services.openai.meter import Meter
from services.openai.providers.passing import asking, honest, metered, whole
from services.openai.providers.provider import LONGEST_WAIT_S, Provider
from services.openai.refusal import texts

_PATH = "/openai/v1/chat/completions"


class Native(Provider):
    """One caller's way to one model. The transport below has tried a refused call again before it is heard of here, so
    `retries` stays 0."""

    def __init__(
        self,
        aws: Aws,
        credentials_of: Callable[[Principal], Credentials],
        caller: Principal,
        model: Model,
        deadline: float = inf,
    ) -> None:
        """`deadline`: a reading of time.monotonic, until which an answer is waited for."""
        self._aws, self._credentials_of, self._caller, self._model = aws, credentials_of, caller, model
        self._deadline, self.output_limit = deadline, model.max_output_tokens

    def complete(self, body: dict[str, Any], _: Envelope) -> dict[str, Any]:
        """The model's completion, unchanged. Raises Problem."""
        completion: dict[str, Any] = self._asked(self._aws.post, body)
        if self.paid is not None and isinstance(usage := completion.get("usage"), dict):
            self.paid.add(usage, completion.get("service_tier"))
        return completion

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """The model's server-sent events, unchanged. Bedrock has answered when this returns.

        Its usage is asked for in any case, for the meter; the client reads of it if it asked, too.
        """
        asked, told = asking(body)
        pieces = self._asked(self._aws.pieces, asked)
        return metered(honest(whole(self._read(pieces)), self._in_stream), body, envelope, meter, told=told)

    def embed(self, _: dict[str, Any]) -> dict[str, Any]:
        """Raises Problem: these models chat."""
        reason = f"'{self._model.name}' is a model for chats: POST /chat/completions and its like"
        raise Problem("invalid_value", param="model", reason=reason)

    def _asked(self, call: Callable[..., Any], body: dict[str, Any]) -> Any:
        asked = {**body, "model": self._model.id}
        wait_s = max(min(LONGEST_WAIT_S, min(self._deadline, ends_at()) - time.monotonic()), 0.001)
        try:
            credentials = self._credentials_of(self._caller)
            return call("bedrock-runtime", _PATH, asked, credentials=credentials, timeout_s=wait_s)
        except AwsError as error:
            raise self._problem(error) from error

    def _problem(self, error: AwsError) -> Problem:
        """What Bedrock says of the request in OpenAI's own words is the client's to read; of all else, ours."""
        if error.status == 400 and error.error is not None:
            known = problem(error, self._model.name)  # logged there
            return ForeignProblem(400, texts(error.error, known.message))
        return problem(error, self._model.name)

    def _in_stream(self, status: int, error: object) -> Problem:
        refused = AwsError(str(status), status)
        refused.error = error if isinstance(error, dict) else {}
        return self._problem(refused)

    def _read(self, pieces: Pieces) -> Iterator[bytes]:
        """The same bytes; when they end, however they end, nothing goes on for nobody. Raises Problem."""
        try:
            yield from each_in_time(iter(pieces))
        except AwsError as error:
            raise problem(error, self._model.name) from error
        finally:
            pieces.close()
