"""The real Terraform and the real AWS provider, on copies of the project: nothing is written into the tree."""

import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from tools.offline.project import copy

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 300  # a busy machine included
_PROVIDER = """
terraform {
  required_providers {
    aws = {
      source  = "hashicorp/aws"
      version = "~> 5.100"
    }
  }
}
"""


@dataclass(frozen=True)
class Terraform:
    binary: str

    def project(self, folder):
        """A copy of what Terraform reads, with artifacts that hold nothing, below `folder`; its root."""
        return copy(ROOT, folder / "project")

    def __call__(self, *arguments, cwd, check=True, **variables):
        """Run `terraform ARGUMENTS` in a folder, with no AWS configuration but the variables given."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
        environment |= {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **variables}
        done = subprocess.run(
            [self.binary, *arguments],
            cwd=cwd,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )
        if check and done.returncode != 0:
            pytest.fail(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("terraform is not installed: nothing of terraform/ is tested here")
    found = Terraform(binary)
    scratch = tmp_path_factory.mktemp("provider")
    (scratch / "versions.tf").write_text(_PROVIDER)
    done = found("init", "-input=false", "-no-color", cwd=scratch, check=False)
    if done.returncode != 0:
        pytest.skip(f"the AWS provider cannot be installed: nothing of terraform/ is tested here\n{done.stdout[-500:]}")
    return found
