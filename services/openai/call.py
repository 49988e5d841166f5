"""A caller's request to a model, from API Gateway's event to the provider that answers it."""

import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeVar

from aws_lambda_powertools.event_handler import Response

from pennyworth.body import load
from pennyworth.errors import Problem
from pennyworth.http import Event, advise, began_at, content, log_also, principal
from pennyworth.policy import authorize
from pennyworth.principal import Principal
from pennyworth.runtime import deadline
from pennyworth.runtime.deadline import TimeIsUp
from services.openai import routing
from services.openai.catalogue import Model
from services.openai.failover import Begun, Failover
from services.openai.guardrail import guardrail
from services.openai.meter import Meter
from services.openai.providers.lanes import Paid
from services.openai.providers.provider import LONGEST_WAIT_S, Provider
from services.openai.tokens import estimate

Answer = TypeVar("Answer")

_STREAMING = frozenset({"/chat/completions", "/completions", "/messages", "/responses"})
# What of a body the model reads, in any of the APIs.
_PROMPT = ("messages", "system", "tools", "response_format", "prompt", "input", "instructions")
# What may be done where an answer did not come in time, by route.
_SMALLER = {"/embeddings": "Send fewer inputs at once."}
_SHORTER = "Send less at once."
_STREAM = "Ask with 'stream': true, to get as much of it as there is by then, or ask for less."
_BEGIN = "Even with 'stream': true nothing of it was there by then: ask for less, or with less reasoning."


class Call:
    """What is asked of a model of some kind, by a caller who may. Raises Problem when made.

    `ends_at`, a reading of time.monotonic, is when a provider must have answered, other attempts included. What only
    counts tokens is not `billed`: it leaves no usage record, and goes on when a budget is spent.
    """

    def __init__(self, event: Event, kind: str, *, billed: bool = True) -> None:
        self.ends_at = min(deadline.ends_at(), time.monotonic() + LONGEST_WAIT_S)
        self.caller: Principal = principal(event)
        # Before anything is read: who may not ask learns nothing else.
        authorize(self.caller, "inference", spends=billed)
        self.body: dict[str, Any] = load(content(event))
        self.model = _model_name(self.body)  # as the client names it
        self.streamed = _streamed(self.body)
        self._candidates = routing.candidates(self.model, self.caller, kind)
        self._served = self._candidates[0]
        self.guardrail = guardrail(event.get("headers"), self.caller)
        self.meter = Meter(self.model, kind if billed else None, began_at(event))
        self.stored: Sequence[Any] = ()  # what the model reads beside the body: of the conversation it goes on from
        self._provider: Provider | None = None  # that was asked last
        self.meter.prompt = self._prompt
        self._route = str(event.get("resource"))
        self.meter.most = self._most
        log_also(event, self.meter.fields)
        advise(event, _remedy(event.get("resource"), self.streamed))

    def answer(self, ask: Callable[[Provider], Answer]) -> Answer:
        """What the model's provider says when asked so, or that of the next model that may answer in its place.

        A stream has said something when this returns: from then on no other model can answer. Raises a provider's
        Problem.
        """

        def provider(model: Model) -> Provider:
            self._served = model
            self.meter.asks(model)  # also where there is no way to it
            return routing.provider(model, self.caller, self.ends_at, self.guardrail)

        def asked(provider: Provider) -> Answer:
            self.meter.asks(self._served)  # once more for each try: what the last one told is paid for
            self._provider = provider
            provider.paid = Paid(self.meter)
            try:
                answer = ask(provider)
                return Begun(answer) if isinstance(answer, Iterator) else answer  # type: ignore[return-value]
            except (TimeIsUp, Problem) as error:
                self.meter.cut = isinstance(error, TimeIsUp) or error.code == "timeout"
                raise

        return Failover(self.ends_at, routing.random).answer(self._candidates, provider, asked)

    def _prompt(self) -> int:
        """An estimate of its tokens, as often as they are read."""
        tokens = estimate([{name: self.body[name] for name in _PROMPT if name in self.body}, *self.stored])
        n = self.body.get("n")
        if not isinstance(n, int) or n < 2 or self._provider is None or not self._provider.rereads:
            return tokens
        return tokens * n

    def _most(self, model: Model, waited_s: float) -> int:
        from services.openai.unseen import most  # most answers come in time

        return most(self._route, self.body, model, waited_s)

    @property
    def headers(self) -> dict[str, str]:
        """For the answer: the model that served it, by its own name."""
        return {"x-pennyworth-model": self._served.name}


def accuracy(exact: bool) -> dict[str, str]:
    """The header of a count of tokens."""
    return {"x-pennyworth-token-count": "exact" if exact else "estimate"}


def event_stream(events: Iterator[bytes], call: Call) -> Response[Any]:
    """Of a provider that has answered: what it refuses was raised while a status could still be chosen."""
    headers = {"cache-control": "no-cache", **call.headers}
    return Response(200, "text/event-stream; charset=utf-8", events, headers=headers)


def _remedy(route: object, streamed: bool) -> str:
    if route in _STREAMING:
        return _BEGIN if streamed else _STREAM
    return _SMALLER.get(str(route), _SHORTER)


def _streamed(body: dict[str, Any]) -> bool:
    """An upstream may read `1` or "true" as true, and its answer would then not be the one expected."""
    stream = body.get("stream")
    if stream is not None and not isinstance(stream, bool):
        raise Problem("invalid_value", param="stream", reason="must be true or false")
    return stream is True


def _model_name(body: dict[str, Any]) -> str:
    name = body.get("model")
    if name is None:
        raise Problem("missing_required_parameter", param="model")
    if not isinstance(name, str):
        raise Problem("invalid_value", param="model", reason="must be a string")
    return name
