import zipfile
from importlib import metadata
from pathlib import Path

import pytest

from tools.dependencies import copy, download, pins
from tools.errors import BuildError

ROOT = Path(__file__).parents[3]


def requirements(folder: Path, text: str) -> Path:
    file = folder / "requirements.txt"
    file.write_text(text)
    return file


def test_pins_are_names_and_versions_that_apply_here(tmp_path: Path) -> None:
    file = requirements(
        tmp_path,
        "six==1.17.0 \\\n    --hash=sha256:00\n"
        "winonly==2.0 ; sys_platform == 'win32' \\\n    --hash=sha256:00\n"
        "cffi==2.1 ; platform_python_implementation != 'PyPy' \\\n    --hash=sha256:00\n",
    )
    assert list(pins(file)) == [("six", "1.17.0"), ("cffi", "2.1")]


def test_the_locked_layer_does_not_depend_on_the_interpreter_that_builds_it() -> None:
    """pip judges markers by the interpreter it runs in, not by the one it downloads for."""
    text = (ROOT / "requirements-layer.txt").read_text()
    markers = [line.split(";", 1)[1] for line in text.splitlines() if ";" in line]
    assert not [marker for marker in markers if "python_" in marker.replace("platform_python_implementation", "")]
    assert not [marker for marker in markers if "machine" in marker or "sys_platform" in marker]


def test_copying_takes_the_modules_and_metadata_without_scripts_or_bytecode(tmp_path: Path) -> None:
    file = requirements(tmp_path, f"idna=={metadata.version('idna')}\njmespath=={metadata.version('jmespath')}\n")
    copy(file, tmp_path / "into")
    found = {path.relative_to(tmp_path / "into").as_posix() for path in (tmp_path / "into").rglob("*")}
    assert {"idna/core.py", "jmespath/parser.py", f"idna-{metadata.version('idna')}.dist-info/METADATA"} <= found
    assert not [name for name in found if "__pycache__" in name or "bin" in name.split("/")]


@pytest.mark.parametrize(
    ("pin", "reason"), [("six==0.1", "0.1 is pinned"), ("nowhere-to-be-found==1.0", "is not installed")]
)
def test_an_environment_that_differs_from_the_lock_is_refused(tmp_path: Path, pin: str, reason: str) -> None:
    with pytest.raises(BuildError, match=rf"{reason}.* Run `make setup`\.$"):
        copy(requirements(tmp_path, pin), tmp_path / "into")


def wheel(folder: Path, tag: str) -> None:
    with zipfile.ZipFile(folder / f"small-1.0-{tag}.whl", "w") as archive:
        archive.writestr("small/__init__.py", "")
        archive.writestr("small-1.0.data/purelib/extra.py", "")
        archive.writestr("small-1.0.data/scripts/small", "#!python")
        archive.writestr("small-1.0.dist-info/METADATA", "Metadata-Version: 2.1\nName: small\nVersion: 1.0\n")
        archive.writestr("small-1.0.dist-info/WHEEL", f"Wheel-Version: 1.0\nRoot-Is-Purelib: false\nTag: {tag}\n")
        archive.writestr("small-1.0.dist-info/RECORD", "")


@pytest.fixture
def index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that is all pip may look into."""
    folder = tmp_path / "index"
    folder.mkdir()
    monkeypatch.setenv("PIP_CONFIG_FILE", "/dev/null")
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def pin_of(folder: Path, file: Path) -> Path:
    from hashlib import sha256

    return requirements(folder, f"small==1.0 --hash=sha256:{sha256(file.read_bytes()).hexdigest()}\n")


@pytest.mark.parametrize("tag", ["cp313-cp313-manylinux_2_28_aarch64", "cp39-abi3-manylinux_2_34_aarch64"])
def test_wheels_for_the_platform_are_unpacked_without_their_scripts(tmp_path: Path, index: Path, tag: str) -> None:
    wheel(index, tag)
    download(pin_of(tmp_path, index / f"small-1.0-{tag}.whl"), "arm64", tmp_path / "into")
    files = {path.relative_to(tmp_path / "into").as_posix() for path in (tmp_path / "into").rglob("*.py")}
    assert files == {"small/__init__.py", "extra.py"}
    assert not (tmp_path / "into/small-1.0.data").exists()


@pytest.mark.parametrize(
    "tag",
    [
        "cp313-cp313-manylinux_2_28_x86_64",  # another machine
        "cp312-cp312-manylinux_2_28_aarch64",  # another Python
        "cp313-cp313-manylinux_2_35_aarch64",  # a newer glibc than Lambda's
        "cp313-cp313-musllinux_1_2_aarch64",  # another libc
    ],
)
def test_a_missing_wheel_is_one_clear_line(tmp_path: Path, index: Path, tag: str) -> None:
    wheel(index, tag)
    with pytest.raises(BuildError) as error:
        download(pin_of(tmp_path, index / f"small-1.0-{tag}.whl"), "arm64", tmp_path / "into")
    assert str(error.value) == (
        "pip cannot get the layer for linux/arm64, Python 3.13: No matching distribution found for small==1.0"
    )
