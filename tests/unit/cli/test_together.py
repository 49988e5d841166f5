"""Programs that run at once, as a script's background jobs do: none undoes what another has kept."""

import json
import os
import subprocess
import sys
import threading
import time
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
from filelock import FileLock

from pennyworth_cli import private
from pennyworth_cli.failure import Failure
from pennyworth_cli.profiles import Profile, Profiles, entry
from pennyworth_cli.tokens import Tokens
from pennyworth_cli.vault import FileVault

ROOT = Path(__file__).parents[3]
_LIMIT_S = 60


class Rotating(BaseHTTPRequestHandler):
    """A gateway and its Cognito, where a refresh token is good for one use and an ID token for the last one given."""

    refreshes = 0

    def do_POST(self):
        asked = json.loads(self.rfile.read(int(self.headers["content-length"])))
        used = asked["AuthParameters"]["REFRESH_TOKEN"]
        good = used == f"refresh-{Rotating.refreshes}"
        Rotating.refreshes += 1
        time.sleep(0.5)  # long enough for the others to come upon tokens that have ended
        given = {"IdToken": "id", "AccessToken": "access", "RefreshToken": f"refresh-{Rotating.refreshes}"}
        if good:
            self.answer(200, {"AuthenticationResult": {**given, "ExpiresIn": 3600}})
        else:
            self.answer(400, {"__type": "NotAuthorizedException", "message": "Refresh Token has been revoked"})

    def do_GET(self):
        signed_in = self.headers["authorization"] == "Bearer id"
        self.answer(*((200, {"object": "list", "data": []}) if signed_in else (401, {"error": {"message": "no"}})))

    def answer(self, status, content):
        body = json.dumps(content).encode()
        self.send_response(status)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def address():
    with ThreadingHTTPServer(("127.0.0.1", 0), Rotating) as server:
        threading.Thread(target=server.serve_forever, args=(0.01,)).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_a_refresh_token_is_used_once_by_programs_that_run_at_once(tmp_path, address):
    ended = Tokens("old", "old", "refresh-0", 0, "client", address)
    profile, other = Profile("default", f"{address}/v1"), Profile("other", "https://other.example.com/v1")
    vault = FileVault(tmp_path / "tokens.json")
    vault.write(entry(profile), ended.dump())
    vault.write(entry(other), replace(ended, refresh_token="another gateway's").dump())
    Profiles(tmp_path / "config.json").keep(profile)
    environ = os.environ | {"PENNYWORTH_CONFIG_DIR": str(tmp_path), "PENNYWORTH_KEYRING": "off"}
    command = [sys.executable, "-m", "pennyworth_cli", "keys", "list", "--json"]
    many = {"cwd": ROOT / "cli", "env": environ, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    running = [subprocess.Popen(command, **many) for _ in range(3)]
    for each in running:
        out, said = each.communicate(timeout=_LIMIT_S)
        assert (each.returncode, out.strip()) == (0, "[]"), said
    assert Rotating.refreshes == 1
    assert Tokens.parse(vault.read(entry(profile))).refresh_token == "refresh-1"
    assert Tokens.parse(vault.read(entry(other))).refresh_token == "another gateway's"


def test_profiles_kept_at_once_are_all_there(tmp_path):
    """Each began from the file as it was before any of the others."""
    begun = [(Profiles(tmp_path / "config.json"), f"p{number}") for number in range(5)]
    for profiles, name in begun:
        profiles.keep(Profile(name, f"https://{name}.example.com/v1"))
    held = Profiles(tmp_path / "config.json")
    assert (held.names(), held.current) == (["p0", "p1", "p2", "p3", "p4"], "p0")


def test_who_waits_too_long_is_told_for_what(tmp_path, monkeypatch):
    monkeypatch.setattr(private, "_WAIT_S", 0.1)
    with FileLock(tmp_path / "lock"), pytest.raises(Failure, match=r"Another pennyworth holds .*lock"):
        FileVault(tmp_path / "tokens.json").write("one", "text")


def test_a_folder_that_cannot_be_is_named(tmp_path):
    (tmp_path / "settings").write_text("a file")
    with pytest.raises(Failure, match=r"settings cannot be written"):
        FileVault(tmp_path / "settings" / "tokens.json").remove("one")
