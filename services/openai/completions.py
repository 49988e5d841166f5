"""POST /completions, OpenAI's older API, on top of a chat: pure translation.

A prompt becomes a user's message. What the older API shares with the newer is left to the newer to judge.
"""

from collections.abc import Iterable, Iterator
from contextlib import closing
from typing import Annotated, Any

from pydantic import AfterValidator, BaseModel, BeforeValidator

from pennyworth.errors import Problem
from services.openai.chat import Choices
from services.openai.converse import Envelope
from services.openai.eventdata import data, event, read
from services.openai.strict import STRICT, nothing_but
from services.openai.vocabulary import are_ids, as_text, require_few

MOST_PROMPTS = 20  # what LangChain sends at once by default
_WANTED = "must be text that is not blank, token ids of such, or an array of either"
_MAX_TOKENS = 16  # OpenAI's default in this API
# What a chat calls by the same name.
_SHARED = (
    *("frequency_penalty", "n", "presence_penalty", "seed", "stop", "stream", "stream_options", "temperature"),
    *("top_p", "user"),
)


def _prompts(given: object) -> object:
    """A string, or one array of token ids, as an array of it."""
    if are_ids(given):
        return _prompts(as_text(given))
    if isinstance(given, str) and given.strip():
        return [given]
    if isinstance(given, list) and given:
        if len(given) > MOST_PROMPTS:
            raise ValueError(f"holds {len(given)} prompts, and {MOST_PROMPTS} are the most: send several requests")
        require_few(given)
        return given
    raise ValueError(_WANTED)


def _said(prompt: str) -> str:
    if not prompt.strip():
        raise ValueError(_WANTED)
    return prompt


Prompt = Annotated[str, AfterValidator(_said), BeforeValidator(as_text)]


Nothing = Annotated[Any, nothing_but("", {}, remedy="No model here can do that. Leave it out.")]


class CompletionRequest(BaseModel):
    """Source: OpenAI's API reference, Create completion (as in openai-python 3.54)."""

    model_config = STRICT
    model: str
    prompt: Annotated[list[Prompt], BeforeValidator(_prompts)]
    echo: bool | None = None
    best_of: int | None = None
    max_tokens: Any = None
    frequency_penalty: Any = None
    n: Choices | None = None
    presence_penalty: Any = None
    seed: Any = None
    stop: Any = None
    stream: Any = None
    stream_options: Any = None
    temperature: Any = None
    top_p: Any = None
    user: Any = None
    logit_bias: Nothing = None
    logprobs: Nothing = None
    suffix: Nothing = None


def chats(request: CompletionRequest) -> list[dict[str, Any]]:
    """The body of a chat for each prompt. Raises Problem."""
    if request.stream and len(request.prompt) > 1:
        raise Problem("invalid_value", param="prompt", reason="with 'stream' one prompt: send a request for each")
    if request.best_of is not None and request.best_of != (request.n or 1):
        raise Problem("invalid_value", param="best_of", reason="must equal 'n': no model here ranks its answers")
    shared = {name: value for name in _SHARED if (value := getattr(request, name)) is not None}
    shared["max_tokens"] = _MAX_TOKENS if request.max_tokens is None else request.max_tokens
    return [
        {"model": request.model, "messages": [{"role": "user", "content": text}], **shared} for text in request.prompt
    ]


def text_completion(
    completions: Iterable[dict[str, Any]], request: CompletionRequest, envelope: Envelope
) -> dict[str, Any]:
    """The chats' completions as one: the choices in the order of the prompts, the usage summed."""
    choices: list[dict[str, Any]] = []
    usage = dict.fromkeys(("prompt_tokens", "completion_tokens", "total_tokens"), 0)
    cached = 0
    for prompt, completion in zip(request.prompt, completions, strict=True):
        for choice in completion["choices"]:
            text = (prompt if request.echo else "") + (choice["message"]["content"] or "")
            choices.append(_choice(text, len(choices), choice["finish_reason"]))
        usage = {name: count + completion["usage"][name] for name, count in usage.items()}
        cached += (completion["usage"].get("prompt_tokens_details") or {}).get("cached_tokens") or 0
    made = {"id": envelope.id, "object": "text_completion", "created": envelope.created, "model": envelope.model}
    return {**made, "choices": choices, "usage": {**usage, "prompt_tokens_details": {"cached_tokens": cached}}}


def text_events(events: Iterator[bytes], request: CompletionRequest) -> Iterator[bytes]:
    """A chat's server-sent events as those of a completion; `[DONE]` and an error pass as they are."""
    told: set[int] = set()  # choices that have echoed the prompt
    with closing(events):  # type: ignore[type-var]  # a generator, as every stream of ours
        for together in events:
            made = [_event(said, request, told) for said in data(together)]
            if any(made):
                yield b"".join(made)


def _event(said: bytes, request: CompletionRequest, told: set[int]) -> bytes:
    """Empty for one that adds no text: a role, or what a model thinks."""
    chunk = read(said)
    if chunk is None or "choices" not in chunk:
        return b"data: " + said + b"\n\n"
    choices = []
    for choice in chunk["choices"]:
        index, text = choice["index"], choice["delta"].get("content") or ""
        if request.echo and index not in told:
            text = request.prompt[0] + text
        told.add(index)
        if text or choice.get("finish_reason"):
            choices.append(_choice(text, index, choice.get("finish_reason")))
    if chunk["choices"] and not choices:
        return b""
    made = {**chunk, "object": "text_completion", "choices": choices}
    return event(made)


def _choice(text: str, index: int, finish_reason: str | None) -> dict[str, Any]:
    return {"text": text, "index": index, "logprobs": None, "finish_reason": finish_reason}
