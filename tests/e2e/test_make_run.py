"""`make run` as a newcomer and their shell meet it: what it says, what it leaves behind, how it ends."""

import json
import os
import signal
import socket
import stat
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.processes import alive, family

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120  # a cold native build included


def environment(folder: Path, **more: str) -> dict[str, str]:
    places = {"PENNYWORTH_LOCAL_DIR": str(folder), "PENNYWORTH_BUILD_DIR": str(ROOT / ".local" / "build")}
    return {**os.environ, "PORT": "0", "AWS_PORT": "0", **places, **more}


@contextmanager
def running(folder: Path, **more: str) -> Iterator[subprocess.Popen[str]]:
    """The system, started but perhaps not ready; killed if a test forgets it."""
    folder.mkdir(exist_ok=True)
    with (folder / "output").open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "local"],
            cwd=ROOT,
            env=environment(folder, **more),
            stdout=output,
            stderr=subprocess.STDOUT,
            text=True,
        )
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def until(
    condition: Callable[[], object], process: subprocess.Popen[str] | None = None, limit_s: float = LIMIT_S
) -> None:
    deadline = time.monotonic() + limit_s
    while not condition():
        assert process is None or process.poll() is None, "it ended too early"
        assert time.monotonic() < deadline, "it took too long"
        time.sleep(0.02)


def variables(folder: Path) -> dict[str, str]:
    """What a shell that sources the env file has."""
    script = f". {folder}/env && env"
    lines = subprocess.run(["/bin/sh", "-c", script], env={}, capture_output=True, text=True, check=True).stdout
    return dict(line.split("=", 1) for line in lines.splitlines())


def test_it_says_what_a_newcomer_needs_and_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        until((tmp_path / "system.json").exists, process)
        given, places = variables(tmp_path), json.loads((tmp_path / "system.json").read_text())
        assert stat.S_IMODE((tmp_path / "env").stat().st_mode) == 0o600
        assert given["OPENAI_BASE_URL"] == places["base_url"]
        assert given["PENNYWORTH_MCP_URL"] == f"{places['base_url']}/mcp"
        with httpx.Client(base_url=given["OPENAI_BASE_URL"], timeout=30, trust_env=False) as client:
            key, token = (
                {"authorization": f"Bearer {given[name]}"} for name in ("OPENAI_API_KEY", "PENNYWORTH_ADMIN_TOKEN")
            )
            names = {model["id"] for model in client.get("/models", headers=key).raise_for_status().json()["data"]}
            people = client.get("/organization/users", headers=token).raise_for_status().json()["data"]
            version = client.get("/version").raise_for_status().json()
        assert {given["PENNYWORTH_MODEL"], given["PENNYWORTH_EMBEDDING_MODEL"]} <= names
        assert {person["email"] for person in people} == {"admin@example.com", "developer@example.com"}
        assert version["environment"] == "local"
        said = (tmp_path / "output").read_text()
        for value in (given["OPENAI_BASE_URL"], given["OPENAI_API_KEY"], given["PENNYWORTH_ADMIN_TOKEN"], "curl "):
            assert value in said
        assert "GET /v1/version 200" in said
        assert said.startswith("Building ") or said.startswith("Pennyworth runs on ")  # not its own requests
        assert "GET /v1/version 200" in (tmp_path / "log").read_text()
        assert given["OPENAI_API_KEY"] not in (tmp_path / "log").read_text()
        descendants = family(process.pid)
        assert len(descendants) >= 5  # two stand-ins, three functions
        process.send_signal(signal.SIGINT)
        assert process.wait(20) == 0
        assert not alive(descendants)
        assert not (tmp_path / "system.json").exists()
        assert "Traceback" not in (tmp_path / "output").read_text()


def test_killed_outright_it_takes_its_processes_along(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        until((tmp_path / "system.json").exists, process)
        descendants = family(process.pid)
        process.kill()
        process.wait()
        until(lambda: not alive(descendants), limit_s=10)


def test_ended_while_it_starts_it_leaves_nothing(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        until(lambda: len(family(process.pid)) >= 3, process)  # the leash, the build, the AWS stand-in
        descendants = family(process.pid)
        process.terminate()
        assert process.wait(30) == 0
        assert not alive(descendants)
        assert "Traceback" not in (tmp_path / "output").read_text()


def test_people_and_keys_survive_a_restart_with_state(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        with running(tmp_path, STATE=str(tmp_path / "state")) as process:
            until((tmp_path / "system.json").exists, process)
            keys.append(variables(tmp_path)["OPENAI_API_KEY"])
            process.send_signal(signal.SIGINT)
            assert process.wait(20) == 0
    assert keys[0] == keys[1]
    assert "The API key is the one of the last run." in (tmp_path / "output").read_text()


@pytest.mark.parametrize("variable", ["PORT", "AWS_PORT"])
def test_a_taken_port_is_one_line_that_names_the_variable(tmp_path: Path, variable: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        ended = run(tmp_path, **{variable: str(port)})
    assert ended.returncode == 2
    assert ended.stderr.count("\n") == 1
    assert f"port {port} is in use" in ended.stderr
    assert f"{variable}=" in ended.stderr


@pytest.mark.parametrize(
    ("variables", "text"),
    [
        ({"PORT": "http"}, "PORT=http: it is a number"),
        ({"BEDROCK": "azure"}, "BEDROCK=azure"),
        ({"BEDROCK": "aws", "HOME": "/nowhere", "AWS_EC2_METADATA_DISABLED": "true"}, "no AWS credentials were found"),
    ],
)
def test_a_wrong_wish_is_one_line(tmp_path: Path, variables: dict[str, str], text: str) -> None:
    ended = run(tmp_path, **variables)
    assert ended.returncode == 2
    assert text in ended.stderr
    assert ended.stderr.count("\n") == 1
    assert not (tmp_path / "env").exists()


def test_two_runs_do_not_share_a_folder(tmp_path: Path) -> None:
    with running(tmp_path) as process:
        until((tmp_path / "log").exists, process)
        ended = run(tmp_path)
    assert ended.returncode == 2
    assert "PENNYWORTH_LOCAL_DIR" in ended.stderr


def run(folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "local"]
    given = {name: value for name, value in environment(folder, **more).items() if name not in ("AWS_PROFILE",)}
    return subprocess.run(command, cwd=ROOT, env=given, capture_output=True, text=True, timeout=60)
