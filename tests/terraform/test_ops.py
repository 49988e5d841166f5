"""The commands as they are typed, with the real Terraform and the stand-in of AWS, on a small configuration that needs
no provider."""

import json
import os
import shlex
import shutil
import signal
import subprocess
import sys
import time
import zipfile
from pathlib import Path

import pytest

from tests.aws_stand_in import connect, running

ROOT = Path(__file__).resolve().parents[2]
_LIMIT_S = 60
_EMAIL, _PASSWORD = "first@example.com", "A-Password-of-14"
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
    for group in ("admins", "developers"):
        idp.create_group(UserPoolId=found, GroupName=group)
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
        values = {"environment": name, "region": "us-east-1", "pool": pool}
        (folder / "terraform.tfvars.json").write_text(json.dumps(values))
    (tmp_path / "terraform/functions.json").write_text((ROOT / "terraform/functions.json").read_text())
    (tmp_path / "dist").mkdir()
    for name in _ARTIFACTS:
        zipfile.ZipFile(tmp_path / "dist" / f"{name}.zip", "w").close()
    return tmp_path


@pytest.fixture
def environ(aws_url, project):
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    return {
        **kept,
        "AWS_ENDPOINT_URL": aws_url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AUTO_APPROVE": "1",
        "TF_VAR_artifacts": str(project / "dist"),
        "TF_VAR_git_sha": "a" * 40,
    }


@pytest.fixture
def ops(project, environ):
    """Type a command: `ops("plan", "--detailed-exitcode", env="dev", AUTO_APPROVE="")`."""

    def run(command, *arguments, env="local", typed="", **variables):
        return subprocess.run(
            [*_command(project, command, env), *arguments],
            cwd=ROOT,
            env={**environ, **variables},
            input=typed,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )

    return run


def _command(project, command, env):
    return [sys.executable, "-m", "tools.ops", "--root", str(project), command, "--env", env]


def test_a_deployment_is_planned_made_read_and_removed(ops, client, project):
    assert ops("plan", "--detailed-exitcode").returncode == 2
    deployed = ops("deploy")
    assert (deployed.returncode, deployed.stderr) == (0, "")
    assert "0.1.0 (aaaaaaa) is deployed to local:\n  https://api.example.com/v1?a=1&b=2\n" in deployed.stdout
    assert ops("plan", "--detailed-exitcode").returncode == 0

    assert json.loads(ops("output", "--json").stdout)["git_sha"]["value"] == "a" * 40
    assert ops("output", "--name", "base_url").stdout == "https://api.example.com/v1?a=1&b=2"
    unknown = ops("output", "--name", "url")
    assert (unknown.returncode, unknown.stdout) == (1, "")
    assert unknown.stderr == "There is no output 'url': base_url, client_id, git_sha, user_pool_id, version.\n"

    ssm = client("ssm")
    for name in ("locks/a1", "locks/b2", "upstream-key"):
        ssm.put_parameter(Name=f"/pennyworth/local/{name}", Value="free", Type="String")
    shutil.rmtree(project / "dist")  # another machine's removal
    destroyed = ops("destroy")
    assert (destroyed.returncode, destroyed.stderr) == (0, "")
    assert "Removed besides: 2 parameters below /pennyworth/local/locks." in destroyed.stdout
    assert "--name /pennyworth/local/upstream-key" in destroyed.stdout
    ssm.delete_parameter(Name="/pennyworth/local/upstream-key")
    left = ops("output")
    assert (left.returncode, left.stdout) == (1, "")
    assert left.stderr == "Nothing is deployed in 'local' yet: run `make deploy ENV=local`.\n"


@pytest.mark.parametrize("command", ["deploy", "destroy"])
def test_a_change_without_a_terminal_wants_its_approval_beforehand(ops, project, command):
    done = ops(command, AUTO_APPROVE="")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "There is no terminal to approve the change at: AUTO_APPROVE=1 approves it beforehand.\n"


def test_a_protected_environment_is_not_half_removed(ops, client, pool):
    client("cognito-idp").update_user_pool(UserPoolId=pool["id"], DeletionProtection="ACTIVE")
    assert ops("deploy").returncode == 0
    done = ops("destroy")
    assert (done.returncode, done.stdout) == (1, "")
    assert '"deletion_protection": false in terraform/environments/local/terraform.tfvars.json' in done.stderr
    assert ops("output").returncode == 0


def test_the_first_administrator_gets_what_a_shell_needs(ops, client, pool):
    assert ops("deploy").returncode == 0
    for note in (f"Made {_EMAIL}.", f"{_EMAIL} is there already: the password is set anew."):
        done = ops("admin", "--email", _EMAIL, typed=f"{_PASSWORD}\n")
        assert done.returncode == 0
        assert done.stderr.startswith(note)
        script = f'eval {shlex.quote(done.stdout)}; echo "$OPENAI_BASE_URL"; echo "$PENNYWORTH_ADMIN_TOKEN"'
        url, token = subprocess.run(["sh", "-c", script], capture_output=True, text=True, check=True).stdout.split()
        assert url == "https://api.example.com/v1?a=1&b=2"
        assert token.count(".") == 2
    idp = client("cognito-idp")
    groups = idp.admin_list_groups_for_user(UserPoolId=pool["id"], Username=_EMAIL)["Groups"]
    assert [group["GroupName"] for group in groups] == ["admins"]
    person = idp.admin_get_user(UserPoolId=pool["id"], Username=_EMAIL)
    assert person["UserStatus"] == "CONFIRMED"
    assert f"/organization/users/{person['Username']}/api_keys" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "typed", "status", "said"),
    [
        ((), "", 2, "Who? Add EMAIL=, the address they sign in with.\n"),
        (("--email", "first"), "", 2, "EMAIL=first is no e-mail address.\n"),
        (("--email", _EMAIL), "", 1, "No password was given: type one at the terminal, or pipe it in as one line.\n"),
        (
            ("--email", _EMAIL, "--group", "kings"),
            _PASSWORD,
            1,
            "There is no group 'kings': the user pool has admins, developers.\n",
        ),
    ],
)
def test_an_administrator_that_cannot_be_is_told_why(ops, arguments, typed, status, said):
    assert ops("deploy").returncode == 0
    done = ops("admin", *arguments, typed=typed)
    assert (done.returncode, done.stdout, done.stderr) == (status, "", said)


def test_the_state_lies_in_the_accounts_bucket(ops, client):
    before = ops("plan", env="dev")
    assert (before.returncode, before.stdout) == (1, "")
    assert "run `make bootstrap REGION=us-east-1`" in before.stderr
    s3, bucket = client("s3"), "pennyworth-state-123456789012-us-east-1"
    s3.create_bucket(Bucket=bucket)
    assert ops("deploy", env="dev").returncode == 0
    assert [item["Key"] for item in s3.list_objects_v2(Bucket=bucket)["Contents"]] == ["dev.tfstate"]
    assert ops("destroy", env="dev").returncode == 0
    s3.delete_object(Bucket=bucket, Key="dev.tfstate")
    s3.delete_bucket(Bucket=bucket)


def test_another_account_than_the_values_name_is_refused(ops, project, pool):
    file = project / "terraform/environments/dev/terraform.tfvars.json"
    file.write_text(json.dumps({"environment": "dev", "region": "us-east-1", "account_id": "999999999999"}))
    done = ops("deploy", env="dev")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr.startswith(
        "The shell's credentials are for account 123456789012, but terraform/environments/dev/"
    )


@pytest.mark.parametrize("to_the_group", [True, False], ids=["Ctrl-C", "SIGTERM"])
def test_an_interrupted_deployment_waits_for_terraform_and_can_be_repeated(ops, project, environ, to_the_group):
    started = project / "terraform/environments/local/started"
    environ["TF_VAR_seconds"] = str(_LIMIT_S)
    process = subprocess.Popen(
        _command(project, "deploy", "local"),
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        give_up_at = time.monotonic() + _LIMIT_S
        while not started.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        if to_the_group:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=_LIMIT_S / 2)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 1
    assert "Interrupt received." in said
    assert "Traceback" not in said
    assert ops("deploy", TF_VAR_seconds="0").returncode == 0
