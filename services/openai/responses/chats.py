"""A response's request as the body of a chat."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from pennyworth.errors import Problem
from services.openai.responses.history import History
from services.openai.responses.items import Item
from services.openai.responses.request import Asked, Cached, Conversation, Format, ResponseRequest
from services.openai.responses.toolbox import Toolbox

# What a chat calls by the same name.
_SHARED = (
    *("temperature", "top_p", "service_tier", "user", "safety_identifier"),
    *("prompt_cache_key", "prompt_cache_retention"),
)
# What a chat calls otherwise: the longest that fits decides.
_NAMES = {
    "messages": "input",
    "max_completion_tokens": "max_output_tokens",
    "response_format.json_schema": "text.format",
    "response_format": "text.format",
    "reasoning_effort": "reasoning.effort",
    "verbosity": "text.verbosity",
    "tool_choice.function": "tool_choice",
}
# What a chat says of its own parts, in an item's words.
_WORDS = {
    "no 'tool' message with its result": "no output with its 'call_id'",
    "no tool call of the assistant's message before it": "no call of the assistant's right before it",
    "parts of type 'image_url', 'file' and 'input_audio'": "parts of type 'input_image' and 'input_file'",
}


class Chat:
    """The body, and the way back from its paths to the client's."""

    def __init__(self, request: Conversation, items: list[tuple[Item, str]], toolbox: Toolbox) -> None:
        self._toolbox = toolbox
        self._history = History()
        if request.instructions:
            self._history.instruct(request.instructions)
        for item, place in items:
            self._history.add(item, place)
        self._history.close()
        self.body: dict[str, Any] = {"model": request.model, "messages": self._history.messages}
        self.body |= _given({name: getattr(request, name, None) for name in _SHARED})
        if isinstance(request, Cached) and request.prompt_cache_options:
            self.body["prompt_cache_options"] = request.prompt_cache_options.model_dump()
        if isinstance(request, Asked):
            self.body |= _asked(request, toolbox)
        if isinstance(request, ResponseRequest):
            self.body |= _answered(request)

    @contextmanager
    def told(self) -> Iterator[None]:
        """A Problem raised within names what the client sent."""
        try:
            yield
        except Problem as problem:
            if problem.param:
                param = self.path(problem.param)
                problem.message = problem.message.replace(f"'{problem.param}'", f"'{param}'")
                problem.param = param
            for theirs, ours in _WORDS.items():
                problem.message = problem.message.replace(theirs, ours)
            raise

    def path(self, param: str) -> str:
        """The client's own path for a chat's."""
        if param.startswith("messages["):
            return self._history.path(param)
        for index, place in enumerate(self._toolbox.places):
            start = f"tools[{index}]"
            if param.startswith(start):
                return place + param.removeprefix(start).removeprefix(".function")
        for name in sorted(_NAMES, key=len, reverse=True):
            if param == name or param.startswith(f"{name}."):
                return _NAMES[name] + param.removeprefix(name)
        return param


def _asked(request: Asked, toolbox: Toolbox) -> dict[str, Any]:
    text, reasoning = request.text, request.reasoning
    asked = {
        "reasoning_effort": reasoning and reasoning.effort,
        "verbosity": text and text.verbosity,
        "response_format": _format(text.format) if text and text.format else None,
        "tools": toolbox.functions or None,
        "tool_choice": toolbox.choice,
        "parallel_tool_calls": request.parallel_tool_calls if toolbox.functions else None,
    }
    return _given(asked)


def _answered(request: ResponseRequest) -> dict[str, Any]:
    streamed = {"stream": True, "stream_options": {"include_usage": True}} if request.stream else {}
    return _given({"max_completion_tokens": request.max_output_tokens}) | streamed


def _given(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _format(form: Format) -> dict[str, Any] | None:
    """Plain text is what a chat gives unasked."""
    if form.type == "text":
        return None
    if form.type == "json_object":
        return {"type": "json_object"}
    named = {"name": form.name, "description": form.description, "schema": form.schema_, "strict": form.strict}
    return {"type": "json_schema", "json_schema": _given(named)}
