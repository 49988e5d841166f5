"""The AWS stand-in as its own process, asked by unmodified boto3."""

import os
import select
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config

ROOT = Path(__file__).parents[1]
START_LIMIT_S = 20


@contextmanager
def running(*options: str) -> Iterator[str]:
    """The stand-in's URL. It is asked to end, and must."""
    command = [sys.executable, "-m", "local.aws", "--port", "0", *options]
    environ = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    process = subprocess.Popen(command, cwd=ROOT, env=environ, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        assert select.select([process.stdout], [], [], START_LIMIT_S)[0], "it did not start"
        yield process.stdout.readline().removeprefix("listening on ").strip()
        process.terminate()
        assert process.wait(10) == 0
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def shell(url: str) -> dict[str, str]:
    """The variables of a shell that is signed in to the stand-in, and has nothing else for AWS or Terraform to read."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("AWS_", "TF_VAR_"))}
    return {**kept, "AWS_ENDPOINT_URL": url, "AWS_ACCESS_KEY_ID": "test", "AWS_SECRET_ACCESS_KEY": "test"}


def connect(url: str) -> Callable[..., Any]:
    session = boto3.Session("test", "test", region_name="us-east-1")

    def client(service: str, **options: Any) -> Any:
        config = Config(retries={"total_max_attempts": 1}, **options)
        return session.client(service, endpoint_url=url, config=config)

    return client
