import json
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest

OPENAPI = """\
openapi: 3.0.3
info: {title: Small — but whole, version: 0.0.0}
paths: {/chat: {get: {responses: {"200": {description: Fine}}}}}
"""


def small_project(root: Path) -> Path:
    """A project of the same shape as ours, with one small dependency."""
    files = {
        "LICENSE": "Everything is allowed.\n",
        "openapi.yaml": OPENAPI,
        "pyproject.toml": '[project]\nname = "small"\nversion = "1.2.3"\n',
        "requirements-layer.txt": f"six=={metadata.version('six')} \\\n    --hash=sha256:00\n",
        "shared/stream": "#!/bin/sh\n",
        "shared/pennyworth/__init__.py": "",
        "shared/pennyworth/authorizer.py": "NAMES = {'b', 'a'}\ndef handler(event, _): return event in {1, 'x'}\n",
        "shared/pennyworth/__pycache__/authorizer.cpython-313.pyc": "left by some test",
        "services/openai/app.py": "def handler(event, context): return None\n",
        "services/openai/models.json": "{}",
        "terraform/functions.json": json.dumps(
            {
                "authorizer": {"handler": "pennyworth.authorizer.handler", "artifact": "authorizer"},
                "openai": {"handler": "services.openai.app.handler", "artifact": "openai"},
            }
        ),
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    return root


@pytest.fixture
def make_project() -> Callable[[Path], Path]:
    return small_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return small_project(tmp_path / "project")
