"""Amazon Bedrock through Converse and InvokeModel, called as the user."""

import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeVar
from urllib.parse import quote

from pennyworth.aws import Aws, AwsError, Credentials, Events
from pennyworth.body import check
from pennyworth.principal import Principal
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.choices import interleaved, summed, together
from services.openai.chunks import Event, stream_chunks
from services.openai.completions import MOST_PROMPTS, CompletionRequest, chats, text_completion, text_events
from services.openai.converse import Envelope, from_converse, reading, to_converse, usage
from services.openai.embeddings import Batch, Embedded, EmbeddingRequest, batches, embedding_list
from services.openai.faults import problem
from services.openai.makers import from_invoke, to_invoke
from services.openai.meter import Meter
from services.openai.providers.lanes import answers
from services.openai.sse import sse

# API Gateway ends a stream that was silent for 5 minutes, with an error of its own; ours must come first, also when the
# credentials took their time.
_WAIT_S = 280.0

Answer = TypeVar("Answer")
CredentialsOf = Callable[[Principal], Credentials]


class Spent:
    """The usage of calls whose answers pass together. The meter hears of it when all have told theirs: of some, it
    would take it for the whole."""

    def __init__(self, calls: int, meter: Meter) -> None:
        self.meter = meter
        self._calls, self._usages = calls, list[dict[str, Any]]()

    def add(self, usage: dict[str, Any], tier: object) -> None:
        self._usages.append(usage)
        if len(self._usages) == self._calls:
            self.meter.read(summed(self._usages), tier)


class Bedrock:
    """One caller's way to one model."""

    name = "bedrock"

    def __init__(self, aws: Aws, credentials_of: CredentialsOf, caller: Principal, model: Model) -> None:
        self._aws, self._credentials_of, self._caller, self._model = aws, credentials_of, caller, model
        self.price = model.price

    def complete(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """The completion. Raises Problem."""
        request = check(ChatRequest, body)
        converse = to_converse(request, self._model)
        replies = self._called(self._aws.post, "converse", converse, request.n)
        return together([from_converse(reply, envelope, reading(request, converse)) for reply in replies])

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Server-sent events. Bedrock has answered when this returns, so what Bedrock refuses still raises Problem
        here, while a status can be chosen."""
        request = check(ChatRequest, body)
        converse = to_converse(request, self._model)
        streams = self._opened(converse, request.n)
        read = reading(request, converse)
        spent = Spent(len(streams), meter)
        chunks = [
            stream_chunks(self._events(messages, spent), envelope, request.include_usage, read) for messages in streams
        ]
        if len(streams) == 1:
            return _closing(streams, sse(chunks[0], lambda: streams[0].pending))
        return _closing(streams, sse(interleaved(chunks)))

    def _opened(self, converse: dict[str, Any], times: int | None) -> list[Events]:
        """The streams, all open; or none is, and the first Problem is raised."""
        opened: list[Events] = []

        def stream(*asked: Any, **how: Any) -> Events:
            events = self._aws.stream(*asked, **how)
            opened.append(events)
            return events

        try:
            return self._called(stream, "converse-stream", converse, times)
        except BaseException:
            _close(opened)
            raise

    def _called(
        self, call: Callable[..., Answer], operation: str, converse: dict[str, Any], times: int | None
    ) -> list[Answer]:
        """What Bedrock answers, as often as it is asked: all at once. Raises the first Problem."""
        path = f"/model/{quote(self._model.id, safe='')}/{operation}"
        try:
            credentials = self._credentials_of(self._caller)
            ask = partial(call, "bedrock-runtime", path, converse, credentials=credentials, timeout_s=_WAIT_S)
            return list(answers(lambda _: ask(), list(range(times or 1))))
        except AwsError as error:
            raise problem(error, self._model.name) from error

    def complete_prompt(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """The completion of the older API. Raises Problem."""
        request = check(CompletionRequest, body)
        at_once = MOST_PROMPTS // (request.n or 1)  # each prompt's chat makes `n` calls of its own
        completions = answers(lambda chat: self.complete(chat, envelope), chats(request), at_once)
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

    def message(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """Anthropic's Message. Raises Problem."""
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.reply import from_converse as message
        from services.openai.messages.request import to_converse as converse

        request = check(MessagesRequest, body)
        (reply,) = self._called(self._aws.post, "converse", converse(request, self._model), 1)
        return message(reply, envelope, one_call=request.one_call)

    def stream_message(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Its events, as `stream`. A model that calls tools only in whole answers is asked for one."""
        from services.openai.messages.events import message_events, whole_events
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.reply import metered
        from services.openai.messages.request import to_converse as converse
        from services.openai.messages.sse import named_events

        request = check(MessagesRequest, body)
        asked = converse(request, self._model)
        if "toolConfig" in asked and not self._model.accepts("stream_tools"):
            whole = self.message(body, envelope)
            meter.read(metered(whole["usage"]))
            return named_events(whole_events(whole), lambda: True)
        streams = self._opened(asked, 1)
        events = self._events(streams[0], Spent(1, meter))
        told = message_events(events, envelope, one_call=request.one_call)
        return _closing(streams, named_events(told, lambda: streams[0].pending))

    def message_tokens(self, body: dict[str, Any]) -> tuple[int, bool]:
        """How many tokens a prompt has, and whether Bedrock counted them: it does for some models only."""
        from services.openai.messages.params import CountRequest
        from services.openai.messages.tokens import count_input, counted_as, estimate

        request = check(CountRequest, body)
        asked, model_id = count_input(request, self._model), counted_as(self._model)
        if model_id is not None:
            path = f"/model/{quote(model_id, safe='')}/count-tokens"
            try:
                credentials = self._credentials_of(self._caller)
                reply = self._aws.post("bedrock-runtime", path, asked, credentials=credentials, timeout_s=_WAIT_S)
                return reply["inputTokens"], True
            except AwsError as error:
                # What it says of a model that it invokes and does not count, in some Regions of the same model.
                if error.code != "ValidationException" or "counting tokens" not in error.message:
                    raise problem(error, self._model.name) from error
        return estimate(asked), False

    def _events(self, messages: Events, spent: Spent) -> Iterator[Event]:
        try:
            for name, payload in messages:
                event = json.loads(payload)
                if name == "contentBlockDelta":
                    spent.meter.pieces += 1
                elif name == "metadata":
                    spent.add(usage(event["usage"]), event.get("serviceTier", {}).get("type"))
                yield name, event
        except AwsError as error:
            raise problem(error, self._model.name) from error


def _closing(streams: list[Events], events: Iterator[bytes]) -> Iterator[bytes]:
    """The same events; when they end, however they end, no stream goes on for nobody."""
    try:
        yield from events
    finally:
        _close(streams)


def _close(streams: list[Events]) -> None:
    for stream in streams:
        stream.close()
