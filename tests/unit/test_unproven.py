"""docs/unproven.md and the checks of `make smoke` name each other, one by one."""

import ast
import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "docs/unproven.md").read_text(encoding="utf-8")


def checks():
    for path in sorted((ROOT / "tests/smoke").glob("test_*.py")):
        for node in ast.parse(path.read_text(encoding="utf-8")).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                yield node.name


def test_every_check_named_is_there_and_every_check_is_named():
    assert set(re.findall(r"`(test_\w+)`", TEXT)) == set(checks())


def test_every_claim_says_where_to_look():
    rows = [line.strip("| ").split(" | ") for line in TEXT.splitlines() if re.match(r"\| [^w-]", line)]
    assert len(rows) > 20
    assert all(len(row) == 3 and all(cell.strip() for cell in row) for row in rows)


def test_every_variable_of_the_target_is_explained():
    purpose = re.search(r"^smoke: .*", (ROOT / "Makefile").read_text(), re.MULTILINE)[0]
    for name in re.findall(r"\b([A-Z_]{3,})=", purpose):
        assert re.search(rf"\b{name}\b", TEXT), name


def test_the_ordinary_run_leaves_out_these_checks_and_the_clients_suites_that_it_starts_itself():
    settings = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    run = {Path(place).name for place in settings["tool"]["pytest"]["ini_options"]["testpaths"]}
    assert {path.relative_to(ROOT / "tests").parts[0] for path in (ROOT / "tests").rglob("test_*.py")} - run == {
        "smoke",
        "clients",
    }
