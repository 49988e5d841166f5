import json
import os
import shutil
import signal
import subprocess
import time

import pytest

from tests.terraform.ops.conftest import LIMIT_S, ROOT, typed_command

_POLICY = {
    "Version": "2012-10-17",
    "Statement": [{"Effect": "Allow", "Action": "xray:PutTraceSegments", "Resource": "*"}],
}


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
    for name in ("locks/a1", "locks/b2", "providers/acme"):
        ssm.put_parameter(Name=f"/pennyworth/local/{name}", Value="free", Type="String")
    shutil.rmtree(project / "dist")  # another machine's removal
    destroyed = ops("destroy")
    assert (destroyed.returncode, destroyed.stderr) == (0, "")
    assert "Removed besides: 2 parameters below /pennyworth/local/locks." in destroyed.stdout
    assert "--name /pennyworth/local/providers/acme" in destroyed.stdout
    ssm.delete_parameter(Name="/pennyworth/local/providers/acme")
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


def test_the_state_lies_in_the_accounts_bucket(ops, client):
    before = ops("plan", env="dev")
    assert (before.returncode, before.stdout) == (1, "")
    assert "run `make bootstrap REGION=us-east-1`" in before.stderr
    s3, bucket = client("s3"), "pennyworth-state-123456789012-us-east-1"
    s3.create_bucket(Bucket=bucket)
    unbounded = ops("deploy", env="dev")
    assert (unbounded.returncode, unbounded.stdout) == (1, "")
    assert "run `make bootstrap REGION=us-east-1 ENVIRONMENTS=dev`, or give up on it" in unbounded.stderr
    made = client("iam").create_policy(
        PolicyName="pennyworth-bootstrap-boundary-dev-us-east-1", PolicyDocument=json.dumps(_POLICY)
    )
    assert ops("deploy", env="dev").returncode == 0
    client("iam").delete_policy(PolicyArn=made["Policy"]["Arn"])
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
    environ["TF_VAR_seconds"] = str(LIMIT_S)
    process = subprocess.Popen(
        typed_command(project, "deploy", "local"),
        cwd=ROOT,
        env=environ,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    )
    try:
        give_up_at = time.monotonic() + LIMIT_S
        while not started.exists():
            assert process.poll() is None, process.communicate()[0]
            assert time.monotonic() < give_up_at
            time.sleep(0.05)
        if to_the_group:
            os.killpg(process.pid, signal.SIGINT)  # as a terminal does
        else:
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=LIMIT_S / 2)
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    assert process.returncode == 1
    assert "Interrupt received." in said
    assert "Traceback" not in said
    assert ops("deploy", TF_VAR_seconds="0").returncode == 0
