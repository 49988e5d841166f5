"""Build what runs: zip files for Lambda, or the same unpacked for this machine.

    python -m tools.build --arch arm64 [--out dist]     dist/layer.zip and a zip for every function's artifact
    python -m tools.build --native --out DIR            DIR/layer and a folder for every function's artifact

The zips are byte-identical whenever the sources, the lock, the building interpreter (its compiler makes the bytecode)
and its zlib are the same. A failed or interrupted build leaves what was there before.
"""

import argparse
import fcntl
import hashlib
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tools.archive import Size, pack
from tools.bytecode import precompile
from tools.dependencies import LAMBDA_PYTHON, MACHINES, copy, download
from tools.errors import BuildError
from tools.lazy import make_lazy
from tools.stage import EXECUTABLES, LAYER, artifacts, sources, stage
from tools.trim import trim

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = "requirements-layer.txt"
STAMP = "stamp"  # the file beside the artifacts that says what they were made from
UNZIPPED_LIMIT = 250 * 1024 * 1024  # bytes: Lambda's, for a function and its layers together


def for_lambda(root: Path, arch: str, out: Path) -> dict[str, Size]:
    """Write `out/{layer,…}.zip` for linux/`arch` and Lambda's Python, and return their sizes. Raises BuildError."""
    bytecode = sys.version_info[:2] == LAMBDA_PYTHON
    with workspace(out, ".build") as work:
        dependencies = work / "dependencies"
        download(root / REQUIREMENTS, arch, dependencies)
        finish(dependencies, bytecode=bytecode)
        sizes = package(root, dependencies, work, bytecode=bytecode)
        check(sizes)
        (out / STAMP).unlink(missing_ok=True)  # killed between two zips, they are not one build's
        for name in sizes:
            (work / f"{name}.zip").replace(out / f"{name}.zip")
        (out / STAMP).write_text(stamp(root, arch))
    return sizes


def is_current(root: Path, arch: str, out: Path) -> bool:
    """Whether `for_lambda` would make what is in `out` already."""
    zips = (out / f"{name}.zip" for name in (LAYER, *artifacts(root)))
    return all(file.is_file() for file in zips) and _stamp_of(out) == stamp(root, arch)


def package(root: Path, dependencies: Path, into: Path, *, bytecode: bool) -> dict[str, Size]:
    """Write the zips of the project at `root` with these dependencies, and return their sizes."""
    tree = into / "stage"
    tree.mkdir()
    stage(root, dependencies, tree, bytecode=bytecode)
    return {
        name: pack(tree / name, into / f"{name}.zip", EXECUTABLES.get(name, frozenset()))
        for name in (LAYER, *artifacts(root))
    }


def native(root: Path, out: Path) -> bool:
    """Make `out` hold the artifacts unpacked for the running interpreter. False when it did already."""
    made_from = _inputs(root)
    if _stamp_of(out) == made_from:
        return False
    with workspace(out.parent, f".{out.name}") as work:
        if _stamp_of(out) == made_from:  # another process built it while this one waited
            return False
        fresh = work / "stage"
        fresh.mkdir()
        stage(root, installed(root), fresh, bytecode=True)
        (fresh / STAMP).write_text(made_from)
        _swap(fresh, out, work / "old")
    return True


def installed(root: Path) -> Path:
    """The layer's dependencies for this interpreter, trimmed and compiled; kept until the pins or the rules change."""
    folder = root / "build/dependencies"
    kept = folder / digest(root, [*tool_sources(), root / REQUIREMENTS])
    if not kept.exists():
        with workspace(folder, ".build") as work:
            if kept.exists():  # another process made it while this one waited
                return kept
            fresh = work / "dependencies"
            copy(root / REQUIREMENTS, fresh)
            finish(fresh, bytecode=True)
            for outdated in folder.glob("[0-9a-f]*"):
                shutil.rmtree(outdated)
            fresh.rename(kept)
    return kept


def finish(dependencies: Path, *, bytecode: bool) -> None:
    """Turn installed packages into what the layer carries of them."""
    trim(dependencies)
    make_lazy(dependencies)
    if bytecode:
        precompile(dependencies, "/opt/python")


def check(sizes: dict[str, Size]) -> None:
    """Raises BuildError when a function would not fit into Lambda."""
    for name, size in sizes.items():
        total = size.unzipped + (0 if name == LAYER else sizes[LAYER].unzipped)
        if total > UNZIPPED_LIMIT:
            raise BuildError(f"{name}.zip and the layer are {_mb(total)} MB unzipped; Lambda takes 250 MB.")


def digest(root: Path, files: list[Path]) -> str:
    """Names the interpreter that runs, and files: their place below `root` and their contents."""
    total = hashlib.sha256(f"{sys.version} {platform.machine()}".encode())
    for file in files:
        total.update(os.path.relpath(file, root).encode() + b"\0" + hashlib.sha256(file.read_bytes()).digest())
    return total.hexdigest()[:32]


def tool_sources() -> list[Path]:
    return sorted(Path(__file__).parent.glob("*.py"))


@contextmanager
def workspace(folder: Path, name: str) -> Iterator[Path]:
    """A folder to work in, inside `folder` and gone afterwards. One process at a time: others wait.

    What a killed build left behind is removed first.
    """
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / f"{name}.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        for left in folder.glob(f"{name}.work-*"):
            shutil.rmtree(left)
        with tempfile.TemporaryDirectory(dir=folder, prefix=f"{name}.work-") as work:
            yield Path(work)


def _swap(fresh: Path, out: Path, aside: Path) -> None:
    """Two renames: no moment in which `out` is half of each."""
    if not out.exists():
        fresh.rename(out)
        return
    out.rename(aside)
    try:
        fresh.rename(out)
    except OSError:
        aside.rename(out)
        raise


def _stamp_of(out: Path) -> str | None:
    try:
        return (out / STAMP).read_text()
    except FileNotFoundError:
        return None


def _inputs(root: Path) -> str:
    """Names all a build is made from."""
    return digest(root, [*sources(root), *tool_sources(), root / REQUIREMENTS])


def stamp(root: Path, arch: str) -> str:
    """What the file beside the zips says: what they are for and made from."""
    return f"{arch} {_inputs(root)}"


def _mb(size: int) -> str:
    return f"{size / 1024 / 1024:.2f}"


def _report(sizes: dict[str, Size], out: Path, arch: str) -> None:
    print(f"for linux/{arch}, Python {'.'.join(map(str, LAMBDA_PYTHON))}:")
    for name, size in sizes.items():
        file = os.path.relpath(out / f"{name}.zip")
        print(f"{file:24} {_mb(size.zipped):>7} MB {_mb(size.unzipped):>8} MB unzipped")
    if sys.version_info[:2] != LAMBDA_PYTHON:
        running, target = (".".join(map(str, version)) for version in (sys.version_info[:2], LAMBDA_PYTHON))
        print(f"no bytecode: it needs Python {target}, this is {running}; cold starts will be slower")


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tools.build", description=__doc__.splitlines()[0])
    target = parser.add_mutually_exclusive_group(required=True)
    target.add_argument("--arch", choices=sorted(MACHINES), help="for Lambda of this architecture")
    target.add_argument("--native", action="store_true", help="for this machine and interpreter, unpacked")
    parser.add_argument("--out", type=Path, help="folder to write to (default: dist; --native must name one)")
    options = parser.parse_args()
    try:
        if options.native:
            if options.out is None:
                parser.error("--native needs --out")
            made = native(ROOT, options.out.absolute())
            print(f"{options.out}: {'built' if made else 'up to date'}")
        else:
            out = (options.out or ROOT / "dist").absolute()
            if is_current(ROOT, options.arch, out):
                print(f"{os.path.relpath(out)}: up to date for linux/{options.arch}")
                return
            _report(for_lambda(ROOT, options.arch, out), out, options.arch)
    except (BuildError, OSError) as error:
        sys.exit(f"build: {error}")


if __name__ == "__main__":
    main()
