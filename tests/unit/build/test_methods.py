"""What dataclasses write is compiled by the build, and is the same."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tools.errors import BuildError
from tools.methods import MODULE, module, written

ROOT = Path(__file__).parents[3]
FUNCTIONS = json.loads((ROOT / "terraform/functions.json").read_text())
CLASSES = """
from dataclasses import dataclass, field
@dataclass(frozen=True, slots=True, order=True)
class Point:
    x: int
    y: int = 0
    tags: list = field(default_factory=list, compare=False)
@dataclass(kw_only=True)
class Place:
    name: str
    def __post_init__(self):
        self.name = self.name.upper()
"""
# Every source that is compiled raises this event. Source: Python's library reference, audit events table.
COUNTED = """
import sys
compiled = []
def hear(event, arguments):
    if event == "compile" and str(arguments[0]).removeprefix("b'").startswith("def __create_fn__"):
        compiled.append(arguments[0])
sys.addaudithook(hear)
"""


def run(code: str, *folders: Path) -> str:
    environment = {
        "PYTHONPATH": os.pathsep.join(map(str, folders)),
        "PYTHONDONTWRITEBYTECODE": "1",
        "POWERTOOLS_SERVICE_NAME": "test",
    }
    command = [sys.executable, "-s", "-P", "-c", COUNTED + code]
    return subprocess.run(command, env=environment, capture_output=True, text=True, check=True, timeout=60).stdout


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "classes.py").write_text(CLASSES)
    (tmp_path / MODULE).write_text(module(written(tmp_path, ["classes"])))
    return tmp_path


def test_classes_are_the_same_with_nothing_to_compile(project: Path) -> None:
    code = """
import pennyworth
from classes import Place, Point
print(len(compiled), Point(1), Point(1) == Point(1, tags=[2]), Point(1) < Point(2), len({Point(1), Point(1)}))
print(Place(name="a"), Point.__init__.__qualname__, Point.__init__.__module__, Point.__init__.__annotations__["x"])
try:
    Point(1).x = 2
except AttributeError as error:
    print(type(error).__name__, error)
"""
    shared = ROOT / "shared"
    built = run(code, project, shared)
    (project / MODULE).unlink()
    assert run(code, project, shared) == built.replace("0 Point", "2 Point", 1)
    assert built.splitlines() == [
        "0 Point(x=1, y=0, tags=[]) True True 1",
        "Place(name='A') Point.__init__ classes <class 'int'>",
        "FrozenInstanceError cannot assign to field 'x'",
    ]


def test_a_class_that_the_build_has_not_met_is_compiled(project: Path) -> None:
    (project / "classes.py").write_text(CLASSES.replace("y: int = 0", "y: int = 0; z: int = 3"))
    assert run("import pennyworth, classes; print(len(compiled), classes.Point(1))", project, ROOT / "shared") == (
        "1 Point(x=1, y=0, z=3, tags=[])\n"
    )


@pytest.mark.parametrize("name", FUNCTIONS)
def test_no_function_compiles_a_method_when_it_is_imported(tmp_path: Path, name: str) -> None:
    handler = FUNCTIONS[name]["handler"].rpartition(".")[0]
    (tmp_path / MODULE).write_text(module(written(ROOT, [handler])))
    code = f"import pennyworth, {handler}, dataclasses; print(len(compiled), dataclasses.exec.__module__)"
    assert run(code, tmp_path, ROOT, ROOT / "shared") == "0 pennyworth.methods\n"


def test_a_function_that_cannot_be_imported_stops_the_build(tmp_path: Path) -> None:
    (tmp_path / "broken.py").write_text("raise RuntimeError('not today')\n")
    with pytest.raises(BuildError, match="not today"):
        written(tmp_path, ["broken"])
