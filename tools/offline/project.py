"""A copy of the project with all that Terraform reads, so that nothing is written into the tree."""

import shutil
import zipfile
from pathlib import Path

_READ = ("openapi.yaml", "pyproject.toml", "services/openai/models.json")  # what the configuration reads beside itself
_ARTIFACTS = ("layer", "openai", "mcp", "admin", "authorizer")


def copy(root: Path, into: Path) -> Path:
    """Copy the project at `root` to `into`, with artifacts that hold nothing: what they hold changes no plan."""
    # Links stay links, as a clone has them.
    shutil.copytree(root / "terraform", into / "terraform", symlinks=True, ignore=_left_by_terraform)
    for name in _READ:
        (into / name).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(root / name, into / name)
    (into / "dist").mkdir()
    for name in _ARTIFACTS:
        with zipfile.ZipFile(into / "dist" / f"{name}.zip", "w") as artifact:
            artifact.writestr("empty", "")
    return into


def _left_by_terraform(_folder: str, names: list[str]) -> list[str]:
    return [name for name in names if name == ".terraform" or ".tfstate" in name]
