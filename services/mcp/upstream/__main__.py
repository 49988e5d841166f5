"""`python -m services.mcp.upstream --env dev --region eu-west-1 --server NAME`: the digests of a server's tools.

They are what `approved` takes in the server's declaration, once somebody has read what the tools say of themselves. For
whoever runs the gateway, with AWS credentials of their own in the environment.
"""

import argparse
import json
import sys
import time
from functools import cache

from pennyworth.aws import Aws
from services.mcp.upstream.approval import digest
from services.mcp.upstream.declared import Declared, Misdeclared
from services.mcp.upstream.faults import Refused, Unreachable
from services.mcp.upstream.servers import Here
from services.mcp.upstream.shapes import usable

_WAIT_S = 20.0


def main() -> int:
    """The exit status. The definitions go to stderr, to be read; the digests to stdout, to be kept."""
    parser = argparse.ArgumentParser(prog="make mcp-digests", description="The digests of a declared server's tools.")
    for name in ("env", "region", "server"):
        parser.add_argument(f"--{name}", required=True)
    said = parser.parse_args()
    here = Here(said.env, said.region, "digests", cache(lambda: Aws(said.region)))
    try:
        declared = Declared.of(said.server, here.parameter(f"{said.server}/server"))
        served = here.served(declared)
        tools, left_out = usable("tools", served.backend.listed("tools", time.monotonic() + _WAIT_S).items)
    except (Misdeclared, Unreachable, Refused) as error:
        print(f"The server '{said.server}' {error}.", file=sys.stderr)
        return 1
    for tool in tools:
        approved = (declared.approved or {}).get(str(tool["name"]))
        state = "new" if approved is None else "unchanged" if approved == digest(tool) else "CHANGED"
        print(f"--- {tool['name']} ({state})\n{json.dumps(tool, indent=2, ensure_ascii=False)}", file=sys.stderr)
    if left_out:
        print(f"--- {left_out} more are no tools as MCP has them, and are never offered.", file=sys.stderr)
    print(json.dumps({"approved": {str(tool["name"]): digest(tool) for tool in tools}}, indent=2))
    served.backend.close()
    return 0


if __name__ == "__main__":
    sys.exit(main())
