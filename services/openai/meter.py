"""What a request used, for its log line: counts of tokens and their cost. Never text."""

import os
import time
from collections.abc import Callable
from typing import Any

from services.openai.catalogue import Model, Price, Tokens, models

# How the line calls the counts of OpenAI's usage object.
_COUNTS = ("prompt_tokens", "completion_tokens")
_DETAILS = ("cached_tokens", "cache_write_tokens", "cache_write_1h_tokens")
_TIERS = ("flex", "priority", "scale", "reserved")  # OpenAI's and Bedrock's beside the default
# An estimate; and where there is none what the default tier, or the catalogue's geography, would have cost.
_COST, _ELSE = "cost_microusd", "standard_microusd"
_UNSEEN = "unseen_microusd"  # the most that an answer may have cost beside, which was not there in time
_KINDS = {"chat": "completion", "embedding": "embedding"}  # of a usage record, by the kind of model that is asked


class Meter:
    """Hears of the usage while the answer passes, and says it when the line is written."""

    def __init__(self, model: str, kind: str | None = None, began_at: float | None = None) -> None:
        """`model`: as the client names it. `kind`: of model; None where one is only asked to count, which costs
        nothing. `began_at`: when the request came, a reading of time.perf_counter; now, where it is not said."""
        self._began_at = time.perf_counter() if began_at is None else began_at
        self._pieces, self._first_token_ms = 0, 0.0
        self.prompt: Callable[[], int] = int  # an estimate of its tokens, for where nobody tells
        # The most tokens that the answers of this model can have had after so many seconds.
        self.most: Callable[[Model, float], int] = lambda _model, _waited_s: 0
        self.cut = False  # whether the time was up before the answer was whole
        self._kind = {"kind": _KINDS[kind]} if kind else {}
        self._who = {"model": model}
        self._model: Model | None = None
        self._asked_at = 0.0  # on time.monotonic()
        self._price: Price | None = None
        self._named = _COST  # what that price makes
        self._counts: dict[str, int] = {}
        # Of models that answered some of several calls and then failed: those are paid for.
        self._earlier: dict[str, int] = {}
        self._earlier_cost: dict[str, int] = {}
        self._earlier_partial = False

    @property
    def pieces(self) -> int:
        """Of the answer, as a stream brings them: a token each at least."""
        return self._pieces

    @pieces.setter
    def pieces(self, count: int) -> None:
        if not self._pieces and count:
            self._first_token_ms = round((time.perf_counter() - self._began_at) * 1e3, 1)
        self._pieces = count

    def asks(self, model: Model) -> None:
        """This model is asked now. Of one that was asked before and failed, what it had told of its usage still counts,
        at its own price.

        From here on the line is a usage record, which its `kind` says: also when the model answers nothing.
        """
        told = self._told()
        self._earlier_cost = _added(self._earlier_cost, self._cost(told) | self._unseen(told))
        self._earlier = _added(self._earlier, told)
        self._earlier_partial |= self._partial
        self._who = {"model": self._who["model"], **self._kind, "served": model.name, "provider": model.provider}
        self._price, self._named = model.price or model.near_price, _COST if model.price else _ELSE
        self._counts, self.pieces, self.cut = {}, 0, False
        self._model, self._asked_at = model, time.monotonic()

    def read(self, usage: object, tier: object = None) -> None:
        """OpenAI's usage object, as far as it is one: an upstream may send anything. In a tier of another price than
        the catalogue's, what the tokens would cost in the default one counts for budgets alone: who asks chooses the
        tier, and must not choose to spend nothing. It is told if it has a name that is known."""
        if tier not in (None, "default"):
            self._named = _ELSE
            self._who |= {"service_tier": tier} if tier in _TIERS else {}
        if not isinstance(usage, dict):
            return
        details, thought = (_object(usage.get(f"{each}_tokens_details")) for each in ("prompt", "completion"))
        told = [(name, usage.get(name)) for name in _COUNTS] + [(name, details.get(name)) for name in _DETAILS]
        told.append(("reasoning_tokens", thought.get("reasoning_tokens")))
        counts = self._counts = {name: count for name, count in told if type(count) is int and count >= 0}
        # Some providers count what is from or to a cache beside the prompt, or tell nothing else of it.
        prompt, of_cache = counts.get("prompt_tokens", 0), sum(counts.get(name, 0) for name in _DETAILS[:2])
        if of_cache > prompt:
            counts["prompt_tokens"] = prompt + of_cache

    def fields(self) -> dict[str, Any]:
        """The record. What is partly an estimate is marked as partial."""
        counts = self._told()
        line: dict[str, Any] = {**self._who, **_added(self._earlier, counts)}
        if self.pieces:
            line["first_token_ms"] = self._first_token_ms
        if self._partial or self._earlier_partial:
            line["usage_partial"] = True
        line |= _added(self._earlier_cost, self._cost(counts) | self._unseen(counts))
        return line | self._metrics(line)

    @property
    def _partial(self) -> bool:
        return self.cut or (not self._counts and bool(self.pieces))

    @property
    def _late(self) -> bool:
        """Whether a whole answer was not there in time, or a stream had said nothing by then."""
        return self.cut and not self.pieces

    def _told(self) -> dict[str, int]:
        """Of an answer that broke off, or was not there in time, before its usage came: the prompt by its length, for
        the provider has read it and is paid for that, and of the answer what arrived. Where some of several answers
        were told, the prompts of the others have been read as well."""
        if not self._partial:
            return self._counts
        if not self._counts:
            return {"prompt_tokens": self.prompt(), "completion_tokens": self.pieces}
        if not self._late:
            return self._counts
        return {**self._counts, "prompt_tokens": max(self._counts.get("prompt_tokens", 0), self.prompt())}

    def _cost(self, counts: dict[str, int]) -> dict[str, int]:
        """In millionths of a dollar, by its name; empty where nothing is counted, or it has no price."""
        if self._price is None or counts.keys().isdisjoint(_COUNTS):
            return {}
        tokens = Tokens(*(counts.get(name, 0) for name in (*_COUNTS, *_DETAILS)))
        return {self._named: self._price.cost_microusd(tokens)}

    def _unseen(self, counts: dict[str, int]) -> dict[str, int]:
        """As `_cost`, of what nobody was told of whole answers whose time was up."""
        if self._price is None or self._model is None or not self._kind or not self._late:
            return {}
        most = self.most(self._model, time.monotonic() - self._asked_at)
        cost = self._price.cost_microusd(Tokens(completion=max(0, most - counts.get("completion_tokens", 0))))
        return {_UNSEEN: cost} if cost else {}

    def _metrics(self, line: dict[str, Any]) -> dict[str, Any]:
        """Of what was counted. Powertools' own variable names the namespace; without it there are none."""
        namespace = os.environ.get("POWERTOOLS_METRICS_NAMESPACE")
        if not namespace or "kind" not in line or line.keys().isdisjoint(_COUNTS):
            return {}
        from services.openai.metrics import embedded  # the first answer need not wait for it

        at_ms = time.time_ns() // 1_000_000
        return {"_aws": embedded(line, namespace, listed=line["served"] in models(), at_ms=at_ms)}


def _added(one: dict[str, int], other: dict[str, int]) -> dict[str, int]:
    if not one or not other:  # as a rule: few requests try a second model
        return one or other
    return {**one, **{name: one.get(name, 0) + count for name, count in other.items()}}


def _object(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}
