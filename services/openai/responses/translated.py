"""A response made of a chat."""

from collections.abc import Iterator
from typing import Any

from pennyworth.body import check
from services.openai import converse
from services.openai.call import Call
from services.openai.eventdata import chunks
from services.openai.failover import Begun
from services.openai.files.references import filled
from services.openai.providers.provider import Provider, Spoken
from services.openai.responses.chats import Chat
from services.openai.responses.conversation import told
from services.openai.responses.events import Answer
from services.openai.responses.keeping import Keeping, now
from services.openai.responses.request import ResponseRequest
from services.openai.responses.response import Envelope, Response, begun
from services.openai.responses.toolbox import Toolbox

Event = dict[str, Any]


class Translated:
    """One request to one provider's model. Raises Problem when made, for what no chat can say."""

    def __init__(self, call: Call, provider: Provider, keeping: Keeping) -> None:
        request = check(ResponseRequest, call.body)
        keeping.judge(request.store)
        said = told(request, keeping.state, keeping.id)
        keeping.take(said)
        call.stored = said.stored
        toolbox = Toolbox(request.tools, request.tool_choice)
        self._call, self._provider, self._keeping = call, provider, keeping
        self._chat = Chat(request, said.placed, toolbox)
        envelope = Envelope(keeping.id, now(), len(said.items))
        self._made = converse.Envelope(f"chatcmpl-{keeping.id.removeprefix('resp_')}", envelope.created_at, call.model)
        self._answer = Answer(
            begun(request, toolbox, envelope, stored=keeping.stored),
            envelope,
            toolbox,
            as_summary=request.summary is not None,
            shows_encrypted=request.shows_encrypted,
        )

    def complete(self) -> Spoken:
        """The chat's answer. Raises Problem."""
        with self._chat.told():
            return self._provider.spoken(self._body(), self._made)

    def stream(self) -> Iterator[bytes]:
        """The chat's events, begun. Raises Problem."""
        with self._chat.told():
            return Begun(self._provider.stream(self._body(), self._made, self._call.meter))

    def response(self, spoken: Spoken) -> Response:
        self._call.meter.read(spoken.usage, spoken.service_tier)
        for _ in self._answer.events(list(spoken.chunks), now):
            pass
        self._keeping.save(self._answer.response)
        return self._answer.shown()

    def events(self, source: Iterator[bytes]) -> Iterator[Event]:
        spoken = chunks(source)
        try:
            yield from self._answer.events(spoken, now)
            self._keeping.save(self._answer.response)
            yield self._answer.end()
        finally:
            spoken.close()  # type: ignore[attr-defined]  # a generator

    def _body(self) -> dict[str, Any]:
        return filled(self._chat.body, self._call.caller)
