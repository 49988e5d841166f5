"""Each module by itself: its form, and its own `terraform test`, which needs no account."""

import re
from pathlib import Path

import pytest

TERRAFORM = Path(__file__).resolve().parents[2] / "terraform"
MODULES = TERRAFORM / "modules"
FILES = {"main.tf", "variables.tf", "outputs.tf", "versions.tf", "README.md"}
TESTED = sorted(file.parent.name for file in MODULES.glob("*/*.tftest.hcl"))
BLOCK = re.compile(r'^(?P<kind>variable|output) "(?P<name>\w+)" \{\n(?P<body>.*?)^\}', re.MULTILINE | re.DOTALL)
DESCRIBED = re.compile(r"^  description\s+= ", re.MULTILINE)
TYPED = re.compile(r"^  type\s+= ", re.MULTILINE)
PASSED = re.compile(r"^Success! (\d+) passed, 0 failed\.$", re.MULTILINE)


def declarations():
    for file in sorted(MODULES.glob("*/*.tf")):
        for block in BLOCK.finditer(file.read_text()):
            yield pytest.param(block, id=f"{file.parent.name}-{block['kind']}-{block['name']}")


@pytest.mark.parametrize("module", TESTED)
def test_a_module_has_its_files(module):
    assert {file.name for file in (MODULES / module).iterdir()} >= FILES


@pytest.mark.parametrize("block", list(declarations()))
def test_every_variable_and_output_says_what_it_is(block):
    assert DESCRIBED.search(block["body"])
    assert block["kind"] == "output" or TYPED.search(block["body"])


def test_every_file_is_formatted(terraform):
    done = terraform("fmt", "-check", "-recursive", "-diff", "-no-color", cwd=TERRAFORM, check=False)
    assert done.returncode == 0, f"run `terraform fmt -recursive terraform`:\n{done.stdout}"


@pytest.mark.parametrize("module", TESTED)
def test_a_module_is_valid_and_passes_its_own_tests(terraform, running_provider, tmp_path, module):
    folder = terraform.project(tmp_path) / "terraform" / "modules" / module
    terraform("init", "-input=false", "-no-color", "-backend=false", cwd=folder, **running_provider)
    terraform("validate", "-no-color", cwd=folder, **running_provider)
    shown = terraform("test", "-no-color", cwd=folder, **running_provider).stdout
    passed = PASSED.search(shown)
    assert passed, shown
    assert int(passed[1]) > 0, "no run in its *.tftest.hcl"
