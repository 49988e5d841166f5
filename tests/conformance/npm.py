"""What npm brought to tests/conformance, and why it is not there if it is not."""

import shutil
from pathlib import Path

import pytest

FOLDER = Path(__file__).resolve().parent
NODE = FOLDER / "node_modules/.bin/node"
SUITE = FOLDER / "node_modules/@modelcontextprotocol/conformance/dist/index.js"


def node() -> str:
    """The path of the pinned Node. Without it the test is skipped, and says so."""
    if not NODE.exists():
        where = "`make conformance` does that" if shutil.which("npm") else "there is no npm on this machine"
        pytest.skip(f"the MCP conformance suite and the TypeScript SDKs are not installed: {where}")
    return str(NODE)
