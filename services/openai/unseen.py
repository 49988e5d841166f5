"""How long an answer may have been that was not there in time, and that nobody saw: for budgets alone. Pure."""

from math import ceil
from typing import Any

from services.openai.catalogue import Model
from services.openai.ending import choices

# Of a model that speaks faster it is too little, unless its answer is bounded otherwise; of all others too much.
TOKENS_PER_S = 200
# What bounds an answer, by route.
_LIMITS = {
    "/chat/completions": ("max_completion_tokens", "max_tokens"),
    "/completions": ("max_tokens",),
    "/messages": ("max_tokens",),
    "/responses": ("max_output_tokens",),
}
# Elsewhere `n` is no parameter, and a provider that passes it over makes one answer.
_SEVERAL = frozenset({"/chat/completions", "/completions"})


def most(route: str, body: dict[str, Any], model: Model, waited_s: float) -> int:
    """The tokens that all answers to a request can have had after so long: of each what was asked for or the model can
    say at most, and no more than it can have said in that time."""
    asked = [count for name in _LIMITS.get(route, ()) if type(count := body.get(name)) is int and count > 0]
    limits = [ceil(waited_s * TOKENS_PER_S), *([max(asked)] if asked else [])]
    if model.max_output_tokens is not None:
        limits.append(model.max_output_tokens)
    return min(limits) * (choices(body) if route in _SEVERAL else 1)
