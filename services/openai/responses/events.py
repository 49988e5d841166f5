"""A chat's chunks as the events of a response: pure translation. Folded, the events are the whole response."""

from collections.abc import Callable, Iterable, Iterator
from copy import deepcopy
from typing import Any

from pennyworth.errors import Problem
from services.openai.reasoning import thought as told_thought
from services.openai.responses.output import Call, Event, Message, Open, Thought
from services.openai.responses.response import ENDS, Envelope, Response, error, usage
from services.openai.responses.toolbox import Toolbox


class Answer:
    """A response as it grows. `response` is what there is of it, reasoning to keep included."""

    def __init__(
        self, response: Response, envelope: Envelope, toolbox: Toolbox, *, as_summary: bool, shows_encrypted: bool
    ) -> None:
        self.response, self._envelope, self._toolbox = response, envelope, toolbox
        self._as_summary, self._shows_encrypted = as_summary, shows_encrypted
        self._open: Message | Thought | None = None
        self._calls: dict[int, Call] = {}  # they stay open to the end: a chat may go back and forth between them
        self._items: list[Open] = []
        self._finish: str | None = None
        self._error: dict[str, Any] | None = None
        self._number = 0

    def events(self, chunks: Iterable[dict[str, Any]], now: Callable[[], int]) -> Iterator[Event]:
        """All but the last event, which `end` makes. `now` tells unix seconds."""
        for step in ("created", "in_progress"):
            yield self._numbered({"type": f"response.{step}", "response": deepcopy(self.response)})
        for event in self._read(chunks):
            yield self._numbered(self._shown(event))
        self._settle(now())

    def end(self) -> Event:
        """The last event: the whole response."""
        return self._numbered({"type": f"response.{self.response['status']}", "response": self.shown()})

    def shown(self) -> Response:
        """The response as the client asked to see it."""
        return self.response if self._shows_encrypted else without_encrypted(self.response)

    def _read(self, chunks: Iterable[dict[str, Any]]) -> Iterator[Event]:
        try:
            for chunk in chunks:
                if "error" in chunk:
                    self._error = chunk["error"] if isinstance(chunk["error"], dict) else {}
                    break
                yield from self._chunk(chunk)
        except Problem as problem:
            self._error = problem.body["error"]
        if self._finish is None and self._error is None:
            self._error = Problem("upstream_error").body["error"]
        whole = "completed" if self._finish in ("stop", "tool_calls", "function_call") else "incomplete"
        yield from self._put_down(whole)
        for call in self._calls.values():
            yield from call.closed(whole)
        if self._error is not None:
            told = {name: self._error.get(name) for name in ("code", "param")}
            yield {"type": "error", "message": error(self._error)["message"], **told}

    def _chunk(self, chunk: dict[str, Any]) -> Iterator[Event]:
        if chunk.get("usage"):
            self.response["usage"] = usage(chunk["usage"])
        if chunk.get("service_tier"):
            self.response["service_tier"] = chunk["service_tier"]
        for choice in chunk.get("choices") or ():
            yield from self._delta(choice.get("delta") or {})
            self._finish = choice.get("finish_reason") or self._finish

    def _delta(self, delta: dict[str, Any]) -> Iterator[Event]:
        text = told_thought(delta)
        blocks = delta.get("thinking_blocks")
        if text or blocks:
            thought = self._open
            if not isinstance(thought, Thought):
                yield from self._put_down("completed")
                thought = Thought(*self._next("reasoning"), as_summary=self._as_summary)
                yield from self._take_up(thought)
            thought.keep(blocks or [])
            yield from thought.add(text) if text else ()
        for field, kind in (("content", "output_text"), ("refusal", "refusal")):
            if delta.get(field):
                message = self._open
                if not isinstance(message, Message):
                    yield from self._put_down("completed")
                    message = Message(*self._next("message"))
                    yield from self._take_up(message)
                yield from message.add(kind, delta[field])
        for call in delta.get("tool_calls") or ():
            yield from self._called(call)

    def _called(self, delta: dict[str, Any]) -> Iterator[Event]:
        function, index = delta.get("function") or {}, delta.get("index", len(self._calls))
        call = self._calls.get(index)
        if call is None:
            yield from self._put_down("completed")
            made = self._toolbox.made(function.get("name") or "")
            kind = "custom_tool_call" if made.type == "custom" else "function_call"
            call = Call(*self._next(kind), delta.get("id") or f"call_{index}", made)
            self._calls[index] = call
            self._items.append(call)
            yield call.opened()
        yield from call.add(function.get("arguments") or "")

    def _next(self, kind: str) -> tuple[int, str]:
        return len(self._items), self._envelope.item_id(kind, len(self._items))

    def _take_up(self, item: Message | Thought) -> Iterator[Event]:
        self._open = item
        self._items.append(item)
        yield item.opened()

    def _put_down(self, status: str) -> Iterator[Event]:
        item, self._open = self._open, None
        if item is not None:
            yield from item.closed(status)

    def _settle(self, now: int) -> None:
        made = self.response
        made["output"] = [item.item for item in self._items]
        if self._error is not None:
            made |= {"status": "failed", "error": error(self._error)}
        elif self._finish in ENDS:
            made |= {"status": "incomplete", "incomplete_details": {"reason": ENDS[self._finish]}}
        else:
            made |= {"status": "completed", "completed_at": now}

    def _numbered(self, event: Event) -> Event:
        self._number += 1
        return {"type": event["type"], "sequence_number": self._number - 1, **event}

    def _shown(self, event: Event) -> Event:
        if self._shows_encrypted or "encrypted_content" not in event.get("item", ()):
            return event
        return {**event, "item": _without(event["item"])}


def without_encrypted(response: Response) -> Response:
    """The response for a client that did not ask for reasoning to keep."""
    return {**response, "output": [_without(item) for item in response["output"]]}


def _without(item: dict[str, Any]) -> dict[str, Any]:
    if item["type"] != "reasoning":
        return item
    return {name: value for name, value in item.items() if name != "encrypted_content"}


def as_chunks(completion: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """A whole completion as a stream of one chunk. Raises Problem for an upstream's that is none."""
    try:
        choice = completion["choices"][0]
        message = choice["message"]
        calls = [{**call, "index": index} for index, call in enumerate(message.get("tool_calls") or ())]
        made = {"index": 0, "delta": {**message, "tool_calls": calls}, "finish_reason": choice["finish_reason"]}
        more: dict[str, Any] = {name: completion[name] for name in ("usage", "service_tier") if name in completion}
    except (KeyError, IndexError, TypeError, AttributeError):
        raise Problem("upstream_error") from None
    yield {"choices": [made], **more}
