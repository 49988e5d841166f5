"""`make smoke` against a local system: it passes where all is well, and says in words what is not."""

import json
import os
import re
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import boto3
import httpx
import jwt
import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 120
NAMES = ("BASE_URL", "KEY", "ADMIN_TOKEN", "ACCESS_TOKEN", "SHA", "MODEL", "SLOW")


def smoke(selected="", **given):
    """`make smoke`, told these variables and no others, in the environment the tests run in."""
    inherited = {
        name: value for name, value in os.environ.items() if name not in (*NAMES, "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }
    environment = inherited | {"PYTEST_ADDOPTS": f"-k '{selected}'"} | given
    command = ["make", "--silent", "--assume-old=.venv/ready", f"BIN={Path(sys.executable).parent}", "smoke"]
    return subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=LIMIT_S, check=False
    )


@pytest.fixture(scope="module")
def everything(gateway):
    """All that can be given, but SLOW."""
    claims = jwt.decode(gateway.admin_token, options={"verify_signature": False})
    signed_in = boto3.client(
        "cognito-idp",
        endpoint_url=gateway.aws_url,
        region_name="us-east-1",
        aws_access_key_id="test",
        aws_secret_access_key="test",
    ).admin_initiate_auth(
        UserPoolId=claims["iss"].rsplit("/", 1)[1],
        ClientId=claims["aud"],
        AuthFlow="ADMIN_USER_PASSWORD_AUTH",
        AuthParameters={"USERNAME": claims["email"], "PASSWORD": (gateway.folder / "admin-password").read_text()},
    )
    return {
        "BASE_URL": gateway.base_url,
        "KEY": gateway.api_key,
        "ADMIN_TOKEN": gateway.admin_token,
        "ACCESS_TOKEN": signed_in["AuthenticationResult"]["AccessToken"],
        "SHA": httpx.get(f"{gateway.base_url}/version", trust_env=False).json()["git_sha"],
        "AWS_ENDPOINT_URL_COGNITO_IDENTITY_PROVIDER": gateway.aws_url,
    }


def test_a_sound_system_passes_every_check(everything, fault):
    fault(operation="ConverseStream", token_delay_s=0.05)
    done = smoke(**everything)
    assert done.returncode == 0, done.stdout + done.stderr
    skipped = re.findall(r"^SKIPPED .*: (\w+=)", done.stdout, re.MULTILINE)
    assert skipped == ["SLOW="], done.stdout


def test_without_a_key_the_open_checks_run_and_the_rest_says_what_it_wants(gateway):
    done = smoke(BASE_URL=gateway.base_url + "/")
    assert done.returncode == 0, done.stdout + done.stderr
    for name in ("KEY", "ADMIN_TOKEN", "ACCESS_TOKEN", "SHA"):
        assert f": {name}= was not given: " in done.stdout
    assert re.search(r"^\d\d passed, \d\d skipped", done.stdout, re.MULTILINE)


def test_simulated_models_that_speak_without_pause_are_no_failure(everything):
    done = smoke("arrives_while", **everything)
    assert done.returncode == 0, done.stdout
    assert "the models of `make run` are simulated and speak without pause" in done.stdout


class Buffering(BaseHTTPRequestHandler):
    """A gateway of an environment `dev` that keeps a stream back until it is whole."""

    def do_GET(self):
        self._answer("application/json", json.dumps({"environment": "dev", "data": [{"id": "a-model"}]}))

    def do_POST(self):
        self.rfile.read(int(self.headers["content-length"]))
        self._answer("text/event-stream", 'data: {"choices": []}\n\n' * 50 + "data: [DONE]\n\n")

    def _answer(self, kind, body):
        self.send_response(200)
        self.send_header("content-type", kind)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass


@pytest.fixture
def buffering():
    with ThreadingHTTPServer(("127.0.0.1", 0), Buffering) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}/v1"
        server.shutdown()


def test_a_stream_in_one_piece_is_found(buffering):
    done = smoke("arrives_while", BASE_URL=buffering, KEY="sk-pw-any", MODEL="a-model")
    assert done.returncode == 2  # make's own
    assert re.search(r"51 events came in \d+ pieces within .* s: nothing was streamed", done.stdout), done.stdout


@pytest.mark.parametrize(
    ("wrong", "check", "said"),
    [
        ({"KEY": "sk-pw-" + "A" * 76}, "models_of_the_key", "it is not valid here"),
        ({"ADMIN_TOKEN": "a.b.c"}, "people_are_listed", "401"),
        ({"SHA": "0" * 40}, "deployed_commit", "0" * 40),
        ({"MODEL": "no-such-model"}, "answered_whole", "no-such-model' does not exist"),
    ],
    ids=lambda value: next(iter(value)) if isinstance(value, dict) else None,
)
def test_what_is_wrong_fails_and_is_named(everything, wrong, check, said):
    done = smoke(check, **everything | wrong)
    assert done.returncode == 2  # make's own
    assert said in done.stdout
    for secret in (everything["KEY"], everything["ADMIN_TOKEN"]):
        assert secret not in done.stdout + done.stderr


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({}, "BASE_URL is missing: make smoke BASE_URL=https://"),
        ({"BASE_URL": "gateway"}, "BASE_URL=gateway is no base URL"),
        ({"BASE_URL": "https://example.com:http/v1"}, "is no base URL"),
        ({"BASE_URL": "http://example.com/v1"}, "would send the key in the clear"),
        ({"BASE_URL": "http://127.0.0.1:9/v1"}, "http://127.0.0.1:9/v1 does not answer: "),
    ],
)
def test_a_base_url_that_leads_nowhere_is_one_line(given, said):
    done = smoke(**given)
    assert done.returncode == 2
    first, *others = done.stderr.strip().splitlines()
    assert said in first
    assert [line for line in others if line and not line.startswith("make: ")] == []
    assert not done.stdout
