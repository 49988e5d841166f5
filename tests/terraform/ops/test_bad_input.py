"""What people get wrong, through the commands as they type them: each is answered with what to do."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.aws_stand_in import running, shell

ROOT = Path(__file__).resolve().parents[3]
_LIMIT_S = 120
_OLD = '#!/bin/sh\necho \'{"terraform_version": "1.5.7"}\'\n'


@pytest.fixture(scope="module")
def aws_url():
    with running() as url:
        yield url


@pytest.fixture(scope="module")
def project(terraform, tmp_path_factory):
    return terraform.project(tmp_path_factory.mktemp("bad"))


@pytest.fixture
def values(project):
    """Change the values of the environment `local`: `values(region="moon")`. They are as they were after the test."""
    file = project / "terraform/environments/local/terraform.tfvars.json"
    before = file.read_text()

    def change(**changes):
        file.write_text(json.dumps(json.loads(before) | changes))

    yield change
    file.write_text(before)


@pytest.fixture
def plan(project, aws_url):
    """`make plan` as it starts our program, with the variables of a shell that is set up well but for `variables`."""

    def run(env="local", **variables):
        good = {
            **shell(aws_url),
            "AWS_EC2_METADATA_DISABLED": "true",
            "TF_VAR_artifacts": str(project / "dist"),
        }
        command = [sys.executable, "-m", "tools.ops", "--root", str(project), "plan", "--env", env]
        return subprocess.run(
            command,
            cwd=ROOT,
            env={name: value for name, value in (good | variables).items() if value},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_LIMIT_S,
            check=False,
        )

    return run


def groups(**changes):
    """The groups of an environment, changed."""
    sound = {
        "admins": {"precedence": 10, "actions": ["inference", "admin"], "models": ["*"]},
        "developers": {"precedence": 20, "actions": ["inference"], "models": ["nova-*"]},
    }
    return {name: group | changes.get(name, {}) for name, group in sound.items()}


def test_good_input_is_planned(plan):
    done = plan()
    assert done.returncode == 0, done.stderr
    assert "Plan: " in done.stdout


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"groups": groups(developers={"models": ["gpt-nobody-knows"]})}, "gpt-nobody-knows"),
        (
            {"groups": groups(developers={"models": []})},
            "A group without models can ask nothing. Give developers a pattern",
        ),
        ({"groups": groups(developers={"precedence": 10})}, "Give each its own: admins has 10, developers has 10."),
    ],
    ids=["a model no catalogue knows", "a group without models", "overlapping precedence"],
)
def test_values_that_cannot_be_are_refused_before_anything_is_made(plan, values, changes, said):
    values(**changes)
    done = plan()
    assert done.returncode == 1
    assert said in " ".join(done.stderr.split())


def test_models_that_spend_no_budget_are_warned_of(plan, values):
    """By the real catalogue, of groups with a budget alone, and no reason to refuse."""
    providers = {"acme": {"url": "https://acme.example/v1", "models": ["gpt-4*"]}}
    values(groups=groups(developers={"models": ["gpt-*", "nova-*"], "budget_usd": 5}), model_providers=providers)
    done = plan()
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.replace("│", " ").split())
    assert "Warning: Check block assertion failed" in said
    assert "without a known price, by which no budget is spent: gpt-4*, gpt-oss-20b. Give them" in said
    assert "leave them out of the models of developers." in said
    values(groups=groups(developers={"models": ["nova-*"], "budget_usd": 5}), model_providers=providers)
    assert "no budget is spent" not in plan().stdout


def test_each_value_that_cannot_be_is_named_with_what_to_do(plan, values):
    values(
        architecture="mips",
        authorizer_ttl_s=7200,
        throttle={"rate_per_s": 0, "burst": 1},
        model_providers={
            "acme": {"url": "http://insecure.example/v1"},
            "Bad/Name": {"url": "https://a.example", "models": ["a b"], "key_header": "x y"},
            "bedrock": {"url": "https://a.example", "models": ["x" * 3000]},
        },
        mcp_servers={
            "Bad": {"type": "stdio"},
            "two": {"type": "http", "url": "https://a.example/mcp", "function": "x", "era": "2023-01-01"},
            "open": {"type": "http", "url": "http://a.example/mcp", "forward": ["Authorization"], "timeout_s": 60},
            "far": {"type": "lambda", "function": "arn:aws:lambda:eu-west-1:123456789012:function:x", "payload": "x"},
            "anyone": {"type": "http", "url": "https://a.example", "auth": {"type": "sigv4", "service": "s3"}},
            "all": {
                "type": "http",
                "url": "https://a.example",
                "auth": {"type": "sigv4", "service": "execute-api", "resources": ["*"]},
                "approved": {"x": "no digest"},
            },
        },
        functions={"openai": {"memory_mb": 512}},
        mfa="MAYBE",
        log_retention_days=31,
    )
    done = plan()
    assert done.returncode == 1
    said = " ".join(done.stderr.replace("│", " ").split())
    for wanted in (
        'architecture: "arm64" or "x86_64"',
        "authorizer_ttl_s: whole seconds from 0 to 3600",
        "throttle: rate_per_s and burst are above 0",
        "because the key travels there. Change acme.",
        'is not bedrock. Change "Bad/Name", "bedrock".',
        'Change "a b".',
        "such as api-key. Change Bad/Name.",
        "Lambda takes 4 KB of them in all",
        'mcp_servers: a name is of a-z, 0-9 and -, begins with a letter and has 32 characters at most. Change "Bad".',
        "mcp_servers: type is http, lambda or openapi. Change Bad.",
        "mcp_servers: one of type http has a url, of type lambda a function",
        "http:// takes private = true. Change open.",
        "mcp_servers: function is the ARN of a Lambda function in us-east-1",
        "mcp_servers: payload says what a function takes",
        "mcp_servers: era is 2026-07-28",
        "mcp_servers: auth is of type none, header",
        "mcp_servers: auth.resources are ARNs",
        "none that holds credentials or belongs to the connection is passed on",
        "mcp_servers: timeout_s is from 1 to 25 seconds",
        "mcp_servers: approved is {tool = digest}",
        "functions: exactly openai, mcp, admin, authorizer and ledger",
    ):
        assert wanted in said


@pytest.mark.parametrize("region", ["us-esat-1", "moon"])
def test_an_unknown_region_is_one_line(plan, values, region):
    values(region=region)
    assert_one_line(
        plan(), 1, f"terraform/environments/local/terraform.tfvars.json: Amazon Bedrock is in no Region '{region}'."
    )


def test_an_unknown_environment_is_one_line(plan):
    assert_one_line(
        plan("stagin"), 2, "There is no environment 'stagin': terraform/environments has dev, local, prod. To add one, "
    )


def test_an_environment_without_values_is_one_line(plan, project):
    shutil.copytree(
        project / "terraform/environments/dev",
        project / "terraform/environments/empty",
        symlinks=True,
        ignore=shutil.ignore_patterns("*.json"),
    )
    try:
        assert_one_line(plan("empty"), 1, "terraform/environments/empty/terraform.tfvars.json is missing: copy ")
    finally:
        shutil.rmtree(project / "terraform/environments/empty")


def test_an_artifact_that_was_not_built_is_one_line(plan, tmp_path):
    assert_one_line(
        plan(TF_VAR_artifacts=str(tmp_path)), 1, "layer.zip, authorizer.zip, openai.zip, mcp.zip, admin.zip missing in "
    )


def test_an_old_terraform_is_one_line(plan, tmp_path):
    (tmp_path / "terraform").write_text(_OLD)
    (tmp_path / "terraform").chmod(0o755)
    done = plan(PATH=f"{tmp_path}{os.pathsep}{os.environ['PATH']}")
    assert_one_line(done, 1, f"{tmp_path}/terraform is Terraform 1.5.7, needed is 1.11 or later, below 2: https://")


def test_a_missing_terraform_is_one_line(plan, tmp_path):
    assert_one_line(plan(PATH=str(tmp_path)), 1, "terraform is not on the PATH: install 1.11 or later, below 2, from ")


def test_missing_credentials_are_one_line(plan, tmp_path):
    nobody = {"AWS_ACCESS_KEY_ID": "", "AWS_SECRET_ACCESS_KEY": "", "HOME": str(tmp_path)}
    assert_one_line(plan(**nobody), 1, "There are no AWS credentials in this shell: set AWS_PROFILE, or ")


def test_an_unknown_profile_is_one_line(plan, tmp_path):
    nobody = {"AWS_PROFILE": "nobody", "HOME": str(tmp_path)}
    assert_one_line(plan(**nobody), 1, "The config profile (nobody) could not be found: set AWS_PROFILE, or ")


def test_the_stand_ins_environment_never_meets_aws(plan):
    assert_one_line(plan(AWS_ENDPOINT_URL=""), 1, "ENV=local is for the stand-in of AWS, not for AWS: ")


def test_an_aws_that_cannot_be_reached_is_one_line(plan):
    assert_one_line(plan(AWS_ENDPOINT_URL="http://127.0.0.1:9"), 1, "AWS cannot be reached: ")


def test_a_make_target_passes_the_line_on():
    """Without ENV nothing is started, so the tree itself may be asked; its virtual environment stays as it is."""
    environment = {name: value for name, value in os.environ.items() if name not in ("ENV", "MAKEFLAGS", "MAKELEVEL")}
    for target in ("plan", "deploy", "output", "admin", "rollback", "destroy"):
        typed = ["make", "-s", "-o", ".venv/ready", target, f"BIN={Path(sys.executable).parent}"]
        done = subprocess.run(
            typed, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
        assert done.returncode == 2
        assert done.stderr.startswith("Which environment? Add ENV=, one of: dev, local, prod.\n")


def assert_one_line(done, status, beginning):
    assert (done.returncode, done.stdout) == (status, "")
    assert done.stderr.startswith(beginning)
    assert done.stderr.count("\n") == 1
