"""`make mcp-digests`: what approves a server's tools, printed by the command people type."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from services.mcp.upstream.approval import digest
from tests.aws_stand_in import running as aws_running
from tests.mcp_upstreams import modern, scripted, tool

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture(scope="module")
def ssm():
    import boto3

    with aws_running() as url:
        client = boto3.client(
            "ssm", region_name="us-east-1", endpoint_url=url, aws_access_key_id="test", aws_secret_access_key="test"
        )
        yield client, url
        client.close()


def digests(url: str, server: str) -> subprocess.CompletedProcess[str]:
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("AWS_")},
        "PYTHONPATH": f"{ROOT}:{ROOT / 'shared'}",
        "POWERTOOLS_SERVICE_NAME": "mcp",
        "POWERTOOLS_LOG_LEVEL": "CRITICAL",
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
    }
    command = [sys.executable, "-m", "services.mcp.upstream", "--env", "dev", "--region", "us-east-1"]
    command += ["--server", server]
    return subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=60, check=False)


def test_the_digests_of_a_server_are_what_approves_its_tools(ssm):
    client, url = ssm
    same, other = tool("same"), tool("other", description="Says more than before.")
    with scripted(modern(same, other, tool("no spaces"), tool("new"))) as server:
        declared = {"type": "http", "url": server.url, "private": True, "auth": {"type": "header"}}
        declared["approved"] = {"same": digest(same), "other": "x" * 43}
        client.put_parameter(Name="/pennyworth/dev/mcp/docs/server", Value=json.dumps(declared), Type="String")
        client.put_parameter(Name="/pennyworth/dev/mcp/docs/secret", Value="s3cr3t", Type="SecureString")
        done = digests(url, "docs")
        assert {each.headers["authorization"] for each in server.seen} == {"Bearer s3cr3t"}
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == {"approved": {each["name"]: digest(each) for each in (same, other, tool("new"))}}
    for said in (
        "--- same (unchanged)",
        "--- other (CHANGED)",
        "--- new (new)",
        "Says more than before.",
        "1 more are",
    ):
        assert said in done.stderr
    assert "s3cr3t" not in done.stdout + done.stderr


def test_a_server_that_is_not_declared_is_said_so(ssm):
    _, url = ssm
    done = digests(url, "missing")
    assert (done.returncode, done.stdout) == (1, "")
    assert "The server 'missing' is not set up" in done.stderr
