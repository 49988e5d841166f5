"""What a request used, for its log line: counts of tokens and their cost. Never text."""

import os
import time
from typing import Any

from services.openai.catalogue import Model, Price, Tokens, models

# How the line calls the counts of OpenAI's usage object.
_COUNTS = ("prompt_tokens", "completion_tokens")
_DETAILS = ("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens")
_TIERS = ("flex", "priority", "scale", "reserved")  # OpenAI's and Bedrock's beside the default
_KINDS = {"chat": "completion", "embedding": "embedding"}  # of a usage record, by the kind of model that is asked


class Meter:
    """Hears of the usage while the answer passes, and says it when the line is written."""

    def __init__(self, model: str, kind: str | None = None) -> None:
        """`model`: as the client names it. `kind`: of model; None where one is only asked to count, which costs
        nothing."""
        self.pieces = 0  # of the answer, as a stream brings them: a token each at least
        self.cut = False  # whether the time was up before the answer was whole
        self._kind = {"kind": _KINDS[kind]} if kind else {}
        self._who = {"model": model}
        self._price: Price | None = None
        self._counts: dict[str, int] = {}

    def asks(self, model: Model) -> None:
        """This model is asked now. Of one that was asked before and did not answer nothing counts.

        From here on the line is a usage record, which its `kind` says: also when the model answers nothing.
        """
        self._who |= {**self._kind, "served": model.name, "provider": model.provider}
        self._price, self._counts, self.pieces, self.cut = model.price, {}, 0, False

    def read(self, usage: object, tier: object = None) -> None:
        """OpenAI's usage object, as far as it is one: an upstream may send anything. A tier of another price than the
        catalogue's leaves the tokens uncosted, and is told if it has a name that is known."""
        if tier not in (None, "default"):
            self._price = None
            self._who |= {"service_tier": tier} if tier in _TIERS else {}
        if not isinstance(usage, dict):
            return
        details, thought = (_object(usage.get(f"{each}_tokens_details")) for each in ("prompt", "completion"))
        counts = {name: usage.get(name) for name in _COUNTS} | {name: details.get(name) for name in _DETAILS}
        counts["reasoning_tokens"] = thought.get("reasoning_tokens")
        self._counts = {name: count for name, count in counts.items() if type(count) is int and count >= 0}

    def fields(self) -> dict[str, Any]:
        """Of a stream that broke off, or was cut, before its usage came, what arrived is counted: marked as partial."""
        line: dict[str, Any] = {**self._who, **self._counts}
        if not self._counts and (self.pieces or self.cut):
            line["completion_tokens"] = self.pieces
        if self.cut or (not self._counts and self.pieces):
            line["usage_partial"] = True
        if self._price is not None and not line.keys().isdisjoint(_COUNTS):
            tokens = Tokens(*(line.get(name, 0) for name in (*_COUNTS, *_DETAILS)))
            line["cost_microusd"] = self._price.cost_microusd(tokens)
        return line | self._metrics(line)

    def _metrics(self, line: dict[str, Any]) -> dict[str, Any]:
        """Of what was counted. Powertools' own variable names the namespace; without it there are none."""
        namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE")
        if not namespace or "kind" not in line or line.keys().isdisjoint(_COUNTS):
            return {}
        from services.openai.metrics import embedded  # the first answer need not wait for it

        at_ms = time.time_ns() // 1_000_000
        return {"_aws": embedded(line, namespace, listed=line["served"] in models(), at_ms=at_ms)}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
