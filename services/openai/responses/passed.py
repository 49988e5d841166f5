"""A response that the model's provider makes itself."""

from collections.abc import Iterator
from typing import Any

from pennyworth.body import check
from pennyworth.errors import Problem
from pennyworth.runtime.deadline import TimeIsUp
from services.openai.call import Call
from services.openai.eventdata import chunks
from services.openai.files.references import filled
from services.openai.providers.responses import Responses
from services.openai.responses.conversation import Told, told
from services.openai.responses.items import raw_items
from services.openai.responses.keeping import Keeping
from services.openai.responses.passing import LAST, Passing, chat_usage, theirs
from services.openai.responses.request import ENCRYPTED, PassedRequest
from services.openai.responses.response import Response

Event = dict[str, Any]


class Passed:
    """One request to one provider's model. Raises Problem when made, for what is kept there for all of us."""

    def __init__(self, call: Call, responses: Responses, keeping: Keeping) -> None:
        request = check(PassedRequest, call.body)
        keeping.judge(request.store)
        said = told(request, keeping.state, keeping.id, read=raw_items)
        keeping.take(said)
        call.stored = said.stored
        self._call, self._responses, self._keeping = call, responses, keeping
        self._body = prompted(call, said)
        ours = {
            "id": keeping.id,
            "previous_response_id": request.previous_response_id,
            "store": keeping.stored,
        }
        shows = ENCRYPTED in (request.include or ()) or request.store is False
        self._passing = Passing(ours, shows_encrypted=shows)

    def complete(self) -> Any:
        """The provider's response. Raises Problem."""
        return self._responses.create(self._body)

    def stream(self) -> Iterator[bytes]:
        """The provider's events. Raises Problem."""
        return self._responses.stream(self._body)

    def response(self, made: dict[str, Any]) -> Response:
        self._passing.whole(made)
        self._finish()
        return self._passing.shown()

    def events(self, source: Iterator[bytes]) -> Iterator[Event]:
        """Raises Problem for a stream that just ends."""
        spoken, meter, failed = chunks(source), self._call.meter, False
        try:
            for one in spoken:
                meter.pieces += str(one.get("type")).endswith(".delta")
                event = self._passing.event(one)
                if event.get("type") in LAST:
                    self._finish()
                    yield {**event, "response": self._passing.shown()}
                    return
                failed = failed or event.get("type") == "error"
                yield event
        except TimeIsUp:
            meter.cut = True
            event = self._passing.cut()
            self._finish()
            yield {**event, "response": self._passing.shown()}
            return
        finally:
            spoken.close()  # type: ignore[attr-defined]  # a generator
        if not failed:
            raise Problem("upstream_error")

    def _finish(self) -> None:
        made = self._passing.response
        self._call.meter.read(chat_usage(made.get("usage")), made.get("service_tier"))
        if isinstance(made.get("output"), list):
            self._keeping.save(made)


def prompted(call: Call, said: Told) -> dict[str, Any]:
    """The provider's request: the client's, with all that was said before in it."""
    body = {name: value for name, value in call.body.items() if name != "previous_response_id"}
    if any(said.kept):
        body["input"] = said.items
    if isinstance(body["input"], list):
        body["input"] = theirs(body["input"])
    return filled(body, call.caller)
