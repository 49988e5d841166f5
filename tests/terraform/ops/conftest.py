"""Commands as they are typed, with the real Terraform and the stand-in of AWS, on a small configuration that needs no
provider."""

import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.aws_stand_in import connect, running, shell

ROOT = Path(__file__).resolve().parents[3]
LIMIT_S = 60
_ARTIFACTS = ("layer", "openai", "mcp", "admin", "authorizer")

_MAIN = """
variable "environment" { type = string }
variable "region" { type = string }
variable "git_sha" { type = string }
variable "artifacts" {
  type = string
  validation {
    condition     = fileexists("${var.artifacts}/layer.zip")
    error_message = "Not built."
  }
}
variable "pool" { type = object({ id = string, client_id = string }) }
variable "seconds" { default = 0 }
variable "permissions_boundary" { type = bool }

resource "terraform_data" "this" {
  input = var.git_sha
  provisioner "local-exec" {
    command = "touch ${path.module}/started; sleep ${var.seconds}"
  }
}

output "base_url" { value = "https://api.example.com/v1?a=1&b=2" }
output "version" { value = "0.1.0" }
output "git_sha" { value = terraform_data.this.output }
output "user_pool_id" { value = var.pool.id }
output "client_id" { value = var.pool.client_id }
"""


@pytest.fixture(scope="module")
def aws_url():
    with running() as url:
        yield url


@pytest.fixture(scope="module")
def client(aws_url):
    return connect(aws_url)


@pytest.fixture
def pool(client):
    """A user pool as an installation has it; deleted afterwards."""
    idp = client("cognito-idp")
    found = idp.create_user_pool(PoolName="pennyworth-local", UsernameAttributes=["email"])["UserPool"]["Id"]
    flows = ["ALLOW_ADMIN_USER_PASSWORD_AUTH"]
    client_id = idp.create_user_pool_client(UserPoolId=found, ClientName="cli", ExplicitAuthFlows=flows)
    for group, actions in {"admins": ["inference", "admin"], "developers": ["inference"]}.items():
        idp.create_group(UserPoolId=found, GroupName=group, Description=json.dumps({"actions": actions}))
    yield {"id": found, "client_id": client_id["UserPoolClient"]["ClientId"]}
    idp.update_user_pool(UserPoolId=found, DeletionProtection="INACTIVE")
    idp.delete_user_pool(UserPoolId=found)


@pytest.fixture
def project(tmp_path, pool, terraform):
    """A project with the environments `local` and, with its state in S3, `dev`."""
    for name, backend in (("local", "local"), ("dev", "s3")):
        folder = tmp_path / "terraform/environments" / name
        folder.mkdir(parents=True)
        (folder / "main.tf").write_text(_MAIN)
        settings = 'key = "dev.tfstate"\n use_lockfile = true' if backend == "s3" else ""
        (folder / "backend.tf").write_text(f'terraform {{\n  backend "{backend}" {{\n{settings}\n}}\n}}\n')
        values = {"environment": name, "region": "us-east-1", "pool": pool, "permissions_boundary": name == "dev"}
        (folder / "terraform.tfvars.json").write_text(json.dumps(values))
    (tmp_path / "terraform/functions.json").write_text((ROOT / "terraform/functions.json").read_text())
    (tmp_path / "dist").mkdir()
    for name in _ARTIFACTS:
        zipfile.ZipFile(tmp_path / "dist" / f"{name}.zip", "w").close()
    return tmp_path


@pytest.fixture
def environ(aws_url, project):
    return {
        **shell(aws_url),
        "AUTO_APPROVE": "1",
        "TF_VAR_artifacts": str(project / "dist"),
        "TF_VAR_git_sha": "a" * 40,
    }


@pytest.fixture
def ops(project, environ):
    """Type a command: `ops("plan", "--detailed-exitcode", env="dev", AUTO_APPROVE="")`."""

    def run(command, *arguments, env="local", typed="", **variables):
        return subprocess.run(
            [*typed_command(project, command, env), *arguments],
            cwd=ROOT,
            env={**environ, **variables},
            input=typed,
            capture_output=True,
            text=True,
            timeout=LIMIT_S,
            check=False,
        )

    return run


def typed_command(project, command, env):
    return [sys.executable, "-m", "tools.ops", "--root", str(project), command, "--env", env]
