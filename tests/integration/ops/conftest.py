import io
import json
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from tests.aws_stand_in import connect, running, shell

ROOT = Path(__file__).resolve().parents[3]
KEYS = ("authorizer", "openai", "mcp", "admin", "ledger")
COMMITS = ("aaaa111" + "0" * 33, "bbbb222" + "0" * 33, "cccc333" + "0" * 33)
_LIMIT_S = 60


@pytest.fixture(scope="session")
def aws_url():
    with running() as url:
        yield url


@pytest.fixture(scope="session")
def client(aws_url):
    return connect(aws_url)


@pytest.fixture
def ops(aws_url, tmp_path):
    """A command as it is typed: `ops("rollback", "--version", "0.1.0")`, on a project with an environment `local`."""
    folder = tmp_path / "terraform/environments/local"
    folder.mkdir(parents=True)
    (folder / "terraform.tfvars.json").write_text('{"environment": "local", "region": "us-east-1"}')
    (folder / "backend.tf").write_text('terraform {\n  backend "local" {}\n}\n')
    (tmp_path / "terraform/functions.json").write_text((ROOT / "terraform/functions.json").read_text())

    def run(command, *arguments):
        typed = [sys.executable, "-m", "tools.ops", "--root", str(tmp_path), command, "--env", "local", *arguments]
        return subprocess.run(
            typed, cwd=ROOT, env=shell(aws_url), capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )

    return run


@pytest.fixture
def functions(client):
    """The four functions of `local` with three releases published, the third live; their client."""
    lambda_, iam = client("lambda"), client("iam")
    lambdas = {"Effect": "Allow", "Principal": {"Service": "lambda.amazonaws.com"}, "Action": "sts:AssumeRole"}
    trust = json.dumps({"Version": "2012-10-17", "Statement": [lambdas]})
    role = iam.create_role(RoleName="pennyworth-local", AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    for key in KEYS:
        name = f"pennyworth-local-{key}"
        lambda_.create_function(
            FunctionName=name, Role=role, Runtime="python3.13", Handler="a.handler", Code={"ZipFile": code("")}
        )
        for version, commit in zip(("0.1.0", "0.2.0", "0.2.0"), COMMITS, strict=True):
            variables = {"VERSION": version, "GIT_SHA": commit}
            lambda_.update_function_configuration(FunctionName=name, Environment={"Variables": variables})
            lambda_.update_function_code(FunctionName=name, ZipFile=code(commit))
            lambda_.publish_version(FunctionName=name)
        lambda_.create_alias(FunctionName=name, Name="live", FunctionVersion="3")
    yield lambda_
    for key in KEYS:
        lambda_.delete_function(FunctionName=f"pennyworth-local-{key}")
    iam.delete_role(RoleName="pennyworth-local")


def code(text):
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("a.py", f"# {text}")
    return archive.getvalue()


@pytest.fixture
def live(functions):
    """Where the aliases point: key → (version, a canary's weights)."""

    def look():
        aliases = {key: functions.get_alias(FunctionName=f"pennyworth-local-{key}", Name="live") for key in KEYS}
        return {
            key: (alias["FunctionVersion"], (alias.get("RoutingConfig") or {}).get("AdditionalVersionWeights") or {})
            for key, alias in aliases.items()
        }

    return look


@pytest.fixture
def everywhere():
    """What `live` says when all aliases point to a version and have no canary."""
    return lambda version: dict.fromkeys(KEYS, (version, {}))
