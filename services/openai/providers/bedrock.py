"""Amazon Bedrock through Converse and InvokeModel, called as the user."""

import time
from collections.abc import Callable, Iterator
from functools import partial
from math import inf
from typing import TYPE_CHECKING, Any, TypeVar
from urllib.parse import quote

from pennyworth.aws import Aws, AwsError, Credentials, Events
from pennyworth.body import check
from pennyworth.principal import Guardrail, Principal
from pennyworth.runtime.deadline import TimeIsUp, each_in_time, ends_at
from pennyworth.settings import settings
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.choices import interleaved, summed, together
from services.openai.chunks import Event, ending, stream_chunks, whole_chunks
from services.openai.converse import Envelope, from_converse, reading, to_converse, usage
from services.openai.eventdata import decoded
from services.openai.faults import problem
from services.openai.formats import require_judged
from services.openai.guardrail import config
from services.openai.meter import Meter
from services.openai.providers.lanes import answers
from services.openai.providers.provider import LONGEST_WAIT_S, Provider, Spoken
from services.openai.sse import sse

if TYPE_CHECKING:
    from services.openai.embeddings import Batch, Embedded

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


class Bedrock(Provider):
    """One caller's way to one model. The transport below has tried a refused call again before it is heard of here, so
    `retries` stays 0."""

    rereads = True

    def __init__(
        self,
        aws: Aws,
        credentials_of: CredentialsOf,
        caller: Principal,
        model: Model,
        deadline: float = inf,
        guardrail: Guardrail | None = None,
    ) -> None:
        """`deadline`: a reading of time.monotonic, until which an answer is waited for."""
        self._aws, self._credentials_of, self._caller, self._model = aws, credentials_of, caller, model
        self._deadline, self._guardrail = deadline, guardrail

    def complete(self, body: dict[str, Any], envelope: Envelope) -> dict[str, Any]:
        """The completion. Raises Problem."""
        request = self._read(body)
        converse = self._converse(request, streamed=False)
        replies = self._called(self._answered, "converse", converse, request.n)
        return together([from_converse(reply, envelope, reading(request, converse)) for reply in replies])

    def _answered(self, *asked: Any, **how: Any) -> dict[str, Any]:
        """The reply, which is paid for from here on."""
        reply = self._aws.post(*asked, **how)
        if self.paid is not None:
            self.paid.add(usage(reply["usage"]), reply.get("serviceTier", {}).get("type"))
        return reply

    def spoken(self, body: dict[str, Any], envelope: Envelope) -> Spoken:
        """The answer with its blocks in their order. Raises Problem."""
        request = self._read(body)
        converse = self._converse(request, streamed=False)
        (reply,) = self._called(self._aws.post, "converse", converse, 1)
        said = whole_chunks(reply, envelope, reading(request, converse))
        return Spoken(said, said[-1]["usage"], said[-1].get("service_tier"))

    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Server-sent events. Bedrock has answered when this returns, so what Bedrock refuses still raises Problem
        here, while a status can be chosen."""
        request = self._read(body)
        converse = self._converse(request, streamed=True)
        streams = self._opened(converse, request.n)
        read = reading(request, converse)
        spent = Spent(len(streams), meter)
        chunks = [
            stream_chunks(self._events(messages, spent), envelope, request.include_usage, read) for messages in streams
        ]
        if len(streams) == 1:
            return _closing(streams, sse(chunks[0], lambda: streams[0].pending))
        return _closing(streams, sse(interleaved(chunks)))

    def _converse(self, request: ChatRequest, *, streamed: bool) -> dict[str, Any]:
        """The Converse body. Raises Problem."""
        converse = to_converse(request, self._model) | config(self._guardrail, streamed=streamed)
        if self._guardrail is not None:
            require_judged(converse, self._model)
        return converse

    def _read(self, body: dict[str, Any]) -> ChatRequest:
        """The request, with the images that it names by their URLs, unless a setting keeps us from fetching any."""
        request = check(ChatRequest, body)
        remote = any(part.image_url and part.image_url.is_remote for m in request.messages for part in m.content or ())
        if remote and self._model.accepts("images") and settings().remote_images:
            from services.openai.remote import seen

            return seen(request)
        return request

    def _opened(self, converse: dict[str, Any], times: int | None) -> list[Events]:
        """The streams, all open; or none is, and the first Problem is raised."""
        opened: list[Events] = []

        def stream(*asked: Any, **how: Any) -> Events:
            events = self._aws.stream(*asked, **how, deadline=ends_at())
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
            ask = partial(call, "bedrock-runtime", path, converse, credentials=credentials, timeout_s=self._wait_s())
            return list(answers(lambda _: ask(), list(range(times or 1))))
        except AwsError as error:
            raise problem(error, self._model.name) from error

    def embed(self, body: dict[str, Any]) -> dict[str, Any]:
        """The list of embeddings. Raises Problem."""
        from services.openai.embeddings import EmbeddingRequest, batches, embedding_list
        from services.openai.makers import from_invoke, to_invoke

        request = check(EmbeddingRequest, body)
        calls = batches(request, self._model)
        path = f"/model/{quote(self._model.id, safe='')}/invoke"
        last_at = time.monotonic() + self._wait_s()
        try:
            credentials = self._credentials_of(self._caller)
        except AwsError as error:
            raise problem(error, self._model.name) from error

        def embedded(batch: "Batch") -> "Embedded":
            try:
                reply, headers = self._aws.invoke(
                    "bedrock-runtime",
                    path,
                    to_invoke(batch, request, self._model),
                    credentials=credentials,
                    timeout_s=last_at - time.monotonic(),
                )
            except AwsError as error:
                raise problem(error, self._model.name, batch.param) from error
            made = from_invoke(reply, headers, batch, request, self._model)
            if self.paid is not None:
                self.paid.add({"prompt_tokens": made.tokens, "total_tokens": made.tokens})
            return made

        return embedding_list(answers(embedded, calls), request)

    def message(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> dict[str, Any]:
        """Anthropic's Message. Raises Problem."""
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.reply import from_converse as message
        from services.openai.messages.request import to_converse as converse

        request = check(MessagesRequest, body)
        asked = converse(request, self._model) | config(self._guardrail, streamed=False)
        (reply,) = self._called(self._aws.post, "converse", asked, 1)
        meter.read(usage(reply["usage"]), reply.get("serviceTier", {}).get("type"))
        return message(reply, envelope, one_call=request.one_call)

    def stream_message(self, body: dict[str, Any], envelope: Envelope, meter: Meter) -> Iterator[bytes]:
        """Its events, as `stream`. A model that calls tools only in whole answers is asked for one."""
        from services.openai.messages.events import message_events, whole_events
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.request import to_converse as converse
        from services.openai.messages.sse import MESSAGE

        request = check(MessagesRequest, body)
        asked = converse(request, self._model) | config(self._guardrail, streamed=True)
        if "toolConfig" in asked and not self._model.accepts("stream_tools"):
            return sse(whole_events(self.message(body, envelope, meter)), lambda: True, MESSAGE)
        streams = self._opened(asked, 1)
        events = self._events(streams[0], Spent(1, meter))
        told = message_events(events, envelope, one_call=request.one_call)
        return _closing(streams, sse(told, lambda: streams[0].pending, MESSAGE))

    def message_tokens(self, body: dict[str, Any]) -> tuple[int, bool]:
        """How many tokens a prompt has, and whether Bedrock counted them: it does for some models only."""
        from services.openai.messages.params import CountRequest
        from services.openai.messages.request import prompt_body

        return self._counted(prompt_body(check(CountRequest, body), self._model))

    def chat_tokens(self, body: dict[str, Any]) -> tuple[int, bool]:
        """As `message_tokens`, of a chat's body."""
        return self._counted(to_converse(self._read(body), self._model))

    def _counted(self, converse: dict[str, Any]) -> tuple[int, bool]:
        from services.openai.tokens import count_input, counted_as, estimate

        asked, model_id = count_input(converse), counted_as(self._model)
        if model_id is not None:
            path = f"/model/{quote(model_id, safe='')}/count-tokens"
            try:
                credentials = self._credentials_of(self._caller)
                reply = self._aws.post(
                    "bedrock-runtime", path, asked, credentials=credentials, timeout_s=self._wait_s()
                )
                return reply["inputTokens"], True
            except AwsError as error:
                # What it says of a model that it invokes and does not count, in some Regions of the same model.
                if error.code != "ValidationException" or "counting tokens" not in error.message:
                    raise problem(error, self._model.name) from error
        return estimate(asked), False

    def _wait_s(self) -> float:
        return max(min(LONGEST_WAIT_S, min(self._deadline, ends_at()) - time.monotonic()), 0.001)

    def _events(self, messages: Events, spent: Spent) -> Iterator[Event]:
        """The events that come in the function's time, and after them what makes an end."""
        told, pieces = set[str](), 0
        try:
            for name, payload in each_in_time(messages):
                event = decoded(payload)
                if name == "contentBlockDelta":
                    pieces += 1
                    spent.meter.pieces += 1
                elif name == "metadata":
                    spent.add(usage(event["usage"]), event.get("serviceTier", {}).get("type"))
                told.add(name)
                yield name, event
        except TimeIsUp:
            spent.meter.cut = spent.meter.cut or "metadata" not in told
            yield from ending(told, pieces)
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
