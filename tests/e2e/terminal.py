"""The command line as people run it: in a terminal of its own, or from a script."""

import json
import os
import subprocess
import sys
import threading
import uuid
import warnings
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import httpx
import pexpect

CLI = Path(__file__).resolve().parents[2] / "cli"
PASSWORD = "An-own-password-2"
_LIMIT_S = 30
_CARRIED_OVER = ("PATH", "LANG", "LC_ALL", "SYSTEMROOT")


class Machine:
    """Somebody's computer: a home, and nothing of ours in the environment but what a test says."""

    def __init__(self, home, endpoint):
        self.home, self.endpoint = home, endpoint
        self.settings = home / "settings"
        self.environment = {name: os.environ[name] for name in _CARRIED_OVER if name in os.environ} | {
            "HOME": str(home),
            "PYTHONPATH": str(CLI),
            "PENNYWORTH_CONFIG_DIR": str(self.settings),
            "PENNYWORTH_ENDPOINT": endpoint,
            "PENNYWORTH_KEYRING": "off",
            "PYTHON_KEYRING_BACKEND": "keyring.backends.null.Keyring",
            "TERM": "xterm-256color",
            "COLUMNS": "200",
        }

    def run(self, *arguments, stdin="", **variables):
        """As a script runs it: the finished process, whatever its exit code."""
        return subprocess.run(
            [sys.executable, "-m", "pennyworth_cli", *arguments],
            input=stdin,
            capture_output=True,
            text=True,
            timeout=60,
            cwd=self.home,
            env=self.environment | variables,
            check=False,
        )

    def out(self, *arguments, **options):
        """What a command that worked wrote to stdout."""
        done = self.run(*arguments, **options)
        assert done.returncode == 0, done.stderr
        return done.stdout

    @contextmanager
    def terminal(self, *arguments, **variables):
        """As a person runs it: a pexpect process in a terminal 200 columns wide."""
        with warnings.catch_warnings():
            # pexpect forks before it executes, and pytest-xdist has a thread: the child does nothing in between.
            warnings.simplefilter("ignore", DeprecationWarning)
            process = pexpect.spawn(
                sys.executable,
                ["-m", "pennyworth_cli", *arguments],
                timeout=_LIMIT_S,
                cwd=str(self.home),
                env=self.environment | variables,
                encoding="utf-8",
                dimensions=(50, 200),
            )
        try:
            yield process
        finally:
            process.close(force=True)


def ended(process):
    """All that is still said until the end, and the exit code."""
    process.expect(pexpect.EOF)
    said = process.before
    process.close()
    return said, process.exitstatus


def address():
    return f"{uuid.uuid4().hex[:8]}@cli.example.com"


def person(gateway, cognito, group="developers"):
    """Somebody with a password of their own; (address, id)."""
    email = address()
    user = gateway.user(email, group)
    cognito.idp.admin_set_user_password(**cognito.pool, Username=user, Password=PASSWORD, Permanent=True)
    return email, user


def signed_in(machine, email):
    machine.out("login", "--email", email, stdin=f"{PASSWORD}\n")
    return machine


def tokens_of(machine):
    """The one sign-in that is kept there, and how to change it."""
    path = machine.settings / "tokens.json"
    held = json.loads(path.read_text())
    [entry] = held
    tokens = json.loads(held[entry])

    def change(**fields):
        path.write_text(json.dumps({entry: json.dumps(tokens | fields)}))

    return tokens, change


@contextmanager
def recording(gateway):
    """Another door to the gateway that sends people to sign in through itself: (its base URL, the bodies it saw)."""
    seen = []

    class Door(BaseHTTPRequestHandler):
        def do_GET(self):
            told = httpx.get(gateway.base_url + self.path.removeprefix("/v1"), timeout=30, trust_env=False).json()
            self.answer(200, json.dumps(told | {"cognito_url": own}).encode())

        def do_POST(self):
            body = self.rfile.read(int(self.headers["content-length"]))
            seen.append(body)
            kept = {name: self.headers[name] for name in ("x-amz-target", "content-type")}
            answer = httpx.post(gateway.aws_url, content=body, headers=kept, timeout=30, trust_env=False)
            self.answer(answer.status_code, answer.content)

        def answer(self, status, body):
            self.send_response(status)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    own = f"http://127.0.0.1:{server.server_port}"
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"{own}/v1", seen
    finally:
        server.shutdown()
        server.server_close()
