"""The zips Terraform uploads: there, and of the present sources."""

import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools import build
from tools.errors import BuildError
from tools.ops.environment import Environment
from tools.ops.errors import OpsError
from tools.stage import LAYER, artifacts

_VARIABLE = "TF_VAR_artifacts"  # Terraform's own name for a value from outside


def ensure(environment: Environment) -> None:
    """Build what is missing or outdated in dist/. A folder named by TF_VAR_artifacts is another's: it only has to be
    complete. Raises OpsError."""
    root, given = environment.root, os.environ.get(_VARIABLE)
    if given:
        check(environment, Path(given))
        return
    try:
        if not build.is_current(root, environment.architecture, root / "dist"):
            print(f"Building dist/ for {environment.architecture}.", file=sys.stderr, flush=True)
            build.for_lambda(root, environment.architecture, root / "dist")
    except (BuildError, OSError) as error:
        raise OpsError(f"dist/ cannot be built: {error}") from None


def check(environment: Environment, folder: Path) -> None:
    """Raises OpsError when an artifact was not built."""
    # Terraform runs in the environment's folder and reads a relative path from there.
    place = environment.folder / folder
    missing = [name for name in _names(environment) if not (place / f"{name}.zip").is_file()]
    if missing:
        raise OpsError(
            f"{', '.join(f'{name}.zip' for name in missing)} missing in {place}: run `make build` and leave "
            f"TF_VAR_artifacts unset, or build there: python -m tools.build --arch {environment.architecture} --out …"
        )


@contextmanager
def stand_ins(environment: Environment) -> Iterator[str]:
    """A folder of empty files, for a removal: Terraform uploads nothing then, but insists that the files are there."""
    with tempfile.TemporaryDirectory() as folder:
        for name in _names(environment):
            (Path(folder) / f"{name}.zip").touch()
        yield folder


def _names(environment: Environment) -> tuple[str, ...]:
    return LAYER, *artifacts(environment.root)
