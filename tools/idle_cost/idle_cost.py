"""What an environment costs while nobody uses it, from its plan; options are given as TF_VAR_*."""

import json
import os
import sys
from pathlib import Path

from tools.idle_cost.bill import bill
from tools.idle_cost.prices import load
from tools.idle_cost.report import data, table
from tools.offline.plan import of_environment

_VARIABLE = "TF_VAR_"


def idle_cost(root: Path, environment: str, *, as_json: bool) -> int:
    """Print it. 1 when something would bill that no option turned on, or has no known price. Raises OpsError."""
    variables = {
        name.removeprefix(_VARIABLE): value for name, value in os.environ.items() if name.startswith(_VARIABLE)
    }
    prices = load()
    found = bill(of_environment(root, environment, variables), prices)
    if as_json:
        print(json.dumps(data(found, prices, environment), indent=2))
    else:
        print(table(found, prices, environment), flush=True)
    for complaint in found.complaints:
        print(f"idle-cost: {complaint}", file=sys.stderr)
    return 1 if found.complaints else 0
