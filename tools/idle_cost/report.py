"""A bill as people read it, and as scripts do. Pure."""

from typing import Any

from tools.idle_cost.bill import Bill, Line
from tools.idle_cost.prices import Prices


def table(bill: Bill, prices: Prices, environment: str) -> str:
    width = max((len(line.address) for line in bill.lines), default=0)
    sources = sorted({line.source for line in bill.lines})
    return "\n".join(
        [
            f"{environment} while idle, USD a month at us-east-1's prices:",
            "",
            *(f"{line.address:{width}}  {line.usd:>7.2f}  {_why(line)}" for line in bill.lines),
            "",
            "Prices from:",
            *(f"  [{name}] {prices.sources[name].url} (read {prices.sources[name].read})" for name in sources),
            "",
            f"Use adds: {'; '.join(bill.grows) or 'nothing'}.",
            f"At rest: ${bill.usd:.2f} a month",
        ]
    )


def _why(line: Line) -> str:
    asked = f" (asked for by {', '.join(line.options)})" if line.options else ""
    return f"{line.at_rest}{asked} [{line.source}]"


def data(bill: Bill, prices: Prices, environment: str) -> dict[str, Any]:
    return {
        "environment": environment,
        "usd_per_month": float(bill.usd),
        "resources": [
            {
                "address": line.address,
                "at_rest": line.at_rest,
                "usd_per_month": float(line.usd),
                "options": list(line.options),
                "source": prices.sources[line.source].url,
                "read": prices.sources[line.source].read,
            }
            for line in bill.lines
        ],
        "use_adds": list(bill.grows),
        "complaints": list(bill.complaints),
    }
