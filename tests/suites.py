"""The suites in tests/clients: of others, or for clients whose packages want an environment of their own."""

import os
import re
import subprocess
from pathlib import Path

import pytest

from tests.vocabulary import tiktoken_cache

ROOT = Path(__file__).resolve().parents[1]
LIMIT_S = 300
_FOLDER = ROOT / "tests/clients"
_PASSED = re.compile(r"\b(\d+) passed\b")


def passed(gateway, file, *options, **variables):
    """How many tests of that file pass against the gateway. Any that does not fails here, with all that it says."""
    python = ROOT / ".clients/bin/python"
    if not python.exists():
        pytest.skip("the clients are not installed: `make check` does that")
    places = ["-c", _FOLDER / "pytest.ini", "--rootdir", _FOLDER, "--confcutdir", _FOLDER]
    environment = {
        **os.environ,
        "OPENAI_BASE_URL": gateway.base_url,
        "OPENAI_API_KEY": gateway.api_key,
        "NO_PROXY": "127.0.0.1",
        "LANGSMITH_TRACING": "false",
        "TIKTOKEN_CACHE_DIR": str(tiktoken_cache(gateway.folder / "tiktoken")),
        **variables,
    }
    done = subprocess.run(
        [python, "-m", "pytest", *places, "--quiet", "--tb=short", *options, _FOLDER / file],
        cwd=ROOT,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    found = _PASSED.search(done.stdout)
    if done.returncode != 0 or not found:
        pytest.fail(f"{file} ended with {done.returncode}:\n{done.stdout}", pytrace=False)
    return int(found[1])
