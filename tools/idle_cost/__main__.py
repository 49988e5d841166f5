"""What an environment costs while nobody uses it, from its plan; options are given as TF_VAR_*.

    python -m tools.idle_cost prod [--json]

Ends with 1 when something would bill that no option turned on, or when a resource has no known price.
"""

import argparse
import json
import os
import sys
from pathlib import Path

from tools.idle_cost.bill import bill
from tools.idle_cost.prices import load
from tools.idle_cost.report import data, table
from tools.offline.plan import of_environment
from tools.ops.errors import OpsError

ROOT = Path(__file__).resolve().parents[2]
_VARIABLE = "TF_VAR_"


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tools.idle_cost", description=__doc__.splitlines()[0])
    parser.add_argument("environment", help="a folder of terraform/environments")
    parser.add_argument("--root", type=Path, default=ROOT, help="the project (default: the one this belongs to)")
    parser.add_argument("--json", action="store_true", help="for scripts")
    options = parser.parse_args()
    variables = {
        name.removeprefix(_VARIABLE): value for name, value in os.environ.items() if name.startswith(_VARIABLE)
    }
    try:
        plan = of_environment(options.root, options.environment, variables)
    except OpsError as error:
        print(f"idle-cost: {error}", file=sys.stderr)
        return 1
    prices = load()
    found = bill(plan, prices)
    if options.json:
        print(json.dumps(data(found, prices, options.environment), indent=2))
    else:
        print(table(found, prices, options.environment), flush=True)
    for complaint in found.complaints:
        print(f"idle-cost: {complaint}", file=sys.stderr)
    return 1 if found.complaints else 0


if __name__ == "__main__":
    sys.exit(main())
