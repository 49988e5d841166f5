import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import Any

import boto3
import httpx
import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.config import Config
from botocore.credentials import Credentials

ROOT = Path(__file__).resolve().parents[3]
CREDENTIALS = Credentials("AKIASIMULATED", "made-up-secret")
ONCE = Config(retries={"total_max_attempts": 1}, read_timeout=10, connect_timeout=5)


@contextmanager
def running(*options: str) -> Iterator[str]:
    """The real server process, ended when the block ends; gives its URL."""
    command = [sys.executable, "-m", "local.bedrock", "--port", "0", *options]
    process = subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
    try:
        assert process.stdout
        line = process.stdout.readline()
        assert line.startswith("listening on "), line
        yield line.split()[-1]
    finally:
        process.terminate()
        process.wait(10)
        process.stdout.close()


class StandIn:
    """A running stand-in: boto3's clients, its controls, and requests that boto3 would not send."""

    def __init__(self, url: str, credentials: Credentials = CREDENTIALS, region: str = "us-east-1") -> None:
        self.url, self.credentials, self.region = url, credentials, region
        self.http = httpx.Client(base_url=url, trust_env=False, timeout=10)

    @cached_property
    def runtime(self) -> Any:
        return self.client("bedrock-runtime")

    @cached_property
    def control(self) -> Any:
        return self.client("bedrock")

    def client(self, service: str, **settings: Any) -> Any:
        config = ONCE.merge(Config(**settings))
        secrets = self.credentials
        return boto3.client(
            service,
            region_name=self.region,
            endpoint_url=self.url,
            aws_access_key_id=secrets.access_key,
            aws_secret_access_key=secrets.secret_key,
            aws_session_token=secrets.token,
            config=config,
        )

    def close(self) -> None:
        self.http.close()
        for made in self.__dict__.keys() & {"runtime", "control"}:
            self.__dict__[made].close()

    def signed(self, path: str, body: Any, method: str = "POST", service: str = "bedrock") -> dict[str, str]:
        """The headers of a well signed request."""
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        request = AWSRequest(method, self.url + path, {"content-type": "application/json"}, content)
        SigV4Auth(self.credentials, service, self.region).add_auth(request)
        return dict(request.headers.items())

    def post(self, path: str, body: Any, headers: dict[str, str] | None = None) -> httpx.Response:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        return self.http.post(path, content=content, headers=headers or self.signed(path, body))

    def calls(self) -> list[dict[str, Any]]:
        return self.http.get("/_stand_in/calls").json()["calls"]

    def fault(self, **wish: Any) -> None:
        answer = self.http.post("/_stand_in/faults", json=wish)
        assert answer.status_code == 201, answer.text

    def script(self, **wish: Any) -> None:
        answer = self.http.post("/_stand_in/script", json=wish)
        assert answer.status_code == 201, answer.text

    def reset(self) -> None:
        for what in ("calls", "faults", "script"):
            assert self.http.delete(f"/_stand_in/{what}").status_code == 204


@pytest.fixture(scope="session")
def server() -> Iterator[StandIn]:
    with running() as url:
        stand_in = StandIn(url)
        yield stand_in
        stand_in.close()


@pytest.fixture
def bedrock(server: StandIn) -> StandIn:
    server.reset()
    return server


@pytest.fixture(scope="module")
def start() -> Callable[..., Any]:
    return running


@pytest.fixture(scope="module")
def stand_in() -> type[StandIn]:
    return StandIn
