"""`pipx install ./cli`: the wheel, installed alone."""

import json
import os
import subprocess
import sys
import sysconfig
import tomllib
import venv
import zipfile
from pathlib import Path

import pytest
from packaging.requirements import Requirement

CLI = Path(__file__).resolve().parents[2] / "cli"


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    folder = tmp_path_factory.mktemp("wheel")
    options = ["--quiet", "--no-deps", "--no-index", "--no-build-isolation", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(folder), str(CLI)]
    subprocess.run(command, check=True, timeout=120)
    [made] = folder.glob("*.whl")
    return made


@pytest.fixture(scope="module")
def home(wheel, tmp_path_factory):
    """A virtual environment of its own. Its libraries are ours, by a path: nothing is fetched, and our sources are on
    no path of it."""
    folder = tmp_path_factory.mktemp("home") / "venv"
    venv.create(folder, with_pip=False)
    site = Path(sysconfig.get_path("purelib", vars={"base": str(folder), "platbase": str(folder)}))
    (site / "libraries.pth").write_text(sysconfig.get_path("purelib") + "\n")
    options = ["--quiet", "--no-deps", "--no-index", "--disable-pip-version-check"]
    command = [sys.executable, "-m", "pip", "--python", str(folder), "install", *options, str(wheel)]
    subprocess.run(command, check=True, timeout=120)
    return folder


def run(home, *arguments, within=()):
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("PENNYWORTH", "PYTHON"))}
    command = [*within, home / "bin" / "pennyworth", *arguments]
    return subprocess.run(command, env=environment, cwd=home, capture_output=True, text=True, timeout=60, check=False)


def test_the_command_is_there_and_is_ours(home, wheel):
    done = run(home, "version", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["version"] == wheel.name.split("-")[1]


def test_its_version_is_the_gateways(wheel):
    project = tomllib.loads((CLI.parent / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert wheel.name.split("-")[1] == project["version"]


def test_every_command_can_be_asked_for_help(home):
    assert "keys" in run(home, "--help").stdout
    assert "--expires-in" in run(home, "keys", "create", "--help").stdout


def test_shells_are_completed(home):
    """It asks the system which shell it was started from."""
    done = run(home, "--show-completion", within=("bash", "-c", '"$0" "$@"; exit $?'))
    assert "_PENNYWORTH_COMPLETE=complete_bash" in done.stdout


def test_the_wheel_holds_the_program_and_nothing_else(wheel):
    with zipfile.ZipFile(wheel) as held:
        tops = {name.split("/")[0] for name in held.namelist()}
        metadata = next(name for name in held.namelist() if name.endswith("METADATA"))
        told = held.read(metadata).decode()
    assert {top for top in tops if not top.endswith(".dist-info")} == {"pennyworth_cli"}
    needed = {
        line.partition(": ")[2].partition(">")[0] for line in told.splitlines() if line.startswith("Requires-Dist")
    }
    assert needed == {"filelock", "requests", "rich", "typer", "keyring"}


def test_linux_needs_no_keyring_unless_asked(wheel):
    """Which would bring cryptography and D-Bus."""
    with zipfile.ZipFile(wheel) as held:
        metadata = next(name for name in held.namelist() if name.endswith("METADATA"))
        lines = held.read(metadata).decode().splitlines()
    asked = [Requirement(line.partition(": ")[2]) for line in lines if line.startswith("Requires-Dist: keyring")]

    def wanted(platform, extra=""):
        return any(each.marker.evaluate({"sys_platform": platform, "extra": extra}) for each in asked)

    assert not wanted("linux")
    assert wanted("linux", "keyring")
    assert wanted("darwin")
    assert wanted("win32")
