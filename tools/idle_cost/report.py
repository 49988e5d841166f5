"""A bill as people read it, and as scripts do. Pure."""

from typing import Any

from tools.idle_cost.bill import Bill, Line
from tools.idle_cost.prices import Prices, Source


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
            *(f"  [{name}] {_said(prices.sources[name])}" for name in sources),
            "",
            f"Use adds: {'; '.join(bill.grows) or 'nothing'}.",
            f"At rest: ${bill.usd:.2f} a month",
        ]
    )


def _why(line: Line) -> str:
    asked = f" (asked for by {', '.join(line.options)})" if line.options else ""
    return f"{line.at_rest}{asked} [{line.source}]"


def _said(source: Source) -> str:
    words = {"page": "in its own words", "quoted": "as others quote it"}
    billing, figures = words[source.billing], words[source.figures]
    how = billing if billing == figures else f"{billing}, figures {figures}"
    return f"{source.url} (read {source.read}, {how})"


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
                "billing": prices.sources[line.source].billing,
                "figures": prices.sources[line.source].figures,
            }
            for line in bill.lines
        ],
        "use_adds": list(bill.grows),
        "complaints": list(bill.complaints),
    }
