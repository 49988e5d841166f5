"""The real Terraform and the real AWS provider, on copies of the project: nothing is written into the tree."""

import os
import shutil
import subprocess
import threading
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.aws_stand_in import running
from tests.terraform.installation import Installation, planned
from tests.terraform.policies import carriers
from tools.offline.plan import of_environment
from tools.offline.project import copy

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 300  # a busy machine included
_REATTACH = "TF_REATTACH_PROVIDERS"
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

# For the stand-in, which knows no bucket by its host name.
PROVIDER = 'provider "aws" {\n  s3_use_path_style = true\n}\n'
OPTIONS = {
    "waf": '{"requests_per_5_minutes": 1000}',
    "alarms": '{"email": "ops@example.com"}',
    "domain": '{"name": "llm.example.com", "certificate_arn": "arn:aws:acm:us-east-1:123456789012:certificate/1"}',
}


@dataclass(frozen=True)
class Terraform:
    binary: str
    provider: Path  # the AWS provider's own binary

    def project(self, folder):
        """A copy of what Terraform reads, with artifacts that hold nothing, below `folder`; its root."""
        return copy(ROOT, folder / "project")

    def __call__(self, *arguments, cwd, check=True, **variables):
        done = run(self.binary, *arguments, cwd=cwd, **variables)
        if check and done.returncode != 0:
            pytest.fail(f"terraform {' '.join(arguments)} ended with {done.returncode}:\n{done.stdout}")
        return done


def run(binary, *arguments, cwd, **variables):
    """`terraform ARGUMENTS` in a folder, with no AWS configuration but the variables given."""
    others = ("AWS_", "TF_VAR_", _REATTACH)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(others)}
    environment |= {"TF_IN_AUTOMATION": "1", "CHECKPOINT_DISABLE": "1", **variables}
    return subprocess.run(
        [binary, *arguments],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=_LIMIT_S,
        check=False,
    )


@pytest.fixture(scope="session")
def terraform(tmp_path_factory):
    binary = shutil.which("terraform")
    if binary is None:
        pytest.skip("terraform is not installed: nothing of terraform/ is tested here")
    scratch = tmp_path_factory.mktemp("provider")
    (scratch / "versions.tf").write_text(_PROVIDER)
    done = run(binary, "init", "-input=false", "-no-color", cwd=scratch)
    if done.returncode != 0:
        pytest.skip(f"the AWS provider cannot be installed: nothing of terraform/ is tested here\n{done.stdout[-500:]}")
    [provider] = scratch.glob(".terraform/providers/*/*/aws/*/*/terraform-provider-aws*")
    return Terraform(binary, provider)


@pytest.fixture(scope="session")
def running_provider(terraform):
    """Variables by which Terraform uses one provider that runs already, in place of a new one for each run of a test.

    For mocked providers, which are asked for their schema alone: what one command configured, the next would find.
    Source: Terraform's documentation, "Debugging Providers" (read 2026-11).
    """
    process = subprocess.Popen(
        [terraform.provider, "-debug"],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )
    alarm = threading.Timer(_LIMIT_S, process.kill)
    alarm.start()
    try:
        address = _announced(process.stdout)
        alarm.cancel()
        yield {_REATTACH: address}
    finally:
        alarm.cancel()
        process.terminate()
        process.wait(_LIMIT_S)
        process.stdout.close()


def _announced(output):
    """What a provider that was started for debugging says of where it listens: `TF_REATTACH_PROVIDERS='{…}'`."""
    for line in output:
        if (said := line.strip()).startswith(f"{_REATTACH}="):
            return said.removeprefix(f"{_REATTACH}=").strip("'")
    pytest.fail("the provider ended before it said where it listens")


@pytest.fixture(scope="module")
def aws_url(terraform):
    """The stand-in of AWS."""
    with running() as url:
        yield url


@pytest.fixture(scope="module")
def checkout(terraform, tmp_path_factory):
    """A copy of the project, for what is installed."""
    return terraform.project(tmp_path_factory.mktemp("installed"))


@pytest.fixture(scope="module")
def local(terraform, checkout, aws_url):
    """The environment `local`, applied."""
    made = Installation(terraform, checkout / "terraform/environments/local", aws_url)
    made.apply()
    return made


@pytest.fixture(scope="module")
def installed(local):
    """The resources of `local`, with all that AWS said of them."""
    return local.resources()


@pytest.fixture(scope="module")
def account(terraform, checkout, aws_url):
    """What of the module bootstrap carries a policy, and what that refers to: the stand-in lacks some of the rest."""
    folder = checkout / "terraform/modules/bootstrap"
    (folder / "provider.tf").write_text(PROVIDER)
    made = Installation(terraform, folder, aws_url)
    variables = ("-var=github_repository=owner/name",)
    wanted = carriers(planned(made.plan(*variables)))
    made.apply(*variables, *(f"-target={address}" for address in wanted))
    found = made.resources()
    assert set(carriers(found)) == set(wanted)
    return found


@pytest.fixture(scope="module")
def plans(terraform):
    """Environment → its plan from nothing; `prod, all options` with everything turned on."""
    return {
        "dev": of_environment(ROOT, "dev"),
        "prod": of_environment(ROOT, "prod"),
        "prod, all options": of_environment(ROOT, "prod", OPTIONS),
    }


@pytest.fixture(scope="module", params=["local", "dev", "prod", "prod, all options"])
def environment(request):
    """The resources of each environment: as installed, or as planned."""
    if request.param == "local":
        return request.getfixturevalue("installed")
    return planned(request.getfixturevalue("plans")[request.param])
