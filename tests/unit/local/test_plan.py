"""The values of an environment, read as Terraform reads them."""

import json
import re
from pathlib import Path

import pytest

from local.plan import ROOT, plan

VARIABLES = (ROOT / "terraform/modules/pennyworth/variables.tf").read_text()


def default(name: str) -> str:
    """What variables.tf says a variable is when it is not set."""
    block = re.search(rf'variable "{name}" {{\n(.*?)\n}}\n', VARIABLES, re.DOTALL)
    assert block
    return re.search(r"^  default +=\s*(.*)$", block[1], re.MULTILINE)[1]


def test_what_may_be_left_out_for_terraform_may_be_left_out_here(tmp_path: Path) -> None:
    file = tmp_path / "values.json"
    functions = {name: {"memory_mb": 512} for name in ("openai", "mcp", "admin", "authorizer", "ledger")}
    file.write_text(json.dumps({"environment": "local", "region": "us-east-1", "functions": functions, "groups": {}}))
    found = plan(file)
    assert default("authorizer_ttl_s") == str(found.authorizer_ttl_s)
    assert default("throttle") == f"{{ rate_per_s = {found.rate_per_s}, burst = {found.burst} }}"
    assert default("mfa") == f'"{found.mfa}"'
    assert default("deletion_protection") == str(found.deletion_protection).lower()
    assert default("file_expiry_days") == str(found.file_expiry_days)
    assert json.loads(default("upload_origins")) == list(found.upload_origins)
    assert found.functions["openai"].concurrency > 0


@pytest.mark.parametrize("name", ["dev", "prod", "local"])
def test_every_environment_is_one_the_local_system_could_be(name: str) -> None:
    assert plan(ROOT / f"terraform/environments/{name}/terraform.tfvars.json").environment == name
