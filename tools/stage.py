"""The artifacts as folders, as Lambda unpacks them: `layer` is /opt, each function's artifact is /var/task."""

import json
import os
import shutil
import tomllib
from pathlib import Path
from typing import Any

import yaml

from tools.bytecode import precompile
from tools.errors import BuildError
from tools.methods import MODULE, module, written

LAYER = "layer"
EXECUTABLES = {LAYER: frozenset({"stream"})}  # AWS_LAMBDA_EXEC_WRAPPER=/opt/stream


def artifacts(root: Path) -> dict[str, bool]:
    """Name → whether it has code of its own; the authorizer's is in the layer. From terraform/functions.json."""
    return {each["artifact"]: each["handler"].startswith("services.") for each in _functions(root)}


def _functions(root: Path) -> list[dict[str, Any]]:
    return list(json.loads((root / "terraform/functions.json").read_text(encoding="utf-8")).values())


def stage(root: Path, dependencies: Path, into: Path, *, bytecode: bool) -> None:
    """Lay out every artifact of the project at `root` in an empty folder. Raises BuildError when a source is missing.

    `dependencies` is a folder of installed packages, bytecode included. Its files are linked where possible: neither
    side may be written to afterwards.
    """
    python = into / LAYER / "python"
    shutil.copytree(dependencies, python, copy_function=_link)
    _copy(root / "shared/pennyworth", python / "pennyworth")
    shutil.copyfile(_existing(root / "shared/stream"), into / LAYER / "stream")
    (into / LAYER / "stream").chmod(0o755)
    if bytecode:
        precompile(python / "pennyworth", "/opt/python/pennyworth")
    for name, has_code in artifacts(root).items():
        (into / name).mkdir()
        if has_code:
            _copy(root / "services" / name, into / name / "services" / name)
        else:  # Lambda refuses an empty package
            shutil.copyfile(root / "LICENSE", into / name / "LICENSE")
        if bytecode:
            handlers = [each["handler"].rpartition(".")[0] for each in _functions(root) if each["artifact"] == name]
            (into / name / MODULE).write_text(module(written(root, handlers)), encoding="utf-8")
            precompile(into / name, "/var/task")
    _write_contract(root, into / "openai/services/openai/openapi.json")


def sources(root: Path) -> list[Path]:
    """Every file of ours an artifact is made from."""
    singles = ["LICENSE", "openapi.yaml", "pyproject.toml", "terraform/functions.json", "shared/stream"]
    folders = ["shared/pennyworth", *(f"services/{name}" for name, has_code in artifacts(root).items() if has_code)]
    return [root / single for single in singles] + [file for folder in folders for file in _files(root / folder)]


def _files(folder: Path) -> list[Path]:
    return sorted(file for file in _existing(folder).rglob("*") if file.is_file() and "__pycache__" not in file.parts)


def _copy(source: Path, target: Path) -> None:
    for file in _files(source):
        copy = target / file.relative_to(source)
        copy.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(file, copy)


def _existing(path: Path) -> Path:
    if not path.exists():
        raise BuildError(f"{path} is missing.")
    return path


def _link(source: str, target: str) -> None:
    """Hundreds of files cost a few milliseconds this way; another file system takes a copy."""
    try:
        os.link(source, target)
    except OSError:
        shutil.copyfile(source, target)


def _write_contract(root: Path, target: Path) -> None:
    """openapi.yaml as the service hands it out, with the version of this build."""
    contract = yaml.safe_load((root / "openapi.yaml").read_text(encoding="utf-8"))
    contract["info"]["version"] = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"][
        "version"
    ]
    target.write_text(json.dumps(contract, ensure_ascii=False, separators=(",", ":")), encoding="utf-8")
