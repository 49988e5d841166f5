"""The streaming runtime against AWS's own runtime interface emulator, the nearest thing to Lambda outside AWS.

The emulator comes inside the `aws-sam-cli` wheel (`samcli/local/rapid`), or is found as `aws-lambda-rie` on the PATH.
It joins what is streamed to it and drops trailers; what it proves is that AWS's code takes the protocol.
"""

import http.client
import importlib.util
import json
import os
import platform
import shutil
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATIENCE_S = 20

HANDLER = """
def chunks(event):
    for word in event["words"]:
        yield word
    if event.get("then_fails"):
        raise ValueError("the prompt")

def handler(event, context):
    if event.get("fails"):
        raise ValueError("the prompt")
    body = chunks(event) if "words" in event else event["text"]
    return {"statusCode": 201, "headers": {"x": context.aws_request_id}, "cookies": ["a=b"], "body": body}
"""


def emulator() -> str | None:
    if on_path := shutil.which("aws-lambda-rie"):
        return on_path
    package = importlib.util.find_spec("samcli")
    if package is None or package.origin is None:
        return None
    architecture = "arm64" if platform.machine() in ("arm64", "aarch64") else "x86_64"
    found = Path(package.origin).parent / "local" / "rapid" / f"aws-lambda-rie-{architecture}"
    return str(found) if found.exists() else None


EMULATOR = emulator()
pytestmark = pytest.mark.skipif(
    EMULATOR is None or sys.platform != "linux",
    reason="AWS's runtime interface emulator is not here: `pip install aws-sam-cli`, or put aws-lambda-rie on the PATH",
)

Invoke = Callable[[object], bytes]


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port: int = server.getsockname()[1]
        return port


def post(port: int, event: object) -> bytes:
    """Invoke the function; waits for the emulator to listen."""
    deadline = time.monotonic() + PATIENCE_S
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE_S)
        try:
            connection.request("POST", "/2015-03-31/functions/function/invocations", json.dumps(event))
            return connection.getresponse().read()
        except ConnectionRefusedError:
            if time.monotonic() > deadline:
                raise
        finally:
            connection.close()


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[[str], Invoke]]:
    started = []

    def function(source: str) -> Invoke:
        assert EMULATOR is not None
        binary = shutil.copy(EMULATOR, tmp_path / "aws-lambda-rie")  # a wheel keeps no executable bit
        binary.chmod(binary.stat().st_mode | stat.S_IXUSR)
        (tmp_path / "opt" / "python").mkdir(parents=True)
        (tmp_path / "opt" / "python" / "pennyworth").symlink_to(ROOT / "shared" / "pennyworth")
        shutil.copy(ROOT / "shared" / "stream", tmp_path / "opt" / "stream")
        (tmp_path / "task").mkdir()
        (tmp_path / "task" / "app.py").write_text(source)
        port, api = free_port(), f"127.0.0.1:{free_port()}"
        command = [binary, "--runtime-interface-emulator-address", f"127.0.0.1:{port}", "--runtime-api-address", api]
        command += [tmp_path / "opt" / "stream", sys.executable, "-m", "awslambdaric", "app.handler"]
        process = subprocess.Popen(
            command,
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], "LAMBDA_TASK_ROOT": str(tmp_path / "task")},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        started.append(process)
        return lambda event: post(port, event)

    yield function
    for process in started:
        process.kill()
        process.wait(PATIENCE_S)


def test_awss_emulator_takes_streamed_and_whole_answers_and_errors_one_after_the_other(start):
    invoke = start(HANDLER)
    for _ in range(3):
        prelude, body = invoke({"words": ["one ", "zwölf"]}).split(bytes(8))
        assert json.loads(prelude).keys() == {"statusCode", "headers", "cookies"}
        assert body == "one zwölf".encode()
        assert invoke({"text": "whole"}).split(bytes(8))[1] == b"whole"
        assert invoke({"words": []}).split(bytes(8))[1] == b""
        error = json.loads(invoke({"fails": True}))
        assert error["errorType"] == "ValueError"
        assert "the prompt" not in json.dumps(error)
        assert invoke({"words": ["first"], "then_fails": True}).split(bytes(8))[1] == b"first"


def test_awss_emulator_hands_over_events_of_any_size(start):
    invoke = start(HANDLER)
    for size in (1, 2_000, 3_000, 100_000, 3_000_000):
        assert invoke({"text": "x" * size}).split(bytes(8))[1] == b"x" * size


def test_awss_emulator_is_told_why_a_function_cannot_start(start):
    error = json.loads(start("import no_such_module")({}))
    assert error["errorType"] == "Runtime.ImportModuleError"
    assert "no_such_module" in error["errorMessage"]
