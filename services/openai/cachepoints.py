"""The cache marks of a request, held to what Bedrock takes."""

from collections.abc import Iterator

from pennyworth.errors import Problem
from services.openai.caching import Marked
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest
from services.openai.conversation import Message

_POINTS = 4
_NOTHING = {"cached_tools": "no tools", "cached_messages": "no messages", "one_hour_cache": "nothing for an hour"}


def require_cache(request: ChatRequest, model: Model) -> None:
    """Raise the Problem of the first mark that Bedrock would refuse. Prompts are cached in the order tools, messages.

    Source: Amazon Bedrock user guide, prompt caching; Anthropic's, for the order of lifetimes (read 2026-11).
    """
    short = False
    for number, (param, mark) in enumerate(_marks(request)):
        place = "cached_tools" if param.startswith("tools") else "cached_messages"
        for capability, needed in ((place, True), ("one_hour_cache", mark.cached_for == "1h")):
            if needed and not model.accepts(capability):
                reason = f"The model '{model.name}' caches {_NOTHING[capability]}: leave the mark out."
                raise Problem("unsupported_parameter", param=param, reason=reason)
        if number == _POINTS:
            raise Problem("invalid_value", param=param, reason=f"Bedrock takes {_POINTS} marks in a request")
        if short and mark.cached_for == "1h":
            raise Problem(
                "invalid_value", param=param, reason="what is cached for an hour comes before what is for less"
            )
        short = short or mark.cached_for == "5m"


def _marks(request: ChatRequest) -> Iterator[tuple[str, Marked]]:
    for index, tool in enumerate(request.tools or ()):
        if tool.cached_for:
            yield _named(f"tools[{index}]", tool), tool
    for at, message in enumerate(request.messages):
        for index, part in enumerate(message.content or ()):
            if not part.cached_for:
                continue
            param = _named(f"messages[{at}].content[{index}]", part)
            if not (part.words.strip() or part.image_url or part.file):
                raise Problem("invalid_value", param=param, reason="marks a text that is blank")
            yield param, part
        if message.cached_for:
            param = _named(f"messages[{at}]", message)
            if not (_says(message) or message.tool_calls):
                raise Problem("invalid_value", param=param, reason="marks a message that is blank")
            yield param, message


def _says(message: Message) -> bool:
    return any(part.words.strip() or part.image_url or part.file for part in message.content or ())


def _named(param: str, mark: Marked) -> str:
    return f"{param}.{'prompt_cache_breakpoint' if mark.prompt_cache_breakpoint else 'cache_control'}"
