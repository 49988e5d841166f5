import fcntl
import json
import os
import subprocess
import sys
import time
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from tools import build
from tools.archive import Size
from tools.errors import BuildError

ROOT = Path(__file__).parents[3]
PACKAGE = """
import os, sys
from pathlib import Path
from tools.build import package
root, dependencies, into, umask = sys.argv[1:]
os.umask(int(umask, 8))
package(Path(root), Path(dependencies), Path(into), bytecode=True)
"""


def package_elsewhere(root: Path, dependencies: Path, into: Path, *, umask: str, **variables: str) -> dict[str, bytes]:
    """The zips as another process makes them: name → bytes."""
    into.mkdir(parents=True)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **variables}
    command = [sys.executable, "-c", PACKAGE, str(root), str(dependencies), str(into), umask]
    subprocess.run(command, cwd=into, env=environment, check=True, timeout=60)
    return {path.name: path.read_bytes() for path in into.glob("*.zip")}


def dependencies_in(folder: Path) -> Path:
    (folder / "small").mkdir(parents=True)
    (folder / "small/__init__.py").write_text("NAMES = {'c', 'a', 'b'}\n")
    build.finish(folder, bytecode=True)
    return folder


def names_in(archive: Path) -> set[str]:
    with zipfile.ZipFile(archive) as file:
        return set(file.namelist())


def test_the_same_project_makes_the_same_zips_wherever_and_however_it_is_built(
    tmp_path: Path, make_project: Callable[[Path], Path]
) -> None:
    first, second = make_project(tmp_path / "first"), make_project(tmp_path / "some/where/else")
    for file in second.rglob("*.*"):
        os.utime(file, (1, 1))
    here = {"umask": "022", "PYTHONHASHSEED": "1", "LC_ALL": "C.UTF-8", "TZ": "UTC"}
    there = {"umask": "077", "PYTHONHASHSEED": "2", "LC_ALL": "C", "TZ": "Asia/Tokyo"}
    a = package_elsewhere(first, dependencies_in(tmp_path / "a"), tmp_path / "out/a", **here)
    b = package_elsewhere(second, dependencies_in(tmp_path / "bb"), tmp_path / "b", **there)
    assert set(a) == {"layer.zip", "openai.zip", "authorizer.zip"}
    assert a == b


def test_our_own_services_make_the_same_zips_twice(tmp_path: Path) -> None:
    dependencies = dependencies_in(tmp_path / "dependencies")
    a = package_elsewhere(ROOT, dependencies, tmp_path / "a", umask="022", PYTHONHASHSEED="1")
    b = package_elsewhere(ROOT, dependencies, tmp_path / "b", umask="077", PYTHONHASHSEED="2")
    assert set(a) == {"layer.zip", "openai.zip", "mcp.zip", "admin.zip", "authorizer.zip"}
    assert a == b


def test_the_layer_and_each_artifact_hold_what_lambda_looks_for(tmp_path: Path, project: Path) -> None:
    build.package(project, dependencies_in(tmp_path / "dependencies"), tmp_path, bytecode=False)
    assert {"stream", "python/pennyworth/__init__.py", "python/small/__init__.py"} <= names_in(tmp_path / "layer.zip")
    code = {f"services/openai/{name}" for name in ("app.py", "models.json", "openapi.json")}
    assert names_in(tmp_path / "openai.zip") == code
    assert names_in(tmp_path / "authorizer.zip") == {"LICENSE"}
    assert not [name for name in names_in(tmp_path / "layer.zip") if "pennyworth/__pycache__" in name]


def test_the_contract_is_json_with_the_version_of_the_project(tmp_path: Path, project: Path) -> None:
    build.package(project, dependencies_in(tmp_path / "dependencies"), tmp_path, bytecode=False)
    with zipfile.ZipFile(tmp_path / "openai.zip") as archive:
        contract = json.loads(archive.read("services/openai/openapi.json"))
    assert contract["info"] == {"title": "Small — but whole", "version": "1.2.3"}
    assert contract["paths"]["/chat"]["get"]["responses"]["200"] == {"description": "Fine"}


@pytest.mark.parametrize("missing", ["shared/stream", "services/openai"])
def test_a_missing_source_is_named(tmp_path: Path, project: Path, missing: str) -> None:
    (project / missing).rename(tmp_path / "gone")
    with pytest.raises(BuildError, match=f"{missing} is missing"):
        build.package(project, dependencies_in(tmp_path / "dependencies"), tmp_path, bytecode=False)


def test_a_function_that_lambda_would_not_take_is_refused() -> None:
    limit = build.UNZIPPED_LIMIT
    build.check({"layer": Size(1, limit - 5), "openai": Size(1, 5)})
    with pytest.raises(BuildError, match=r"openai\.zip and the layer are 250\.00 MB unzipped"):
        build.check({"layer": Size(1, limit - 5), "openai": Size(1, 6)})


def test_a_failed_build_leaves_the_old_zips(tmp_path: Path, project: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    out = tmp_path / "dist"
    monkeypatch.setattr(build, "download", lambda _requirements, _arch, into: dependencies_in(into))
    build.for_lambda(project, "arm64", out)
    before = {path.name: path.read_bytes() for path in out.glob("*.zip")}
    (project / "services/openai/app.py").write_text("def changed(): return 1\n")
    (project / "shared/stream").unlink()
    with pytest.raises(BuildError):
        build.for_lambda(project, "arm64", out)
    assert {path.name: path.read_bytes() for path in out.glob("*.zip")} == before
    assert not list(out.glob(".build.work-*"))


def test_a_native_build_is_the_same_unpacked_and_runs(tmp_path: Path, project: Path) -> None:
    out = tmp_path / "native"
    assert build.native(project, out)
    assert os.access(out / "layer/stream", os.X_OK)
    assert (out / "authorizer/LICENSE").exists()
    look = "import sys; sys.path[:0] = sys.argv[1:]; import six, pennyworth.authorizer as a; print(a.__file__, six)"
    paths = [str(out / "openai"), str(out / "layer/python")]
    run = subprocess.run(
        [sys.executable, "-I", "-S", "-c", look, *paths], capture_output=True, text=True, check=True, timeout=30
    )
    assert run.stdout == f"{paths[1]}/pennyworth/authorizer.py <module 'six' from '{paths[1]}/six.py'>\n"
    assert list((out / "layer/python/__pycache__").glob("six.*.pyc"))
    assert list((out / "openai/services/openai/__pycache__").glob("app.*.pyc"))


def test_a_native_build_is_made_again_only_when_something_changed(tmp_path: Path, project: Path) -> None:
    out = tmp_path / "native"
    assert build.native(project, out)
    inode = (out / "layer/python/six.py").stat().st_ino
    assert not build.native(project, out)
    (project / "services/openai/app.py").write_text("def handler(event, context): return 2\n")
    assert build.native(project, out)
    assert "return 2" in (out / "openai/services/openai/app.py").read_text()
    assert (out / "layer/python/six.py").stat().st_ino == inode, "dependencies are not installed again"
    (project / "services/openai/models.json").rename(project / "services/openai/catalogue.json")
    assert build.native(project, out)
    assert not (out / "openai/services/openai/models.json").exists()


def test_a_failed_native_build_leaves_the_old_one_and_no_mess(tmp_path: Path, project: Path) -> None:
    out = tmp_path / "native"
    build.native(project, out)
    (project / "services/openai/app.py").write_text("def handler(:\n")
    with pytest.raises(BuildError, match=r"app\.py"):
        build.native(project, out)
    assert "return None" in (out / "openai/services/openai/app.py").read_text()
    assert {path.name for path in tmp_path.iterdir()} == {"project", "native", ".native.lock"}


def test_what_a_killed_build_left_is_cleared_by_the_next(tmp_path: Path) -> None:
    left = tmp_path / ".native.work-killed"
    (left / "stage").mkdir(parents=True)
    with build.workspace(tmp_path, ".native") as work:
        assert work.is_dir()
        assert not left.exists()
    assert [path.name for path in tmp_path.iterdir()] == [".native.lock"]


def test_a_second_build_waits_for_the_first(tmp_path: Path) -> None:
    with (
        build.workspace(tmp_path, ".native"),
        (tmp_path / ".native.lock").open("w") as lock,
        pytest.raises(BlockingIOError),
    ):
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)


def test_a_build_with_nothing_to_do_takes_less_than_a_second(tmp_path: Path, project: Path) -> None:
    out = tmp_path / "native"
    build.native(project, out)
    started_at = time.perf_counter()
    assert not build.native(project, out)
    assert time.perf_counter() - started_at < 1


def test_the_command_says_in_one_line_what_is_wrong(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    command = [sys.executable, "-m", "tools.build", "--native", "--out", str(tmp_path / "file/native")]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=30)
    assert run.returncode == 1
    assert run.stderr.startswith("build: ")
    assert len(run.stderr.splitlines()) == 1
