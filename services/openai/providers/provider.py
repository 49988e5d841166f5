"""What a provider is: one module with `complete`, `stream` and `embed`."""

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple, Protocol

from pennyworth.body import check
from services.openai.converse import Envelope
from services.openai.eventdata import chunks
from services.openai.meter import Meter
from services.openai.providers.lanes import Paid, answers
from services.openai.sse import sse

if TYPE_CHECKING:
    from services.openai.providers.responses import Responses

# API Gateway ends an answer that was silent for 5 minutes, with an error of its own: ours must come first, also when
# the credentials and the images took their time.
LONGEST_WAIT_S = 270.0

# What of a chat's body the model reads.
_PROMPT = ("messages", "tools", "response_format")


class Spoken(NamedTuple):
    """A whole answer to a chat, as the chunks in which it would have been streamed."""

    chunks: Iterable[dict[str, Any]]
    usage: Any
    service_tier: Any


class Provider(Protocol):
    """One caller's way to one model.

    All raise Problem before their first byte; streams yield server-sent events and tell the meter of them. A stream
    whose very first event would be an error raises it instead, when it is asked for that event.
    """

    # How often a call may be repeated: none where what carries it has tried again already, or tries would multiply.
    retries: ClassVar[int] = 0
    # Whether each of several answers (`n`) is a call of its own, which reads the prompt anew and is billed so.
    rereads: ClassVar[bool] = False
    # Told of each of several calls that one whole answer is made of.
    paid: Paid | None = None
    # The most tokens the model answers with, where that is known.
    output_limit: int | None = None

    def complete(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]: ...
    def stream(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]: ...
    def embed(self, body: dict[str, Any], /) -> dict[str, Any]: ...

    def complete_prompt(self, body: dict[str, Any], envelope: Envelope, /) -> dict[str, Any]:
        """The completion of the older API: a chat for each prompt, unless the provider has that API itself."""
        from services.openai.completions import MOST_PROMPTS, CompletionRequest, chats, text_completion

        request = check(CompletionRequest, body)
        at_once = MOST_PROMPTS // (request.n or 1)  # each prompt's chat makes `n` calls of its own
        completions = answers(lambda chat: self.complete(chat, envelope), chats(request), at_once)
        return text_completion(completions, request, envelope)

    def stream_prompt(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]:
        """As `stream`, in the older API's form."""
        from services.openai.completions import CompletionRequest, chats, text_events

        request = check(CompletionRequest, body)
        (chat,) = chats(request)
        return text_events(self.stream(chat, envelope, meter), request)

    def message(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> dict[str, Any]:
        """Anthropic's Message: made of a chat, unless the provider speaks that language itself. Raises Problem."""
        from services.openai.messages.chat import chat_body, from_chat
        from services.openai.messages.params import MessagesRequest

        completion = self.complete(chat_body(check(MessagesRequest, body), self.output_limit), envelope)
        meter.read(completion.get("usage"), completion.get("service_tier"))
        return from_chat(completion, envelope)

    def stream_message(self, body: dict[str, Any], envelope: Envelope, meter: Meter, /) -> Iterator[bytes]:
        """Its events. The status is known when this returns."""
        from services.openai.messages.chat import chat_body, chat_events
        from services.openai.messages.params import MessagesRequest
        from services.openai.messages.sse import MESSAGE

        chat = self.stream(chat_body(check(MessagesRequest, body), self.output_limit), envelope, meter)
        return sse(chat_events(chunks(chat), envelope), form=MESSAGE)

    def message_tokens(self, body: dict[str, Any], /) -> tuple[int, bool]:
        """How long a prompt is, and whether it was counted: a chat's provider counts afterwards only."""
        from services.openai.messages.chat import prompt_body
        from services.openai.messages.params import CountRequest

        return self.chat_tokens(prompt_body(check(CountRequest, body)))

    def spoken(self, body: dict[str, Any], envelope: Envelope, /) -> Spoken:
        """As `complete`, for a Responses API that is made of a chat. Of a completion nobody knows what was said before
        a tool's call and what after it: there all text goes first. What is no completion raises Problem when read."""
        from services.openai.responses.events import as_chunks

        completion = self.complete(body, envelope)
        return Spoken(as_chunks(completion), completion.get("usage"), completion.get("service_tier"))

    def responses(self) -> "Responses | None":
        """The provider's own Responses API, where it has one; elsewhere a response is made of a chat."""
        return None

    def chat_tokens(self, body: dict[str, Any], /) -> tuple[int, bool]:
        """As `message_tokens`, of a chat's body."""
        from services.openai.tokens import estimate

        return estimate({name: body[name] for name in _PROMPT if name in body}), False
