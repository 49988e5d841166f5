"""A gateway in a thread, that answers what a test says."""

import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

CLI = Path(__file__).parents[3] / "cli"
_LIMIT_S = 60


class Scripted:
    """`answers`: (status, headers, body) for each request in turn, or a function of what was asked that says so; the
    last one for all that follow; `seen`: what was asked, as (method, path, headers, body)."""

    def __init__(self):
        self.answers, self.seen = [], []
        scripted = self

        class Handler(BaseHTTPRequestHandler):
            def handle_one(self):
                body = self.rfile.read(int(self.headers.get("content-length") or 0))
                scripted.seen.append((self.command, self.path, dict(self.headers), body))
                answers = scripted.answers
                answer = answers.pop(0) if len(answers) > 1 else answers[0]
                status, headers, told = answer(scripted.seen[-1]) if callable(answer) else answer
                content = told if isinstance(told, bytes) else json.dumps(told).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                if "content-length" not in headers:
                    self.send_header("content-length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            do_GET = do_POST = do_DELETE = handle_one  # noqa: N815 -- http.server's names

            def log_message(self, *_):
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self._server.server_port}/v1"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self):
        self._server.shutdown()
        self._server.server_close()


@pytest.fixture
def server():
    scripted = Scripted()
    yield scripted
    scripted.close()


@pytest.fixture(autouse=True)
def nothing_from_outside(monkeypatch, tmp_path):
    for name in ("ENDPOINT", "PROFILE", "API_KEY", "TOKEN", "MODEL", "KEYRING"):
        monkeypatch.delenv(f"PENNYWORTH_{name}", raising=False)
    monkeypatch.setenv("PENNYWORTH_CONFIG_DIR", str(tmp_path / "settings"))


@pytest.fixture
def process(server):
    """Run the program itself, signed in at the scripted gateway: process("users", "list", TZ="Asia/Tokyo"); its output
    as text."""

    def run(*arguments, **variables):
        environ = os.environ | {"PENNYWORTH_ENDPOINT": server.url, "PENNYWORTH_TOKEN": "t", "PENNYWORTH_API_KEY": "k"}
        return subprocess.run(
            [sys.executable, "-m", "pennyworth_cli", *arguments],
            cwd=CLI,
            env=environ | {"PYTHONIOENCODING": "utf-8"} | variables,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            encoding="utf-8",
            timeout=_LIMIT_S,
            check=False,
        )

    return run
