"""What Terraform takes for a server is what the function takes: the same table, held against the variable by itself."""

import json
import re

import pytest

from tests.mcp_declarations import BAD, GOOD, REGION
from tests.terraform.conftest import ROOT

VARIABLES = ROOT / "terraform" / "modules" / "pennyworth" / "variables.tf"
BLOCK = r'^variable "{name}" \{{\n.*?^\}}\n'
RESULT = re.compile(r"^(good|bad)_(\d+)\.tftest\.hcl\.\.\. (pass|fail)$", re.MULTILINE)


def block(name):
    [found] = re.findall(BLOCK.format(name=name), VARIABLES.read_text(), re.MULTILINE | re.DOTALL)
    return found


def one(row, refused):
    expected = "  expect_failures = [var.mcp_servers]\n" if refused else ""
    quoted = json.dumps(json.dumps({"there": row})).replace("${", "$${").replace("%{", "%%{")
    variables = f'  variables {{\n    region = "{REGION}"\n    mcp_servers = jsondecode({quoted})\n  }}\n'
    return f'run "row" {{\n  command = plan\n{variables}{expected}}}\n'


@pytest.fixture(scope="module")
def results(terraform, tmp_path_factory):
    """Of each row, by list and number: whether Terraform did as it should. A file each, for in one the first run that
    fails ends all; and one `terraform test`."""
    folder = tmp_path_factory.mktemp("declarations")
    (folder / "variables.tf").write_text(block("region") + block("mcp_servers"))
    rows = {**{("good", n): row for n, row in enumerate(GOOD)}, **{("bad", n): row for n, (row, _) in enumerate(BAD)}}
    for (kind, number), row in rows.items():
        (folder / f"{kind}_{number}.tftest.hcl").write_text(one(row, kind == "bad"))
    terraform("init", "-input=false", "-no-color", cwd=folder)
    shown = terraform("test", "-no-color", cwd=folder, check=False).stdout
    found = {(kind, int(number)): result for kind, number, result in RESULT.findall(shown)}
    assert found.keys() == rows.keys(), shown
    return found


@pytest.mark.parametrize("number", range(len(GOOD)), ids=lambda number: json.dumps(GOOD[number]))
def test_what_the_function_takes_can_be_declared(results, number):
    assert results["good", number] == "pass"


@pytest.mark.parametrize("number", range(len(BAD)), ids=lambda number: json.dumps(BAD[number][0]))
def test_what_the_function_refuses_cannot_be_declared(results, number):
    assert results["bad", number] == "pass"
