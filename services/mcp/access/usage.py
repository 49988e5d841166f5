"""What a tool call costs and how often it may be made; the usage record of the one that a request made."""

import time
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase
from typing import Any

from pennyworth.policy import authorize
from pennyworth.principal import Principal
from pennyworth.settings import ToolTerms
from services.mcp.source import Object
from services.mcp.tools import ToolResult

_MOST = 10_000  # buckets: a caller and a row each

_FREE = ToolTerms("*")
_FAILED = {"failed": True}  # until its result is there: the status of the answer is 200 either way


class Rates:
    """Token buckets of this process. A function that runs N times at once has N of them: a rate here keeps one caller
    from flooding a server, and `functions.mcp.concurrency` bounds N. See docs/mcp-auth.md."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._buckets: OrderedDict[tuple[str, str], tuple[float, float]] = OrderedDict()  # (tokens, filled at)

    def wait_s(self, caller: str, terms: ToolTerms) -> float:
        """Take a token, and say 0; or say for how many seconds there is none."""
        if not terms.rate_per_s:
            return 0
        now, key = self._clock(), (caller, terms.tools)
        tokens, filled_at = self._buckets.pop(key, (float(terms.burst), now))
        tokens = min(float(terms.burst), tokens + (now - filled_at) * terms.rate_per_s)
        taken = tokens >= 1
        self._buckets[key] = (tokens - taken, now)
        if len(self._buckets) > _MOST:
            self._buckets.popitem(last=False)
        return 0 if taken else (1 - tokens) / terms.rate_per_s


RATES = Rates()


@dataclass(slots=True)
class Usage:
    """Of one request, which calls one tool at most. `declared`: rows of terms, of which the first that fits counts."""

    caller: Principal
    declared: Sequence[ToolTerms] = ()
    rates: Rates = field(default_factory=lambda: RATES)
    line: dict[str, Any] = field(default_factory=dict)

    def counts(self, tool: str, source: str, ask: Callable[[], Object]) -> Object:
        """Run a tool. Raises Problem where what it costs is not to be had any more, and what `ask` raises."""
        terms = next((row for row in self.declared if fnmatchcase(tool, row.tools)), _FREE)
        if terms.price_microusd:
            authorize(self.caller, "mcp", spends=True)
        wait_s = self.rates.wait_s(self.caller.key_id or self.caller.user_id, terms)
        if wait_s:
            self.line = {"tool": tool, "refused": "rate"}
            return ToolResult.error(f"This tool may not be called so often. Try again in {wait_s:.1f} seconds.").members
        # What a model used stands in a record of its own, of the function that asked it: here are no tokens.
        self.line = {"kind": "tool", "model": tool, "served": tool, "provider": source or "pennyworth", **_FAILED}
        result = ask()
        if not result.get("isError"):
            del self.line["failed"]
            if terms.price_microusd and result.get("resultType") != "input_required":
                self.line["cost_microusd"] = terms.price_microusd
        return result

    def waive(self) -> None:
        """What was counted has failed, and costs nothing: it did not reach its caller."""
        if "kind" in self.line:
            self.line |= _FAILED
        self.line.pop("cost_microusd", None)

    def fields(self) -> dict[str, Any]:
        return self.line
