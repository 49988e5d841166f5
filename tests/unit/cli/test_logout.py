"""Signing out, and forgetting a profile: which tokens are left, here and at Cognito."""

import json
import time
from urllib.parse import urlsplit

import pytest
from keyring.errors import KeyringLocked
from typer.testing import CliRunner

from pennyworth_cli import profiles
from pennyworth_cli.app import app
from pennyworth_cli.failure import Failure
from pennyworth_cli.profiles import Profile, Profiles, entry
from pennyworth_cli.tokens import Tokens
from pennyworth_cli.vault import FileVault, KeyringVault


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


def test_a_profile_that_is_not_there_is_named_with_those_that_are(signed_in):
    """Mistyped, or the one that counted was removed."""
    held = Profiles(profiles.folder() / "config.json")
    held.keep(Profile("work", "https://work.example.com/v1"))
    assert "There is no profile 'wrok'. There is: default, work" in run("whoami", "--profile", "wrok").stderr
    run("profiles", "remove", "default")
    done = run("whoami")
    assert (done.exit_code, done.stdout) == (2, "")
    assert "There is no profile 'default'. There is: work; `pennyworth profiles use`" in done.stderr


def test_the_end_of_the_tokens_is_not_told_as_the_end_of_the_sign_in(server, signed_in):
    """They end within the hour, and are renewed."""
    server.answers = [(200, {}, {"status": "ok", "version": "1", "git_sha": "a", "environment": "dev"})]
    shown = run("status").stdout
    assert "signed in until" not in shown
    assert "are renewed" in shown
    assert json.loads(run("status", "--json").stdout)["signed_in_until"] > time.time()


@pytest.mark.parametrize("fault", ["NotAuthorizedException", "UserNotFoundException", "ResourceNotFoundException"])
def test_a_sign_in_that_has_ended_is_forgotten(server, signed_in, fault):
    server.answers = [(400, {}, {"__type": fault, "message": "Invalid Refresh Token"})]
    assert run("logout").exit_code == 0
    assert vault().read(entry(signed_in)) == ""


class Keyring:
    """It can be asked for a name alone, as the system's: not for what it holds."""

    def __init__(self):
        self.entries, self.refuses = {}, False

    def get_password(self, service, name):
        if self.refuses:
            raise KeyringLocked("it is locked")
        return self.entries.get(name)

    def set_password(self, service, name, text):
        self.entries[name] = text

    def delete_password(self, service, name):
        del self.entries[name]


@pytest.mark.parametrize("kind", ["file", "keyring"])
def test_a_profile_is_forgotten_with_the_tokens_of_all_its_addresses(tmp_path, kind):
    """A second sign-in replaces the address; the first one's tokens would go on for whoever names it."""
    keyring = Keyring()
    vault = FileVault(tmp_path / "tokens.json") if kind == "file" else KeyringVault(keyring, tmp_path)
    addresses = ["https://a.example.com/v1", "https://b.example.com/v1"]
    for name in ("work", "work home"):
        for address in [*addresses, addresses[0]]:
            profile = Profile(name, address, "ada@example.com")
            Profiles(tmp_path / "config.json").keep(profile)
            vault.write(entry(profile), f"tokens of {address}")
    Profiles(tmp_path / "config.json").forget("work", vault)
    assert [vault.read(entry(Profile("work", each))) for each in addresses] == ["", ""]
    assert [vault.read(entry(Profile("work home", each))) for each in addresses] == [
        f"tokens of {each}" for each in addresses
    ]
    assert Profiles(tmp_path / "config.json").names() == ["work home"]
    Profiles(tmp_path / "config.json").forget("work home", vault)
    left = keyring.entries if kind == "keyring" else json.loads((tmp_path / "tokens.json").read_text())
    assert left == {}


def test_a_profile_whose_tokens_cannot_be_forgotten_stays(tmp_path):
    keyring = Keyring()
    keyring.refuses = True
    held = Profiles(tmp_path / "config.json")
    held.keep(Profile("work", "https://a.example.com/v1"))
    with pytest.raises(Failure, match="Unlock it"):
        held.forget("work", KeyringVault(keyring, tmp_path))
    assert Profiles(tmp_path / "config.json").names() == ["work"]


def test_a_profile_of_before_its_addresses_were_kept_is_forgotten_too(signed_in):
    path = profiles.folder() / "config.json"
    row = {"endpoint": signed_in.endpoint, "email": signed_in.email}
    path.write_text(json.dumps({"profile": "default", "profiles": {"default": row}}))
    assert run("profiles", "remove", "default").exit_code == 0
    assert vault().read(entry(signed_in)) == ""
    assert Profiles(path).names() == []
