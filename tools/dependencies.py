"""The layer's dependencies as requirements-layer.txt pins them: wheels for Lambda, or this environment's own."""

import re
import shutil
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator
from importlib import metadata
from pathlib import Path

from packaging.markers import Marker

from tools.errors import BuildError

LAMBDA_PYTHON = (3, 13)
MACHINES = {"arm64": "aarch64", "x86_64": "x86_64"}  # Lambda's name → the wheel tags'

# Lambda's Python 3.13 runs on Amazon Linux 2023, which has glibc 2.34: no wheel may ask for a newer one.
_GLIBC = range(17, 35)
_PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)\s*(?:;\s*(?P<marker>[^\\]+))?")


def download(requirements: Path, arch: str, into: Path) -> None:
    """Unpack the wheels for Lambda of `arch` into a folder. Raises BuildError when pip cannot get one."""
    with tempfile.TemporaryDirectory() as folder:
        _pip_download(requirements, arch, Path(folder))
        for wheel in sorted(Path(folder).glob("*.whl")):
            _unpack(wheel, into)


def _pip_download(requirements: Path, arch: str, folder: Path) -> None:
    version = ".".join(map(str, LAMBDA_PYTHON))
    abi = f"cp{version.replace('.', '')}"
    platforms = [f"manylinux2014_{MACHINES[arch]}", *(f"manylinux_2_{minor}_{MACHINES[arch]}" for minor in _GLIBC)]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps"]
    command += ["--only-binary=:all:", "--require-hashes", "--requirement", str(requirements), "--dest", str(folder)]
    command += ["--python-version", version, "--implementation", "cp"]
    command += [f"--abi={tag}" for tag in (abi, "abi3", "none")]
    command += [f"--platform={tag}" for tag in reversed(platforms)]
    pip = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    if pip.returncode:
        errors = [line.removeprefix("ERROR: ") for line in pip.stderr.splitlines() if line.startswith("ERROR: ")]
        reason = errors[-1] if errors else pip.stderr.strip() or f"exit code {pip.returncode}"
        raise BuildError(f"pip cannot get the layer for linux/{arch}, Python {version}: {reason}")


def _unpack(wheel: Path, into: Path) -> None:
    """A wheel's modules and metadata; not the scripts of its `.data` folder, which nobody runs in Lambda."""
    with zipfile.ZipFile(wheel) as archive:
        for entry in archive.infolist():
            parts = Path(entry.filename).parts
            if parts[0].endswith(".data"):
                if len(parts) < 3 or parts[1] not in ("purelib", "platlib"):
                    continue
                parts = parts[2:]
            if not entry.is_dir():
                target = into.joinpath(*parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_bytes(archive.read(entry))


def copy(requirements: Path, into: Path) -> None:
    """Copy the pinned distributions out of the running environment. Raises BuildError when it holds other versions.

    `make setup` installed them from the same pins and hashes, so pip would only fetch the same files again, slower and
    not without a network.
    """
    for name, version in pins(requirements):
        try:
            distribution = metadata.distribution(name)
        except metadata.PackageNotFoundError:
            raise BuildError(f"{name} is not installed here. Run `make setup`.") from None
        if distribution.version != version:
            raise BuildError(f"{name} {distribution.version} is installed, {version} is pinned. Run `make setup`.")
        for file in distribution.files or ():
            if ".." not in file.parts and "__pycache__" not in file.parts:  # scripts lie outside; bytecode is ours
                target = into.joinpath(*file.parts)
                target.parent.mkdir(parents=True, exist_ok=True)
                shutil.copyfile(str(file.locate()), target)


def pins(requirements: Path) -> Iterator[tuple[str, str]]:
    """(name, version) of every pin that applies to the running interpreter."""
    for line in requirements.read_text(encoding="utf-8").splitlines():
        pin = _PIN.match(line)
        if pin and (pin["marker"] is None or Marker(pin["marker"].strip()).evaluate()):
            yield pin["name"], pin["version"]
