"""Signing out, and forgetting a profile: which tokens are left, here and at Cognito."""

import json
import time
from urllib.parse import urlsplit

import pytest
from typer.testing import CliRunner

from pennyworth_cli import profiles
from pennyworth_cli.app import app
from pennyworth_cli.profiles import Profile, Profiles, entry
from pennyworth_cli.tokens import Tokens
from pennyworth_cli.vault import FileVault


def run(*arguments):
    return CliRunner().invoke(app, list(arguments), env={"PENNYWORTH_KEYRING": "off"})


def vault():
    return FileVault(profiles.folder() / "tokens.json")


@pytest.fixture
def signed_in(server):
    """A profile with tokens; the gateway's thread is its Cognito, too."""
    profile = Profile("default", server.url, "ada@example.com")
    Profiles(profiles.folder() / "config.json").keep(profile)
    place = urlsplit(server.url)
    tokens = Tokens("i", "a", "refresh-1", int(time.time()) + 3600, "client", f"{place.scheme}://{place.netloc}/")
    vault().write(entry(profile), tokens.dump())
    return profile


def test_the_sign_in_is_ended_at_cognito_and_forgotten_here(server, signed_in):
    server.answers = [(200, {}, {})]
    done = run("logout", "--json")
    assert (done.exit_code, json.loads(done.stdout)) == (0, {"signed_out": True, "endpoint": server.url})
    assert json.loads(server.seen[0][3]) == {"ClientId": "client", "Token": "refresh-1"}
    assert vault().read(entry(signed_in)) == ""
    assert "Nobody was signed in" in run("logout").stderr


@pytest.mark.parametrize(
    ("answer", "code"),
    [
        ((500, {}, {"__type": "InternalErrorException", "message": "x"}), 1),
        ((400, {}, {"__type": "TooManyRequestsException", "message": "x"}), 7),
        ((200, {}, b"<html>"), 1),
        (None, 6),
    ],
)
def test_a_sign_in_that_could_not_be_ended_keeps_its_tokens_and_says_so(server, signed_in, answer, code):
    """Without the refresh token nobody could end it, for as long as it lives."""
    server.answers = [answer]
    if answer is None:
        gone = Tokens("i", "a", "refresh-1", int(time.time()) + 3600, "client", "http://127.0.0.1:1/")
        vault().write(entry(signed_in), gone.dump())
    done = run("logout")
    assert (done.exit_code, done.stdout) == (code, "")
    assert "tokens are still here" in done.stderr
    assert "refresh-1" not in done.stderr
    assert Tokens.parse(vault().read(entry(signed_in))).refresh_token == "refresh-1"
    server.answers = [(200, {}, {})]
    if answer:
        assert run("logout").exit_code == 0
        assert vault().read(entry(signed_in)) == ""


@pytest.mark.parametrize("fault", ["NotAuthorizedException", "UserNotFoundException", "ResourceNotFoundException"])
def test_a_sign_in_that_has_ended_is_forgotten(server, signed_in, fault):
    server.answers = [(400, {}, {"__type": fault, "message": "Invalid Refresh Token"})]
    assert run("logout").exit_code == 0
    assert vault().read(entry(signed_in)) == ""
