"""The real build, wheels and all: slow, so everything is made once and looked at from all sides."""

import ast
import importlib.util
import platform
import struct
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools.build import UNZIPPED_LIMIT
from tools.dependencies import LAMBDA_PYTHON, MACHINES
from tools.methods import MODULE
from tools.trim import SERVICES

ROOT = Path(__file__).parents[2]
HERE = {machine: arch for arch, machine in MACHINES.items()}.get(platform.machine(), "arm64")
ARTIFACTS = ("layer", "openai", "mcp", "admin", "authorizer")
ELF_MACHINE = {"x86_64": 0x3E, "arm64": 0xB7}
LAMBDA_MAGIC = 3571  # of CPython 3.13's bytecode: Include/internal/pycore_magic_number.h
IS_LAMBDA_PYTHON = sys.version_info[:2] == LAMBDA_PYTHON
# What dataclasses write for a function's classes, beside its code: compiled ahead, so of use with bytecode alone.
METHODS = {MODULE, importlib.util.cache_from_source(MODULE)} if IS_LAMBDA_PYTHON else set()

SMOKE = """
import sys
sys.path.insert(0, sys.argv[1])
import boto3, jwt
for service in sys.argv[2].split(","):
    client = boto3.client(service, "eu-central-1", aws_access_key_id="x", aws_secret_access_key="x")
    assert client.meta.endpoint_url.startswith("https://"), service
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key
key = generate_private_key(65537, 2048)
assert jwt.decode(jwt.encode({"a": 1}, key, "RS256"), key.public_key(), ["RS256"]) == {"a": 1}
for module in sys.argv[3].split(","):
    __import__(module)
elsewhere = [m.__file__ for m in list(sys.modules.values()) if "site-packages" in (getattr(m, "__file__", "") or "")]
assert not elsewhere, elsewhere
assert "aws_xray_sdk" not in sys.modules
"""


def start(arch: str, out: Path) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "tools.build", "--arch", arch, "--out", str(out)]
    return subprocess.Popen(command, cwd=ROOT, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT)


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Path]]:
    """arm64, x86_64, and `again`: this machine's a second time."""
    folder = tmp_path_factory.mktemp("dist")
    runs = {name: start(arch, folder / name) for name, arch in [("arm64",) * 2, ("x86_64",) * 2, ("again", HERE)]}
    try:
        for run in runs.values():
            output, _ = run.communicate(timeout=180)
            assert run.returncode == 0, output
            assert "layer.zip" in output
        yield {name: folder / name for name in runs}
    finally:
        for run in runs.values():
            run.kill()
            run.wait()


def entries(archive: Path) -> dict[str, zipfile.ZipInfo]:
    with zipfile.ZipFile(archive) as file:
        return {entry.filename: entry for entry in file.infolist()}


@pytest.fixture(scope="module")
def layer(built: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """This machine's layer, unpacked."""
    folder = tmp_path_factory.mktemp("opt")
    with zipfile.ZipFile(built[HERE] / "layer.zip") as archive:
        archive.extractall(folder)
    return folder


def test_building_twice_makes_equal_bytes(built: dict[str, Path]) -> None:
    for name in ARTIFACTS:
        assert (built[HERE] / f"{name}.zip").read_bytes() == (built["again"] / f"{name}.zip").read_bytes(), name


def test_the_services_do_not_depend_on_the_architecture(built: dict[str, Path]) -> None:
    for name in ARTIFACTS[1:]:
        assert (built["arm64"] / f"{name}.zip").read_bytes() == (built["x86_64"] / f"{name}.zip").read_bytes(), name
    assert (built["arm64"] / "layer.zip").read_bytes() != (built["x86_64"] / "layer.zip").read_bytes()


@pytest.mark.parametrize("arch", sorted(ELF_MACHINE))
def test_every_native_library_is_for_the_architecture(built: dict[str, Path], arch: str) -> None:
    machines = {}
    with zipfile.ZipFile(built[arch] / "layer.zip") as archive:
        for name in archive.namelist():
            content = archive.read(name)
            if content[:4] == b"\x7fELF":
                (machines[name],) = struct.unpack("<H", content[18:20])
    assert {"python/pydantic_core", "python/cryptography"} <= {"/".join(name.split("/")[:2]) for name in machines}
    assert set(machines.values()) == {ELF_MACHINE[arch]}, machines


@pytest.mark.parametrize("arch", sorted(ELF_MACHINE))
def test_everything_fits_into_lambda(built: dict[str, Path], arch: str) -> None:
    unzipped = {
        name: sum(entry.file_size for entry in entries(built[arch] / f"{name}.zip").values()) for name in ARTIFACTS
    }
    assert max(unzipped["layer"] + unzipped[name] for name in ARTIFACTS[1:]) < UNZIPPED_LIMIT
    assert unzipped["layer"] < 60 * 1024 * 1024, "something heavy crept into the layer"


@pytest.mark.parametrize("arch", sorted(ELF_MACHINE))
def test_bytecode_lies_beside_every_module_exactly_when_this_is_lambdas_python(
    built: dict[str, Path], arch: str
) -> None:
    for name in ARTIFACTS:
        with zipfile.ZipFile(built[arch] / f"{name}.zip") as archive:
            names = set(archive.namelist())
            wanted = {importlib.util.cache_from_source(n) for n in names if n.endswith(".py")}
            found = {n for n in names if n.endswith(".pyc")}
            assert found == (wanted if IS_LAMBDA_PYTHON else set())
            heads = {archive.read(n)[:8] for n in found}
            assert heads <= {struct.pack("<HccI", LAMBDA_MAGIC, b"\r", b"\n", 0b01)}, "3.13's, hash-based, unchecked"


@pytest.mark.parametrize("arch", sorted(ELF_MACHINE))
def test_modes_and_dates_are_fixed(built: dict[str, Path], arch: str) -> None:
    for name in ARTIFACTS:
        found = entries(built[arch] / f"{name}.zip")
        executable = {n for n, entry in found.items() if entry.external_attr >> 16 == 0o100755}
        assert executable == ({"stream"} if name == "layer" else set())
        assert {entry.external_attr >> 16 for entry in found.values()} <= {0o100755, 0o100644}
        assert {entry.date_time for entry in found.values()} == {(1980, 1, 1, 0, 0, 0)}


def test_each_artifact_holds_its_service_and_nothing_else(built: dict[str, Path]) -> None:
    for name in ("openai", "mcp", "admin"):
        found = entries(built[HERE] / f"{name}.zip")
        assert f"services/{name}/app.py" in found
        assert all(n.startswith(f"services/{name}/") for n in found.keys() - METHODS)
    assert "services/openai/openapi.json" in entries(built[HERE] / "openai.zip")
    assert entries(built[HERE] / "authorizer.zip").keys() == {"LICENSE", *METHODS}
    assert {"stream", "python/pennyworth/authorizer.py"} <= set(entries(built[HERE] / "layer.zip"))


def test_what_nobody_needs_is_not_in_the_layer(built: dict[str, Path]) -> None:
    names = set(entries(built[HERE] / "layer.zip"))
    for absent in ("aws_xray_sdk", "pip", "cffi", "pycparser", "bin", "boto3/examples", "botocore/data/ec2"):
        assert not [n for n in names if n.startswith(f"python/{absent}/")], absent
    assert [n for n in names if n.endswith("LICENSE") and ".dist-info/" in n], "licences travel with the code"


def imported() -> set[str]:
    """Every module from outside that our sources import, wherever in a file they do."""
    found = set()
    for source in [*(ROOT / "services").rglob("*.py"), *(ROOT / "shared").rglob("*.py")]:
        for node in ast.walk(ast.parse(source.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
                found.add(node.module)
    ours = {"pennyworth", "services", "dataclass_methods", *sys.stdlib_module_names}
    return {name for name in found if name.partition(".")[0] not in ours}


@pytest.mark.skipif(
    not IS_LAMBDA_PYTHON or platform.machine() not in MACHINES.values() or sys.platform != "linux",
    reason="the layer is for Python 3.13 on linux",
)
def test_the_layer_alone_has_all_our_code_imports(layer: Path) -> None:
    modules = imported()
    assert {"pydantic", "aws_lambda_powertools"} <= modules
    command = [sys.executable, "-I", "-S", "-W", "error", "-c", SMOKE, str(layer / "python")]
    command += [",".join(sorted(SERVICES)), ",".join(sorted(modules))]
    run = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False)
    assert run.returncode == 0, run.stderr
