"""What `dataclass` writes while a function is imported, as a module of its own: see pennyworth/methods.py."""

import json
import os
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from tools.errors import BuildError

MODULE = "dataclass_methods.py"

# Prints each source once. It is the same on every machine: of the classes' code, and of Python's minor version.
_RECORD = """
import dataclasses, importlib, json, sys
sources = set()
def run(source, scope, names):
    sources.add(source)
    exec(source, scope, names)
dataclasses.exec = run
for module in sys.argv[1:]:
    importlib.import_module(module)
json.dump(sorted(sources), sys.stdout)
"""


def written(root: Path, modules: Iterable[str]) -> list[str]:
    """The sources, in order. Raises BuildError when a module cannot be imported."""
    command = [sys.executable, "-s", "-P", "-c", _RECORD, *modules]
    environment = {
        **{name: os.environ[name] for name in ("PATH", "LANG", "LC_ALL") if name in os.environ},
        "PYTHONPATH": os.pathsep.join([str(root), str(root / "shared")]),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_SERVICE_NAME": "build",
    }
    run = subprocess.run(command, cwd=root, env=environment, capture_output=True, text=True, check=False)  # noqa: S603
    if run.returncode:
        said = " ".join(line.strip() for line in run.stderr.splitlines()[-4:])  # the place, then the error
        raise BuildError(f"a function cannot be imported: {said}")
    return list(json.loads(run.stdout))


def module(sources: Iterable[str]) -> str:
    """The module's text: each source as the function it is, kept under its text."""
    kept = "".join(f"\n\n{source}\n\n\nKNOWN[{source!r}] = __create_fn__.__code__\n" for source in sources)
    return f"KNOWN = {{}}\n{kept}"
