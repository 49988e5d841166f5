"""What a request asks for against what its model can do."""

from collections.abc import Callable
from typing import Any

from pennyworth.errors import Problem
from services.openai.catalogue import Model
from services.openai.chat import ChatRequest

_SUPPORT: tuple[tuple[str, str, Callable[[ChatRequest], object]], ...] = (
    # capability, parameter, what of the request asks for it
    # 1 is what either is without being said: it asks for nothing of a model that takes none.
    ("temperature", "temperature", lambda r: r.temperature not in (None, 1)),
    ("top_p", "top_p", lambda r: r.top_p not in (None, 1)),
    ("stop", "stop", lambda r: r.stop),
    ("tools", "tools", lambda r: r.tools),
    ("stream_tools", "tools", lambda r: r.tools and r.stream),
    ("service_tier", "service_tier", lambda r: r.tier in ("flex", "priority")),
    ("tool_choice", "tool_choice", lambda r: r.tool_choice and r.tool_choice.type in ("required", "function")),
)

# What of a parameter the model does not take, where that is not all of it.
_WORDS = {
    "stream_tools": "tools in a stream: leave 'stream' out",
    "service_tier": "a tier but 'default'",
    "tool_choice": "a choice but 'auto' and 'none'",
}


def require_support(request: ChatRequest, model: Model) -> None:
    """Raise the Problem of the first parameter that the model does not take."""
    for capability, param, asked in _SUPPORT:
        if asked(request) and not model.accepts(capability):
            raise Problem("unsupported_parameter", param=param, reason=lacks(model, _WORDS.get(capability, param)))
    _require_senses(request, model)
    if len(sampling(request, model)) > 1 and model.exclusive:
        names = "' and '".join(model.exclusive)
        reason = f"The model '{model.name}' takes one of '{names}', not both."
        raise Problem("unsupported_parameter", param=model.exclusive[-1], reason=reason)
    if request.temperature is not None and request.temperature > 1:
        raise Problem("invalid_value", param="temperature", reason=f"the model '{model.name}' takes 0 to 1")
    most = model.max_output_tokens
    if most is not None and request.output_limit is not None and request.output_limit > most:
        param = "max_completion_tokens" if request.max_completion_tokens else "max_tokens"
        reason = f"the model '{model.name}' answers with {most} tokens at most"
        raise Problem("invalid_value", param=param, reason=reason)


def require_end(history: list[dict[str, Any]], request: ChatRequest, model: Model) -> None:
    """Raise the Problem of a conversation that ends with an answer begun, where the model goes on from none."""
    if history[-1]["role"] != "assistant":
        return
    if not model.accepts("prefill"):
        reason = f"the last must be the user's or a tool's: the model '{model.name}' goes on from no answer begun"
        raise Problem("invalid_value", param="messages", reason=reason)
    if request.response_format is not None and request.response_format.type != "text":
        reason = "An answer that was begun cannot be made to fit it. Leave out the last message."
        raise Problem("unsupported_parameter", param="response_format", reason=reason)


def _require_senses(request: ChatRequest, model: Model) -> None:
    for at, message in enumerate(request.messages):
        for index, part in enumerate(message.content or ()):
            capability = _SENSES.get(part.type)
            if capability and not model.accepts(capability):
                param = f"messages[{at}].content[{index}]"
                raise Problem("unsupported_parameter", param=param, reason=lacks(model, capability))
            if part.input_audio and not model.accepts("audio_with_system"):
                _require_no_instructions(request, model)


def _require_no_instructions(request: ChatRequest, model: Model) -> None:
    """Voxtral refuses a system prompt beside a recording.

    Source: reports of live calls, https://github.com/BerriAI/litellm/issues/41544 (read 2026-11).
    """
    first = request.messages[0]
    if first.role in ("system", "developer") and len(request.messages) > 1:
        reason = lacks(model, "instructions beside audio") + " Say them in the user's message."
        raise Problem("unsupported_parameter", param="messages[0]", reason=reason)


_SENSES = {"image_url": "images", "file": "documents", "input_audio": "audio"}


def lacks(model: Model, what: str) -> str:
    return f"The model '{model.name}' does not take {what}."


def sampling(request: ChatRequest, model: Model) -> dict[str, float]:
    """Editors send `top_p: 1` beside a temperature. It asks for nothing, so a model that takes one of them gets one."""
    values = (("temperature", "temperature", request.temperature), ("topP", "top_p", request.top_p))
    asked = {name: value for name, capability, value in values if value is not None and model.accepts(capability)}
    if model.exclusive and len(asked) > 1 and asked["topP"] == 1:
        del asked["topP"]
    return asked
