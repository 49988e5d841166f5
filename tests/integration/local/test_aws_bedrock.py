"""The forwarder to real Bedrock, with the Bedrock stand-in, which checks signatures, in the place of the real one."""

import json
import os
import select
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import boto3
import pytest
import requests
from botocore.config import Config

ROOT = Path(__file__).parents[3]
MODEL = "us.anthropic.claude-haiku-4-5-20251001-v1:0"
ASK: dict[str, Any] = {"modelId": MODEL, "messages": [{"role": "user", "content": [{"text": "Hello there"}]}]}


@contextmanager
def running(module: str, *options: str, **environ: str) -> Iterator[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    command = [sys.executable, "-m", module, "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, env=clean | environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], 20)[0], f"{module} did not start"
        yield process.stdout.readline().removeprefix("listening on ").strip()
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class Places(NamedTuple):
    forwarder: str
    bedrock: str
    stand_in_key: dict[str, str]  # what a function signs with
    developer_key: dict[str, str]  # what Bedrock is to see


def new_key(aws_url: str, name: str) -> dict[str, str]:
    iam = boto3.client("iam", "us-east-1", endpoint_url=aws_url, aws_access_key_id="x", aws_secret_access_key="x")
    iam.create_user(UserName=name)
    allowed = {"Version": "2012-10-17", "Statement": {"Effect": "Allow", "Action": "bedrock:*", "Resource": "*"}}
    iam.put_user_policy(UserName=name, PolicyName="bedrock", PolicyDocument=json.dumps(allowed))
    key = iam.create_access_key(UserName=name)["AccessKey"]
    return {"aws_access_key_id": key["AccessKeyId"], "aws_secret_access_key": key["SecretAccessKey"]}


@pytest.fixture(scope="module")
def places() -> Iterator[Places]:
    with ExitStack() as started:
        stand_in, real = (started.enter_context(running("local.aws")) for _ in range(2))
        stand_in_key, developer_key = new_key(stand_in, "function"), new_key(real, "developer")
        bedrock = started.enter_context(running("local.bedrock", "--aws-url", real))
        configured = {name.upper(): value for name, value in developer_key.items()}
        configured |= {"AWS_ENDPOINT_URL_BEDROCK": bedrock, "AWS_ENDPOINT_URL_BEDROCK_RUNTIME": bedrock}
        options = ("--aws-url", stand_in, "--region", "us-east-1")
        forwarder = started.enter_context(running("local.aws_bedrock", *options, **configured))
        yield Places(forwarder, bedrock, stand_in_key, developer_key)


def client(places: Places, service: str = "bedrock-runtime", key: dict[str, str] | None = None) -> Any:
    config = Config(retries={"total_max_attempts": 1})
    return boto3.client(
        service, "us-east-1", endpoint_url=places.forwarder, config=config, **(key or places.stand_in_key)
    )


def test_a_call_reaches_bedrock_as_the_developer(places: Places) -> None:
    answer = client(places).converse(**ASK)
    assert answer["output"]["message"]["content"][0]["text"]
    call = requests.get(f"{places.bedrock}/_stand_in/calls", timeout=5).json()["calls"][-1]
    assert call["access_key_id"] == places.developer_key["aws_access_key_id"]
    assert call["principal_arn"].endswith("user/developer")


def test_a_stream_passes_through(places: Places) -> None:
    events = list(client(places).converse_stream(**ASK)["stream"])
    assert "messageStart" in events[0]
    assert "metadata" in events[-1]


def test_the_control_plane_is_reached_too(places: Places) -> None:
    assert client(places, "bedrock").list_foundation_models()["modelSummaries"]


def test_bedrocks_refusal_comes_back_as_it_is(places: Places) -> None:
    runtime = client(places)
    with pytest.raises(runtime.exceptions.ValidationException):
        runtime.converse(modelId="no.such-model", messages=ASK["messages"])


def test_who_is_not_known_to_the_stand_in_gets_nowhere(places: Places) -> None:
    forged = places.stand_in_key | {"aws_secret_access_key": "wrong"}
    for key, code in ((places.developer_key, "UnrecognizedClientException"), (forged, "InvalidSignatureException")):
        with pytest.raises(Exception, match=code):
            client(places, key=key).converse(**ASK)


def test_without_credentials_it_says_so_in_one_line(tmp_path: Path) -> None:
    environ = {"PATH": os.environ["PATH"], "HOME": str(tmp_path), "AWS_EC2_METADATA_DISABLED": "true"}
    command = [sys.executable, "-m", "local.aws_bedrock", "--aws-url", "http://127.0.0.1:9", "--region", "us-east-1"]
    ended = subprocess.run(command, cwd=ROOT, env=environ, capture_output=True, text=True, timeout=30)
    assert ended.returncode == 1
    assert ended.stderr.startswith("no AWS credentials were found.")
    assert ended.stderr.count("\n") == 1
