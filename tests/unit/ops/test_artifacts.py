import pytest

from tools import build
from tools.ops import artifacts, environment
from tools.ops.errors import OpsError

NAMES = ("layer", "openai", "authorizer")


def fill(folder):
    folder.mkdir(parents=True, exist_ok=True)
    for name in NAMES:
        (folder / f"{name}.zip").touch()


@pytest.fixture
def dev(project, tmp_path):
    """The environment of a project that declares two functions."""
    (project / "terraform/functions.json").write_text(
        '{"openai": {"handler": "services.openai.app.handler", "artifact": "openai"},'
        ' "authorizer": {"handler": "pennyworth.authorizer.handler", "artifact": "authorizer"}}'
    )
    return environment.find(project, "dev")


def test_a_complete_folder_passes(dev, tmp_path):
    fill(tmp_path / "elsewhere")
    artifacts.check(dev, tmp_path / "elsewhere")


def test_a_relative_folder_lies_where_terraform_runs(dev):
    fill(dev.root / "zips")
    artifacts.check(dev, "../../../zips")


def test_artifacts_that_were_not_built_are_named(dev, tmp_path):
    fill(tmp_path / "elsewhere")
    (tmp_path / "elsewhere/openai.zip").unlink()
    with pytest.raises(OpsError, match=r"^openai\.zip missing in .*/elsewhere: run `make build`"):
        artifacts.check(dev, tmp_path / "elsewhere")


def test_what_cannot_be_built_is_told(dev):
    with pytest.raises(OpsError, match=r"^dist/ cannot be built: .*missing|No such file"):
        artifacts.ensure(dev)


def test_a_build_is_current_until_its_sources_change(dev, tmp_path):
    root, dist = dev.root, dev.root / "dist"
    for name in ("LICENSE", "openapi.yaml", "pyproject.toml", "shared/stream", "shared/pennyworth/a.py"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()
    (root / "services/openai").mkdir(parents=True)
    (root / build.REQUIREMENTS).touch()
    fill(dist)
    assert not build.is_current(root, "arm64", dist)
    (dist / build.STAMP).write_text(build.stamp(root, "arm64"))
    assert build.is_current(root, "arm64", dist)
    assert not build.is_current(root, "x86_64", dist)
    (root / "services/openai/app.py").write_text("changed = True\n")
    assert not build.is_current(root, "arm64", dist)
    (root / "services/openai/app.py").unlink()
    (dist / "openai.zip").unlink()
    assert not build.is_current(root, "arm64", dist)
