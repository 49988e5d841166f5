"""Amazon Bedrock through Converse and InvokeModel, called as the user."""

import json
import time
from collections.abc import Callable, Iterator
from typing import Any
from urllib.parse import quote

from pennyworth.aws import Aws, AwsError, Credentials
from pennyworth.body import check
from pennyworth.principal import Principal
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.chunks import Event, stream_chunks
from services.openai.completions import MOST_PROMPTS, CompletionRequest, chats, text_completion, text_events
from services.openai.converse import Envelope, from_converse, to_converse, usage
from services.openai.embeddings import Batch, Embedded, EmbeddingRequest, batches, embedding_list
from services.openai.faults import problem
from services.openai.makers import from_invoke, to_invoke
from services.openai.meter import Meter
from services.openai.providers.lanes import answers
from services.openai.sse import sse

# API Gateway ends a stream that was silent for 5 minutes, with an error of its own; ours must come first, also when the
# credentials took their time.
_WAIT_S = 280.0

CredentialsOf = Callable[[Principal], Credentials]


class Bedrock:
    """One caller's way to one model."""

    name = "bedrock"

    def __init__(self, aws: Aws, credentials_of: CredentialsOf, caller: Principal, model: Model) -> None:
        self._aws, self._credentials_of, self._caller, self._model = aws, credentials_of, caller, model
        self.price = model.price

    def complete(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """The completion. Raises Problem."""
        converse = to_converse(check(ChatRequest, body), self._model)
        try:
            reply = self._aws.post(
                "bedrock-runtime",
                self._path("converse"),
                converse,
                credentials=self._credentials_of(self._caller),
                timeout_s=_WAIT_S,
            )
        except AwsError as error:
            raise problem(error, self._model.name) from error
        return from_converse(reply, envelope)

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Server-sent events. Bedrock's stream is open when this returns, so what Bedrock refuses still raises Problem
        here, while a status can be chosen."""
        request = check(ChatRequest, body)
        converse = to_converse(request, self._model)
        try:
            messages = self._aws.stream(
                "bedrock-runtime",
                self._path("converse-stream"),
                converse,
                credentials=self._credentials_of(self._caller),
                timeout_s=_WAIT_S,
            )
        except AwsError as error:
            raise problem(error, self._model.name) from error
        chunks = stream_chunks(self._events(messages, meter), envelope, request.include_usage)
        return sse(chunks, lambda: messages.pending)

    def complete_prompt(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """The completion of the older API. Raises Problem."""
        request = check(CompletionRequest, body)
        completions = answers(lambda chat: self.complete(chat, envelope), chats(request), MOST_PROMPTS)
        return text_completion(completions, request, envelope)

    def stream_prompt(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """As `stream`, in the older API's form."""
        request = check(CompletionRequest, body)
        (chat,) = chats(request)
        return text_events(self.stream(chat, envelope, meter), request)

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The list of embeddings. Raises Problem."""
        request = check(EmbeddingRequest, body)
        calls = batches(request, self._model)
        path = f"/model/{quote(self._model.id, safe='')}/invoke"
        ends_at = time.monotonic() + _WAIT_S
        try:
            credentials = self._credentials_of(self._caller)
        except AwsError as error:
            raise problem(error, self._model.name) from error

        def embedded(batch: Batch) -> Embedded:
            try:
                reply, headers = self._aws.invoke(
                    "bedrock-runtime",
                    path,
                    to_invoke(batch, request, self._model),
                    credentials=credentials,
                    timeout_s=ends_at - time.monotonic(),
                )
            except AwsError as error:
                raise problem(error, self._model.name, batch.param) from error
            return from_invoke(reply, headers, batch, request, self._model)

        return embedding_list(answers(embedded, calls), request)

    def _events(self, messages: Iterator[tuple[str, bytes]], meter: Meter) -> Iterator[Event]:
        try:
            for name, payload in messages:
                event = json.loads(payload)
                if name == "contentBlockDelta":
                    meter.pieces += 1
                elif name == "metadata":
                    meter.read(usage(event["usage"]))
                yield name, event
        except AwsError as error:
            raise problem(error, self._model.name) from error

    def _path(self, operation: str) -> str:
        return f"/model/{quote(self._model.id, safe='')}/{operation}"
