"""One local system for all e2e tests, started as a newcomer starts it, on free ports."""

import json
import os
import shlex
import signal
import subprocess
import sys
import time
import uuid
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property, partial
from pathlib import Path

import boto3
import httpx
import openai
import pytest
from botocore.config import Config

from local import permissions
from local.plan import plan
from tests.e2e.people import Cognito

ROOT = Path(__file__).resolve().parents[2]
_START_S = 120  # a cold native build included
_AUTHORIZER_TTL_S = 2


@dataclass(frozen=True)
class Gateway:
    base_url: str
    api_key: str
    admin_token: str
    mcp_url: str
    model: str
    embedding_model: str
    bedrock_url: str  # the stand-in's, for its control plane
    aws_url: str
    folder: Path

    @cached_property
    def facts(self):
        """What system.json says: ids and the region."""
        return json.loads((self.folder / "system.json").read_text())

    def aws(self, service, signature_version=None, **credentials):
        """boto3's client of the AWS stand-in, or of Bedrock's: whoever runs the account, unless told otherwise."""
        url = self.bedrock_url if service.startswith("bedrock") else self.aws_url
        credentials = credentials or {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        config = Config(
            retries={"total_max_attempts": 1}, proxies={}, read_timeout=20, signature_version=signature_version
        )
        region = self.facts["region"]
        return boto3.client(service, region_name=region, endpoint_url=url, config=config, **credentials)

    def group(self, *models, role_models=None, budgets=None, **guards):
        """A new group and its role, as Terraform makes them; its name. The role opens the same models, unless told.
        `budgets`: {budget_microusd, user_budget_microusd}, each if there is one."""
        name = f"group-{uuid.uuid4().hex[:8]}"
        iam, account = self.aws("iam"), self.aws("sts").get_caller_identity()["Account"]
        bucket = f"arn:aws:s3:::pennyworth-local-{account}"
        targets = plan().ids(tuple(models if role_models is None else role_models))
        allowed = permissions.group(targets, self.facts["region"], account, bucket, **guards)
        trusted = permissions.trusted_identity(self.facts["identity_pool_id"])
        role = iam.create_role(RoleName=f"pennyworth-local-{name}", AssumeRolePolicyDocument=json.dumps(trusted))[
            "Role"
        ]
        iam.put_role_policy(RoleName=role["RoleName"], PolicyName="access", PolicyDocument=json.dumps(allowed))
        policy = {"actions": ["inference", "mcp"], "models": models, **guards, **(budgets or {})}
        self.aws("cognito-idp").create_group(
            UserPoolId=self.facts["user_pool_id"],
            GroupName=name,
            Precedence=1,
            Description=json.dumps(policy),
            RoleArn=role["Arn"],
        )
        return name

    def member(self, group, **options):
        """The OpenAI SDK of a new person in a group."""
        user = self.user(f"{uuid.uuid4().hex[:8]}@example.com", group)
        return self.openai(self.key(user)["value"], **options)

    def openai(self, api_key=None, **options):
        """The unmodified OpenAI SDK, without its retries, so that every answer shows."""
        options = {"max_retries": 0, "timeout": 30, **options}
        return self.kept(openai.OpenAI(base_url=self.base_url, api_key=api_key or self.api_key, **options))

    def kept(self, client):
        """The client, to be closed after its module: the collector of garbage may come to its sockets before it."""
        _clients.append(client)
        return client

    def http(self, token=None):
        headers = {"authorization": f"Bearer {token or self.api_key}"}
        return httpx.Client(base_url=self.base_url, headers=headers, timeout=30, trust_env=False)

    def admin(self):
        return self.http(self.admin_token)

    def user(self, email, group="developers"):
        """A new person; their id."""
        with self.admin() as admin:
            body = {"email": email, "group": group, "temporary_password": "A-temporary-password-1"}
            return admin.post("/organization/users", json=body).raise_for_status().json()["id"]

    def key(self, user_id, **fields):
        """A new key of that person: {id, value, …}."""
        with self.admin() as admin:
            body = {"name": "test", **fields}
            return admin.post(f"/organization/users/{user_id}/api_keys", json=body).raise_for_status().json()


_clients = []


@pytest.fixture(autouse=True, scope="module")
def closed_clients():
    yield
    while _clients:
        _clients.pop().close()


@pytest.fixture(scope="session")
def gateway(tmp_path_factory):
    with started(tmp_path_factory.mktemp("local")) as system:
        yield system


@pytest.fixture(scope="module")
def cognito(gateway):
    return Cognito(gateway)


@contextmanager
def started(folder, root=ROOT, **variables):
    """A local system of the project at `root` in a folder of its own, told `variables` beside what every test tells."""
    environment = {
        **os.environ,
        "PORT": "0",
        "AWS_PORT": "0",
        "PENNYWORTH_LOCAL_DIR": str(folder),
        "PENNYWORTH_BUILD_DIR": str(root / ".local" / "build"),
        "AUTHORIZER_TTL_S": str(_AUTHORIZER_TTL_S),
        **variables,
    }
    log = folder / "output.txt"
    with log.open("wb") as output:
        command = [sys.executable, "-m", "local"]
        process = subprocess.Popen(command, cwd=root, env=environment, stdout=output, stderr=subprocess.STDOUT)
    try:
        yield _ready(folder, process, log)
    finally:
        process.send_signal(signal.SIGINT)
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            raise


@pytest.fixture
def another_gateway(tmp_path):
    """Start a system with settings of its own: `with another_gateway(OPENAI_UPSTREAM=url) as gateway`."""
    return partial(started, tmp_path)


def _ready(folder, process, log):
    deadline = time.monotonic() + _START_S
    while not (folder / "system.json").exists():
        if process.poll() is not None or time.monotonic() > deadline:
            pytest.fail(f"the local system did not start:\n{log.read_text()}")
        time.sleep(0.05)
    lines = (shlex.split(line) for line in (folder / "env").read_text().splitlines() if line)
    values = dict(pair.split("=", 1) for _, pair in lines)
    places = json.loads((folder / "system.json").read_text())
    return Gateway(
        base_url=values["OPENAI_BASE_URL"],
        api_key=values["OPENAI_API_KEY"],
        admin_token=values["PENNYWORTH_ADMIN_TOKEN"],
        mcp_url=values["PENNYWORTH_MCP_URL"],
        model=values["PENNYWORTH_MODEL"],
        embedding_model=values["PENNYWORTH_EMBEDDING_MODEL"],
        bedrock_url=places["bedrock_url"],
        aws_url=places["aws_url"],
        folder=folder,
    )


@pytest.fixture
def fault(gateway):
    """Make the Bedrock stand-in misbehave until the test ends: fault(error="ThrottlingException", times=1)."""
    with httpx.Client(base_url=gateway.bedrock_url, timeout=10, trust_env=False) as control:

        def add(**fields):
            control.post("/_stand_in/faults", json=fields).raise_for_status()

        yield add
        control.delete("/_stand_in/faults").raise_for_status()


@pytest.fixture
def calls(gateway):
    """What the Bedrock stand-in saw since the test began."""
    with httpx.Client(base_url=gateway.bedrock_url, timeout=10, trust_env=False) as control:
        control.delete("/_stand_in/calls").raise_for_status()
        yield lambda: control.get("/_stand_in/calls").raise_for_status().json()["calls"]
