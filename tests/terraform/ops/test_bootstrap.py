"""`bootstrap` with the real Terraform, provider and backend.

The stand-in of AWS evaluates no condition of a bucket's policy and would lock us out of the bucket: of the module only
the bucket, the variables and the identity provider are there.
"""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws_stand_in import connect, running, shell

ROOT = Path(__file__).resolve().parents[3]
_LIMIT_S = 120
_ACCOUNT = "123456789012"
_MODULE = """
data "aws_caller_identity" "this" {}
data "aws_region" "this" {}

locals {
  account_id = data.aws_caller_identity.this.account_id
  region     = data.aws_region.this.name
}

variable "interrupted" { default = false }

resource "aws_s3_bucket" "state" {
  bucket = "pennyworth-state-${local.account_id}-${local.region}"
}

resource "terraform_data" "interruption" {
  count = var.interrupted ? 1 : 0
  provisioner "local-exec" { command = "exit 1" }
}

resource "aws_iam_openid_connect_provider" "github" {
  count          = var.github_repository != null && var.oidc_provider_arn == null ? 1 : 0
  url            = "https://token.actions.githubusercontent.com"
  client_id_list = ["sts.amazonaws.com"]
}
"""


@pytest.fixture
def aws_url():
    with running() as url:
        yield url


@pytest.fixture
def client(aws_url):
    return connect(aws_url)


@pytest.fixture
def machine(aws_url, terraform, tmp_path):
    """A machine with a checkout: `machine("first")("--github", "acme/pennyworth")` runs bootstrap there."""

    def made(name):
        folder = tmp_path / name / "terraform/bootstrap"
        folder.mkdir(parents=True)
        source = ROOT / "terraform/bootstrap"
        for file in ("state.tf", "variables.tf", "versions.tf", ".terraform.lock.hcl"):
            shutil.copyfile(source / file, folder / file)
        (folder / "main.tf").write_text(_MODULE)

        def run(*arguments, region="eu-west-1", **variables):
            command = [sys.executable, "-m", "tools.ops", "--root", str(tmp_path / name), "bootstrap"]
            return subprocess.run(
                [*command, "--region", region, *arguments],
                cwd=ROOT,
                env=shell(aws_url) | {"AUTO_APPROVE": "1", **variables},
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                timeout=_LIMIT_S,
                check=False,
            )

        return run

    return made


def state(client, region="eu-west-1"):
    """The outputs in the state that lies in the bucket."""
    stored = client("s3").get_object(Bucket=f"pennyworth-state-{_ACCOUNT}-{region}", Key="bootstrap.tfstate")
    return {name: output["value"] for name, output in json.load(stored["Body"])["outputs"].items()}


def providers(client):
    return client("iam").list_open_id_connect_providers()["OpenIDConnectProviderList"]


def test_the_state_lies_in_the_bucket_from_the_first_moment_and_every_machine_finds_it(machine, client, tmp_path):
    first = machine("first")
    targets = ["arn:aws:lambda:eu-west-1:123456789012:function:crm", "arn:aws:execute-api:eu-west-1:123456789012:a/*"]
    said = {"github": "acme/pennyworth", "environments": "dev,prod,test", "mcp-targets": ",".join(targets)}
    done = first(*(word for name, value in said.items() for word in (f"--{name}", value)))
    assert (done.returncode, done.stderr) == (0, "")
    assert f"Made the bucket pennyworth-state-{_ACCOUNT}-eu-west-1" in done.stdout
    remembered = {
        "github_repository": "acme/pennyworth",
        "environments": ["dev", "prod", "test"],
        "mcp_targets": targets,
    }
    assert state(client) == remembered
    assert len(providers(client)) == 1
    assert not list(tmp_path.glob("*/terraform/bootstrap/*.tfstate*"))

    again = machine("second")()  # told nothing: it stays as it was said
    assert again.returncode == 0, again.stderr
    assert "0 added, 0 changed, 0 destroyed" in again.stdout
    assert "Made the bucket" not in again.stdout
    assert state(client) == remembered


def test_an_interrupted_run_is_carried_on_by_another_machine(machine, client):
    stopped = machine("first")("--github", "acme/pennyworth", TF_VAR_interrupted="true")
    assert stopped.returncode == 1
    again = machine("second")("--github", "acme/pennyworth")
    assert again.returncode == 0, again.stderr
    assert state(client)["github_repository"] == "acme/pennyworth"
    assert len(providers(client)) == 1


def test_a_second_region_uses_the_accounts_one_identity_provider(machine, client):
    assert machine("first")("--github", "acme/pennyworth").returncode == 0
    other = machine("second")("--github", "acme/pennyworth", region="us-west-2")
    assert other.returncode == 0, other.stderr
    assert len(providers(client)) == 1


def test_a_state_that_could_not_be_saved_is_not_forgotten(machine, tmp_path):
    first = machine("first")
    (tmp_path / "first/terraform/bootstrap/errored.tfstate").write_text("{}")
    done = first()
    assert (done.returncode, done.stdout) == (1, "")
    assert "terraform state push errored.tfstate && rm errored.tfstate" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "status", "said"),
    [
        (("--region", ""), 2, "Where? Add REGION="),
        (("--region", "us-esat-1"), 1, "Amazon Bedrock is in no Region 'us-esat-1'. Did you mean "),
        (("--github", "https://github.com/acme/pennyworth"), 2, "GITHUB=https://github.com/acme/pennyworth: write "),
    ],
)
def test_what_cannot_be_is_one_line(machine, client, arguments, status, said):
    done = machine("first")(*arguments)
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(said)
    assert client("s3").list_buckets()["Buckets"] == []


def test_the_configuration_links_to_all_of_the_module(terraform, tmp_path):
    module = {file.name for file in (ROOT / "terraform/modules/bootstrap").glob("*.tf")}
    assert module == {file.name for file in (ROOT / "terraform/bootstrap").glob("*.tf") if file.is_symlink()}
    folder = terraform.project(tmp_path) / "terraform/bootstrap"
    terraform("init", "-backend=false", "-input=false", cwd=folder)
    terraform("validate", cwd=folder, AWS_REGION="us-east-1")
