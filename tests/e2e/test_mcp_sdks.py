"""The official SDKs that are not the one of our own tests: TypeScript, both generations, and the older Python."""

import json
import os
import subprocess

import pytest

from tests.conformance.npm import FOLDER, node
from tests.suites import passed

# (generation of the SDK, how it opens) and the revision that comes of it.
OPENINGS = {
    ("1", "legacy"): "2025-11-25",
    ("2", "legacy"): "2025-11-25",
    ("2", "auto"): "2026-07-28",
    ("2", "pin"): "2026-07-28",
}


def talk(gateway, generation, mode, tool, *prompt):
    command = [node(), str(FOLDER / "clients.mjs"), generation, mode, gateway.mcp_url, tool, *prompt]
    environment = {"PATH": os.environ["PATH"], "GATEWAY_KEY": gateway.api_key}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


@pytest.mark.parametrize(("generation", "mode"), OPENINGS)
def test_the_typescript_sdk_lists_and_calls_tools(gateway, generation, mode):
    found = talk(gateway, generation, mode, "list_models")

    assert found["version"] == OPENINGS[generation, mode]
    assert {"chat", "list_models"} <= set(found["tools"])
    models = [{"id": model.id, "owned_by": model.owned_by} for model in gateway.openai().models.list()]
    assert found["result"]["structuredContent"] == {"models": models}


def test_the_older_python_sdk_lists_and_calls_tools(gateway):
    assert passed(gateway, "test_mcp.py") == 6
